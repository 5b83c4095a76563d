using System.Globalization;
using Orrery.Kernel;
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

    private readonly HelixOptions _options;
    private readonly HelixModel _model;
    private readonly HelixPlan _plan;
    private readonly VirtualClock _clock = new();
    private readonly ChainRun _run;
    private readonly HelixRouter?[] _flowRouters;
    private readonly RandomStream _arrivals;
    private readonly HelixLengths _lengths;
    private readonly int[] _nodeOf;
    private readonly int[] _hostOf;
    private readonly double[] _loads;
    private readonly double[] _inFlight;
    private readonly Instant _begin;
    private readonly Instant _end;
    private Duration[] _busyBefore = [];
    private long _next;

    /// <exception cref="InputException">A list of loads or numbers does not go with the parts.</exception>
    public HelixService(HelixOptions options, HelixModel model, HelixCluster cluster, HelixPlan plan, RandomStream random)
    {
        _options = options;
        _model = model;
        _plan = plan;
        _arrivals = random.Split("arrivals");
        _lengths = new HelixLengths(options, random.Split("lengths"));
        _begin = Instant.Zero + options.WarmUp;
        _end = _begin + options.Length;
        double[] loads = Numbers("load", options.Load);
        // One figure is shared by what the parts can pass (d).
        _loads = loads.Length == 1 ? [.. plan.Parts.Select(part => loads[0] * part.TokensPerSecond / plan.TokensPerSecond)] : loads;
        _inFlight = Numbers("inFlight", options.InFlight);
        HelixPlacement placement = plan.Placement;
        _nodeOf = [.. Enumerable.Range(0, cluster.Nodes.Count).Where(node => placement.Layers[node] > 0)];
        _hostOf = new int[cluster.Nodes.Count];
        Array.Fill(_hostOf, -1);
        for (int host = 0; host < _nodeOf.Length; host++) _hostOf[_nodeOf[host]] = host;
        HostSpec[] hosts = [.. _nodeOf.Select(node => Host(cluster.Nodes[node], placement.Start[node], placement.Layers[node]))];
        IChainRouter[] routers = [.. plan.Parts.Select((part, index) => Router(part, hosts, random.Split("router").Split(index)))];
        _flowRouters = [.. routers.Select(router => router as HelixRouter)];
        _run = new ChainRun(_clock, new ChainModel(model.Layers, model.ActivationBytes, HelixModel.TokenBytes), hosts,
            (from, to) => cluster.Link(from < 0 ? -1 : _nodeOf[from], to < 0 ? -1 : _nodeOf[to]), port: null,
            routers.Length == 1 ? routers[0] : new PartRouter(routers), this);
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

    public void Run(CancellationToken cancel)
    {
        // Posted work runs between any two events, so a busy second of virtual time does not hold up a user who gives up.
        using CancellationTokenRegistration end = cancel.Register(() => _clock.Post(_clock.Stop));
        for (int stream = 0; stream < _plan.Parts.Count; stream++)
        {
            int part = stream;
            if (_options.Mode == HelixMode.Online) _clock.Spawn("arrivals", () => Arrive(part), background: true);
            else FeedFirst(part);
        }
        _busyBefore = new Duration[_nodeOf.Length];
        RunTo(_begin, cancel);
        for (int host = 0; host < _busyBefore.Length; host++) _busyBefore[host] = _run.Busy(host);
        RunTo(_end, cancel);
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
        if (first && _flowRouters[request.Stream] is not null) Feed(request.Stream);
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

    private IChainRouter Router(HelixPart part, HostSpec[] hosts, RandomStream random)
    {
        if (part.IsPipeline) return new PipelineHops([.. part.Nodes.Select(node => _hostOf[node])]);
        HelixPlacement onHosts = new(hosts.Length);
        foreach (int node in part.Nodes)
        {
            if (_hostOf[node] >= 0) onHosts.Set(_hostOf[node], _plan.Placement.Start[node], _plan.Placement.Layers[node]);
        }
        HelixScheduler scheduler = _options.Scheduler != HelixScheduler.ByPlacement ? _options.Scheduler
            : _options.Placement == HelixPlacer.Swarm ? HelixScheduler.Swarm : HelixScheduler.Flow;
        return scheduler switch
        {
            HelixScheduler.Swarm => new SwarmHops(onHosts, _model.Layers, _options.IsPartial),
            HelixScheduler.Random => new RandomHops(onHosts, _model.Layers, _options.IsPartial, random),
            HelixScheduler.ShortestQueue => new ShortestQueueHops(onHosts, _model.Layers, _options.IsPartial),
            _ => new HelixRouter(hosts, part.Flows.Select(f => (Index(f.From), Index(f.To), f.TokensPerSecond)), _options.RouterOptions,
                part.Nodes.Select(Index).Where(host => host >= 0)),
        };

        int Index(int node) => node < 0 ? -1 : _hostOf[node];
    }

    private void RunTo(Instant until, CancellationToken cancel)
    {
        _clock.Run(until);
        cancel.ThrowIfCancellationRequested();
    }

    // Poisson arrivals (d): the trace's own come nearly so.
    private async ValueTask Arrive(int stream)
    {
        RandomStream random = _arrivals.Split(stream);
        double perSecond = _loads[stream] / (_options.PromptMean + _options.OutputMean);
        while (true)
        {
            await _clock.Delay(Duration.FromSeconds(-Math.Log(random.NextPositive()) / perSecond));
            Submit(stream);
        }
    }

    private void FeedFirst(int stream)
    {
        int count = _flowRouters[stream] is not null ? _options.FirstRequests : _inFlight.Length > 0 ? (int)_inFlight[stream] : WhatFits(stream);
        for (int i = 0; i < count; i++) SubmitLater(stream, FeedDelay * i);
    }

    // Requests of mean length whose KV fits at the tightest layer.
    private int WhatFits(int stream)
    {
        double[] room = new double[_model.Layers];
        foreach (int node in _plan.Parts[stream].Nodes)
        {
            if (_hostOf[node] < 0) continue;
            HostSpec spec = _run.Hosts[_hostOf[node]];
            for (int layer = spec.FirstLayer; layer < spec.EndLayer; layer++) room[layer] += (double)spec.KvEntries / spec.Layers;
        }
        double fits = room.Min() / (HelixThroughput.PromptTokens + HelixThroughput.AnswerTokens);
        return Math.Max(1, (int)(_options.InFlightShare * fits));
    }

    // The flow router's cluster takes more while KV allows; the others keep their number.
    private void Feed(int stream)
    {
        if (_options.Mode == HelixMode.Online) return;
        if (_flowRouters[stream] is { } router && router.Bottleneck(_model.Layers) > _options.FeedMark) return;
        SubmitLater(stream, FeedDelay);
    }

    // One number, or one for each part.
    private double[] Numbers(string option, string text)
    {
        string[] words = text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        double[] numbers = new double[words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            if (!double.TryParse(words[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) || !(numbers[i] > 0 && numbers[i] <= 1e6))
                throw new InputException($"{option}: '{words[i]}' is no positive number; write one, or {_plan.Parts.Count} with commas between them");
        }
        bool isList = option == "load" ? words.Length == 1 || words.Length == _plan.Parts.Count : words.Length == 0 || words.Length == _plan.Parts.Count;
        if (!isList) throw new InputException($"{option}: '{text}' has {words.Length} numbers and this placement has {_plan.Parts.Count} parts that serve apart; write one for each");
        return numbers;
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
        public double LayerSeconds(in StageWork work) => profile.BatchSeconds(work.PromptTokens, work.Decodes);

        public double EntrySeconds(in StageWork work) => copySecondsPerToken * (work.PromptTokens + work.Decodes);
    }
}
