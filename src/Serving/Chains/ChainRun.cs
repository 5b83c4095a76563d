using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Chains;

/// <summary>
/// Serves a model whose layers lie on several hosts: a coordinator sends each prompt through hosts that together hold every layer, and each
/// further token over the same path. Hosts batch what waits for them; links between them are shared; KV never exceeds a host's room.
/// </summary>
/// <remarks>
/// A prompt whose KV does not fit waits in the host's queue and blocks later prompts, not tokens. A token without room makes the youngest
/// request there begin again (its KV is computed anew). A request that does not even fit alone is refused. Every hop leads to a later layer, so the
/// requests on the last host always advance and nothing waits for ever. Tokens of one batch for the same next host travel in one message, prompts
/// each in its own.
/// </remarks>
public sealed partial class ChainRun : IChainView
{
    private readonly Clock _clock;
    private readonly ChainModel _model;
    private readonly IChainRouter _router;
    private readonly IChainObserver _observer;
    private readonly ChainNetwork _network;
    private readonly ChainHost[] _hosts;
    private readonly List<ChainRequest> _waiting = [];
    private readonly List<int> _chosen = [];
    private bool _admissible;

    /// <param name="clock">Whose time counts.</param>
    /// <param name="model">What is served.</param>
    /// <param name="hosts">The machines, by index.</param>
    /// <param name="links">The connection from one end to another; hosts by index, the coordinator is -1.</param>
    /// <param name="port">What each end sends, and receives, at most over all its connections; null: no limit.</param>
    /// <param name="router">Chooses the hosts of each request.</param>
    /// <param name="observer">Told of tokens and ends.</param>
    public ChainRun(Clock clock, ChainModel model, IReadOnlyList<HostSpec> hosts, Func<int, int, ChainLink> links, BytesPerSecond? port,
        IChainRouter router, IChainObserver observer)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(hosts);
        _clock = clock;
        _model = model;
        _router = router;
        _observer = observer;
        Hosts = hosts;
        _network = new ChainNetwork(clock, hosts.Count, links, port);
        _hosts = [.. hosts.Select((spec, index) => new ChainHost(clock, this, index, spec))];
    }

    public Instant Now => _clock.Now;

    public IReadOnlyList<HostSpec> Hosts { get; }

    /// <summary>Requests that no router admitted yet.</summary>
    public int Waiting => _waiting.Count;

    /// <summary>Requests admitted and not left.</summary>
    public int InFlight { get; private set; }

    /// <summary>Times that a request lost its KV.</summary>
    public long Restarts { get; private set; }

    public int Queued(int host) => _hosts[host].Queued;

    public long KvUsed(int host) => _hosts[host].KvUsed;

    /// <summary>How long a host has computed.</summary>
    public Duration Busy(int host) => _hosts[host].Busy;

    /// <summary>Batches that a host began.</summary>
    public long Batches(int host) => _hosts[host].Batches;

    /// <summary>Tokens times layers that a host ran.</summary>
    public long LayerTokens(int host) => _hosts[host].LayerTokens;

    /// <summary>Bytes that one end received from another.</summary>
    public long BytesMoved(int from, int to) => _network.BytesMoved(from, to);

    /// <summary>A request arrives now.</summary>
    public void Submit(ChainRequest request)
    {
        _waiting.Add(request);
        _admissible = true;
        AdmitWaiting();
    }

    internal void AdmitWaiting()
    {
        if (!_admissible) return;
        _admissible = false;
        // A blocked request holds up those behind it in its stream; there are at most 64 streams to tell apart, the rest share one mark.
        ulong blocked = 0;
        for (int i = 0; i < _waiting.Count; i++)
        {
            ChainRequest request = _waiting[i];
            ulong stream = 1UL << Math.Min(request.Stream, 63);
            if ((blocked & stream) != 0) continue;
            _chosen.Clear();
            if (!_router.Admit(request, this, _chosen))
            {
                blocked |= stream;
                continue;
            }
            _waiting.RemoveAt(i--);
            InFlight++;
            foreach (int host in _chosen) Extend(request, host);
            if (_chosen.Count == 0) Extend(request, _router.Next(request, -1, 0, this));
            Depart(request, alone: true);
        }
    }

    /// <summary>A batch of a host is done: each request goes on.</summary>
    internal void Complete(int host, List<Pass> batch)
    {
        foreach (Pass pass in batch)
        {
            if (pass.IsStale) continue;
            ChainRequest request = pass.Request;
            int from = request.Position == 0 ? -1 : request.Hops[request.Position - 1].Host;
            _router.StageDone(request, from, host, _clock.Now - request.StageStarted);
            request.StageStarted = _clock.Now;
            ChainHop hop = request.Hops[request.Position];
            int layer = hop.FirstLayer + hop.Layers;
            if (layer == _model.ModelLayers)
            {
                Gather(host, -1, pass, _model.TokenBytes);
                continue;
            }
            if (++request.Position == request.Hops.Count) Extend(request, _router.Next(request, host, layer, this));
            int next = request.Hops[request.Position].Host;
            if (request.IsPrompt) Alone(host, next, pass, (long)request.PassTokens * _model.ActivationBytes);
            else Gather(host, next, pass, _model.ActivationBytes);
        }
        SendGathered(host);
    }

    /// <summary>A request can never fit on a host.</summary>
    internal void Refuse(ChainRequest request)
    {
        Leave(request);
        _observer.Refused(request);
    }

    /// <summary>A request gives its KV back and begins again, before all who wait.</summary>
    internal void Restart(ChainRequest request)
    {
        Leave(request);
        Restarts++;
        request.Restarts++;
        request.IsPrompt = true;
        _waiting.Insert(0, request);
    }

    private void Leave(ChainRequest request)
    {
        for (int hop = 0; hop < request.Hops.Count; hop++) _hosts[request.Hops[hop].Host].Release(request, hop);
        _router.Left(request);
        request.Attempt++;
        request.Hops.Clear();
        request.HopKv.Clear();
        request.Position = 0;
        InFlight--;
        _admissible = true;
    }

    private void Extend(ChainRequest request, int host)
    {
        HostSpec spec = Hosts[host];
        int layer = request.Hops.Count == 0 ? 0 : request.Hops[^1].FirstLayer + request.Hops[^1].Layers;
        if (layer < spec.FirstLayer || layer >= spec.EndLayer)
            throw new InvalidOperationException($"the router sent a request that needs layer {layer} to {spec.Name}, which holds [{spec.FirstLayer}, {spec.EndLayer})");
        request.Hops.Add(new ChainHop(host, layer, spec.EndLayer - layer));
        request.HopKv.Add(0);
    }

    private void Depart(ChainRequest request, bool alone)
    {
        request.Position = 0;
        request.PassStarted = _clock.Now;
        request.StageStarted = _clock.Now;
        Pass pass = new(request, request.Attempt);
        if (alone) Alone(-1, request.Hops[0].Host, pass, (long)request.PassTokens * _model.TokenBytes);
        else Gather(-1, request.Hops[0].Host, pass, _model.TokenBytes);
    }

    // Tokens have reached the coordinator.
    private void Receive(Parcel parcel)
    {
        foreach (Pass pass in parcel.Passes)
        {
            if (pass.IsStale) continue;
            ChainRequest request = pass.Request;
            Duration taken = _clock.Now - (request.LastToken.IsNever ? request.Arrival : request.LastToken);
            request.Generated++;
            request.IsPrompt = false;
            request.LastToken = _clock.Now;
            _observer.Token(request, taken);
            if (request.Generated == request.OutputTokens)
            {
                Leave(request);
                _observer.Finished(request);
                continue;
            }
            _router.PassStarts(request);
            Depart(request, alone: false);
        }
        SendGathered(-1);
        AdmitWaiting();
    }
}
