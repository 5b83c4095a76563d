using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Chains;

namespace Orrery.Serving.Systems.Helix;

/// <summary>Serves requests over a placement, on a virtual clock, and counts what happens in the measured time.</summary>
internal sealed class HelixService : IChainObserver
{
    /// <summary>From the event that lets a request in to its arrival, offline (b).</summary>
    private static readonly Duration FeedDelay = Duration.FromSeconds(0.1);

    /// <summary>Between two looks at whether the user gave up.</summary>
    private static readonly Duration Slice = Duration.FromSeconds(20);

    private readonly HelixOptions _options;
    private readonly HelixModel _model;
    private readonly HelixFlow _flow;
    private readonly HelixPlacement _placement;
    private readonly IReadOnlyList<IReadOnlyList<int>> _pipelines;
    private readonly VirtualClock _clock = new();
    private readonly ChainRun _run;
    private readonly HelixRouter? _flowRouter;
    private readonly RandomStream _arrivals;
    private readonly HelixLengths _lengths;
    private readonly int[] _nodeOf;
    private readonly int[] _hostOf;
    private readonly double[] _planned;
    private readonly Instant _begin;
    private readonly Instant _end;
    private Duration[] _busyBefore = [];
    private long _next;

    public HelixService(HelixOptions options, HelixModel model, HelixCluster cluster, HelixFlow flow, HelixPlacement placement,
        IReadOnlyList<IReadOnlyList<int>> pipelines, RandomStream random)
    {
        _options = options;
        _model = model;
        _flow = flow;
        _placement = placement;
        _arrivals = random.Split("arrivals");
        _lengths = new HelixLengths(options, random.Split("lengths"));
        _begin = Instant.Zero + options.WarmUp;
        _end = _begin + options.Length;
        _nodeOf = [.. Enumerable.Range(0, cluster.Nodes.Count).Where(node => placement.Layers[node] > 0)];
        _hostOf = new int[cluster.Nodes.Count];
        Array.Fill(_hostOf, -1);
        for (int host = 0; host < _nodeOf.Length; host++) _hostOf[_nodeOf[host]] = host;
        HostSpec[] hosts = [.. _nodeOf.Select(node => Host(cluster.Nodes[node], placement.Start[node], placement.Layers[node]))];
        _pipelines = [.. pipelines.Select(pipeline => (IReadOnlyList<int>)[.. pipeline.Select(node => _hostOf[node])])];
        flow.Solve(placement, options.IsPartial);
        _planned = [.. Enumerable.Range(0, cluster.Nodes.Count).Select(flow.Through)];
        IChainRouter router = Router(hosts, random.Split("router"));
        _flowRouter = router as HelixRouter;
        _run = new ChainRun(_clock, new ChainModel(model.Layers, model.ActivationBytes, HelixModel.TokenBytes), hosts,
            (from, to) => cluster.Link(from < 0 ? -1 : _nodeOf[from], to < 0 ? -1 : _nodeOf[to]), port: null, router, this);
    }

    public long DecodeTokens { get; private set; }

    public long PromptTokens { get; private set; }

    public long FinishedRequests { get; private set; }

    public long RefusedRequests { get; private set; }

    public long Paths { get; private set; }

    public long PathHosts { get; private set; }

    public QuantileSketch PromptTimes { get; } = new();

    public QuantileSketch DecodeTimes { get; } = new();

    public long Restarts => _run.Restarts;

    public double BusyShare => Enumerable.Range(0, _nodeOf.Length).Average(host => (_run.Busy(host) - _busyBefore[host]) / _options.Length);

    private bool IsMeasured => _clock.Now >= _begin && _clock.Now < _end;

    /// <summary>Share of the measured time that a machine computes.</summary>
    public double BusyOf(int node) => _hostOf[node] < 0 ? 0 : (_run.Busy(_hostOf[node]) - _busyBefore[_hostOf[node]]) / _options.Length;

    /// <summary>What the maximum flow sends through a machine.</summary>
    public double PlannedFlow(int node) => _planned[node];

    public void Run(CancellationToken cancel)
    {
        if (_options.Mode == HelixMode.Online) _clock.Spawn("arrivals", Arrive, background: true);
        else FeedFirst();
        _busyBefore = new Duration[_nodeOf.Length];
        for (Instant until = Instant.Zero; until < _begin; until = Instant.Min(until + Slice, _begin)) RunTo(Instant.Min(until + Slice, _begin), cancel);
        for (int host = 0; host < _busyBefore.Length; host++) _busyBefore[host] = _run.Busy(host);
        for (Instant until = _begin; until < _end; until += Slice) RunTo(Instant.Min(until + Slice, _end), cancel);
    }

    public void Token(ChainRequest request, Duration taken)
    {
        bool first = request.Generated == 1;
        if (IsMeasured)
        {
            if (first)
            {
                PromptTokens += request.PromptTokens;
                PromptTimes.Add(taken.Nanoseconds);
                Paths++;
                PathHosts += request.Path.Count;
            }
            else
            {
                DecodeTokens++;
                DecodeTimes.Add(taken.Nanoseconds);
            }
        }
        if (first && _flowRouter is not null) Feed(request.Stream);
    }

    public void Finished(ChainRequest request)
    {
        if (IsMeasured) FinishedRequests++;
        Feed(request.Stream);
    }

    public void Refused(ChainRequest request)
    {
        RefusedRequests++;
        Feed(request.Stream);
    }

    private HostSpec Host(HelixNode node, int start, int layers)
    {
        HelixProfile profile = _model.Profiles[node.Kind];
        double copySecondsPerToken = _options.CopyGigabytesPerSecond > 0 ? _model.ActivationBytes / (_options.CopyGigabytesPerSecond * 1e9) : 0;
        return new HostSpec(node.Name, start, layers, profile.KvEntries(layers), profile.Limits(layers), new ProfileCost(profile, copySecondsPerToken));
    }

    private IChainRouter Router(HostSpec[] hosts, RandomStream random)
    {
        HelixPlacement onHosts = new(hosts.Length);
        for (int host = 0; host < hosts.Length; host++) onHosts.Set(host, hosts[host].FirstLayer, hosts[host].Layers);
        HelixScheduler scheduler = _options.Scheduler != HelixScheduler.ByPlacement ? _options.Scheduler
            : _options.Placement == HelixPlacer.Swarm ? HelixScheduler.Swarm : HelixScheduler.Flow;
        if (_pipelines.Count > 0 && _options.Scheduler == HelixScheduler.ByPlacement) return new PipelineHops(_pipelines);
        return scheduler switch
        {
            HelixScheduler.Swarm => new SwarmHops(onHosts, _model.Layers, _options.IsPartial),
            HelixScheduler.Random => new RandomHops(onHosts, _model.Layers, _options.IsPartial, random),
            HelixScheduler.ShortestQueue => new ShortestQueueHops(onHosts, _model.Layers, _options.IsPartial),
            _ => new HelixRouter(hosts, _flow.Flows.Select(f => (Index(f.From), Index(f.To), f.TokensPerSecond)), _options.RouterOptions),
        };

        int Index(int node) => node < 0 ? -1 : _hostOf[node];
    }

    private void RunTo(Instant until, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        _clock.Run(until);
    }

    // Poisson arrivals; separate pipelines get shares in proportion to what they can pass (d).
    private async ValueTask Arrive()
    {
        double[] shares = Shares();
        double perSecond = _options.Load / (_options.PromptMean + _options.OutputMean);
        double[] sent = new double[shares.Length];
        while (true)
        {
            await _clock.Delay(Duration.FromSeconds(-Math.Log(_arrivals.NextPositive()) / perSecond));
            int stream = 0;
            for (int other = 1; other < shares.Length; other++)
            {
                if ((sent[other] + 1) / shares[other] < (sent[stream] + 1) / shares[stream]) stream = other;
            }
            sent[stream]++;
            Submit(stream);
        }
    }

    private double[] Shares() =>
        _pipelines.Count == 0 ? [1] : [.. _pipelines.Select(pipeline => pipeline.Min(host => _flow.Capacity(_nodeOf[host], _placement.Layers[_nodeOf[host]])))];

    private void FeedFirst()
    {
        for (int stream = 0; stream < Math.Max(1, _pipelines.Count); stream++)
        {
            int count = _flowRouter is not null ? _options.FirstRequests : InFlight(stream);
            for (int i = 0; i < count; i++) SubmitLater(stream, FeedDelay * i);
        }
    }

    // Requests of mean length whose KV fits at the tightest layer.
    private int InFlight(int stream)
    {
        IEnumerable<int> hosts = _pipelines.Count > 0 ? _pipelines[stream] : Enumerable.Range(0, _run.Hosts.Count);
        double[] room = new double[_model.Layers];
        foreach (int host in hosts)
        {
            HostSpec spec = _run.Hosts[host];
            for (int layer = spec.FirstLayer; layer < spec.EndLayer; layer++) room[layer] += (double)spec.KvEntries / spec.Layers;
        }
        double fits = room.Min() / (HelixThroughput.PromptTokens + HelixThroughput.OutputTokens);
        return Math.Max(1, (int)(_options.InFlightShare * fits));
    }

    // The flow router's cluster takes more while KV allows; the others keep their number.
    private void Feed(int stream)
    {
        if (_options.Mode == HelixMode.Online) return;
        if (_flowRouter is not null && (_run.Waiting > 0 || _flowRouter.Bottleneck(_model.Layers) > _options.FeedMark)) return;
        SubmitLater(stream, FeedDelay);
    }

    private void SubmitLater(int stream, Duration after) => _clock.Spawn("feed", async () =>
    {
        await _clock.Delay(after);
        Submit(stream);
    });

    private void Submit(int stream)
    {
        (int prompt, int output) = _lengths.Draw();
        _run.Submit(new ChainRequest(_next++, prompt, output, _clock.Now) { Stream = stream });
    }

    // Layers take what the tables say; arriving activations are copied into the batch first.
    private sealed class ProfileCost(HelixProfile profile, double copySecondsPerToken) : IStageCost
    {
        public double LayerSeconds(in StageWork work) => profile.PromptSeconds(work.PromptTokens) + profile.DecodeSeconds(work.Decodes);

        public double EntrySeconds(in StageWork work) => copySecondsPerToken * (work.PromptTokens + work.Decodes);
    }
}
