using Orrery.Kernel.Time;

namespace Orrery.Serving.Chains;

/// <summary>Chooses the hosts of a request: all of them when it is admitted, or one after the other as its prompt advances. Tokens after the
/// first follow the path, as the KV lies there.</summary>
public interface IChainRouter
{
    /// <summary>Admits a waiting request, or not now: it is asked again whenever a request leaves. The router may put the whole path, or its
    /// beginning, into <paramref name="path"/>; with an empty path the first host is asked for by <see cref="Next"/>.</summary>
    bool Admit(ChainRequest request, IChainView view, List<int> path);

    /// <summary>The next host of a prompt; asked only where the path is not chosen yet.</summary>
    /// <param name="host">Where it is; -1: at the coordinator.</param>
    /// <param name="layer">The first layer that is still to run; the answer must hold it.</param>
    int Next(ChainRequest request, int host, int layer, IChainView view);

    /// <summary>A pass over one host is done.</summary>
    /// <param name="from">Whence the request came; -1: the coordinator.</param>
    /// <param name="host">The host that ran it.</param>
    /// <param name="taken">From its departure there until the host was done.</param>
    void StageDone(ChainRequest request, int from, int host, Duration taken)
    {
    }

    /// <summary>A token after the first starts its way over the path.</summary>
    void PassStarts(ChainRequest request)
    {
    }

    /// <summary>A request has given its KV back: it is finished, refused, or begins again.</summary>
    void Left(ChainRequest request)
    {
    }
}

/// <summary>What a router sees of the hosts.</summary>
public interface IChainView
{
    Instant Now { get; }

    IReadOnlyList<HostSpec> Hosts { get; }

    /// <summary>Stages that wait at a host or run there.</summary>
    int Queued(int host);

    /// <summary>KV entries in use at a host.</summary>
    long KvUsed(int host);
}

/// <summary>Told of what happens to requests.</summary>
public interface IChainObserver
{
    /// <summary>A token came.</summary>
    /// <param name="taken">For the first token (of a request that never lost its KV) since arrival, else since the token before.</param>
    void Token(ChainRequest request, Duration taken);

    /// <summary>All tokens are there.</summary>
    void Finished(ChainRequest request);

    /// <summary>It can never fit on a host of its path.</summary>
    void Refused(ChainRequest request);
}
