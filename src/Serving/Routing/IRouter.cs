using Orrery.Kernel.Time;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Routing;

/// <summary>
/// Chooses the replicas of each request. Pure: what it may know comes through the view, which may be late, and through what it is told of
/// its own requests.
/// </summary>
public interface IRouter
{
    /// <summary>Index of the chosen replica, within [0, <see cref="IFleetView.Count"/>).</summary>
    int Choose(Sequence sequence, IFleetView fleet);

    /// <summary>True where arrivals may go to replicas of every role, so that <see cref="Place"/> sees all of them; else it sees those that take arrivals.</summary>
    bool SeesAllRoles => false;

    /// <summary>The whole way of an arriving request; by default one replica, whose role says what follows.</summary>
    Route Place(Sequence sequence, IFleetView fleet) => new(Choose(sequence, fleet));

    /// <summary>The replica that decodes a request whose prompt is done, where that was left open; by default the one with the fewest live requests.</summary>
    /// <param name="sequence">Has its first token.</param>
    /// <param name="decoders">Replicas that may decode it; an index among them is the answer.</param>
    int ChooseDecode(Sequence sequence, IFleetView decoders) => Loads.Least(decoders, LoadMeasure.Requests);

    /// <summary>A request has its first token, at the end of a step.</summary>
    void Prefilled(Sequence sequence)
    {
    }

    /// <summary>A request that this router placed has left, whatever its outcome.</summary>
    void Left(Sequence sequence)
    {
    }
}

/// <summary>Which replicas a request goes through.</summary>
/// <param name="Replica">Index of the replica that reads the prompt.</param>
/// <param name="Decode">Index of the replica that decodes, or one of the constants. The same index as <paramref name="Replica"/>: no hand-over.</param>
public readonly record struct Route(int Replica, int Decode = Route.ByRole)
{
    /// <summary>A prefill replica hands over, to a replica chosen when the prompt is done; a mixed one decodes itself.</summary>
    public const int ByRole = -1;

    /// <summary>Hands over whatever the role, to a replica chosen when the prompt is done.</summary>
    public const int Later = -2;
}

/// <summary>What a router sees of the replicas that it may choose from. Indices hold for one decision; <see cref="IdOf"/> is for longer memories.</summary>
public interface IFleetView
{
    /// <summary>The instant of the decision; what the view says may be older.</summary>
    Instant Now { get; }

    int Count { get; }

    /// <summary>Requests handed to the replica that have not left.</summary>
    int LiveRequests(int replica);

    /// <summary>Prompt and output tokens of those requests so far.</summary>
    long LiveTokens(int replica);

    /// <summary>Share of the replica's KV blocks in use, 0 to 1.</summary>
    double KvUse(int replica);

    /// <summary>Leading prompt tokens that the replica's prefix cache could supply now.</summary>
    int CachedTokens(int replica, Sequence sequence);

    /// <summary>The replica's own number, the same as long as it exists.</summary>
    int IdOf(int replica) => replica;

    /// <summary>What it is there for.</summary>
    ReplicaRole RoleOf(int replica) => ReplicaRole.Mixed;

    /// <summary>What it reported last.</summary>
    ReplicaReport Report(int replica) => new(Now) { LiveRequests = LiveRequests(replica), LiveTokens = LiveTokens(replica) };
}
