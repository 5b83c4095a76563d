using Orrery.Kernel.Time;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>
/// The function platform: a call takes an idle pod of its function or starts one; a pod serves one call at a time and goes when the
/// keep-alive is over. Events are few, so the loop takes them from one heap: calls of each region, ticks, pre-warm orders, calls that
/// come back. Ties are broken by the order of their making.
/// </summary>
internal sealed class Platform
{
    private static readonly Duration Minute = Duration.FromSeconds(60);

    private readonly IReadOnlyList<Function> _functions;
    private readonly CallStream[] _streams;
    private readonly StartLaw _law;
    private readonly Func<Function, long, Duration> _execution;
    private readonly PlatformRules _rules;
    private readonly Yesterday? _yesterday;
    private readonly Instant _end;
    private readonly RegionLoad[] _loads;
    private readonly PodPool[][] _pools;
    private readonly List<Pod>[] _pods;
    private readonly long[] _calls;
    private readonly double[] _waits;
    private readonly PriorityQueue<Event, (Instant At, long Order)> _events = new();
    private long _order;

    /// <param name="functions">All of them; an id is the place in the list.</param>
    /// <param name="streams">Calls by region.</param>
    /// <param name="law">Start times.</param>
    /// <param name="execution">How long a call of a function runs.</param>
    /// <param name="rules">Policies.</param>
    /// <param name="loadExponent">How start times grow with load.</param>
    /// <param name="yesterday">What pools and shaving need; null where neither is on.</param>
    /// <param name="end">No call later than this.</param>
    public Platform(
        IReadOnlyList<Function> functions, CallStream[] streams, StartLaw law, Func<Function, long, Duration> execution, PlatformRules rules,
        double loadExponent, Yesterday? yesterday, Instant end)
    {
        (_functions, _streams, _law, _execution, _rules, _yesterday, _end) = (functions, streams, law, execution, rules, yesterday, end);
        _loads = [.. streams.Select(_ => new RegionLoad(loadExponent))];
        _pools = [.. streams.Select((_, region) => Pools(region))];
        _pods = new List<Pod>[functions.Count];
        _calls = new long[functions.Count];
        _waits = new double[streams.Length];
        Counts = new(functions, streams.Length, end, rules.RecordsTakes ? rules.PodCreation : null);
    }

    public PlatformCounts Counts { get; }

    private Duration Window => _rules.Shaving?.Window ?? Minute;

    public void Run(CancellationToken cancel)
    {
        for (int region = 0; region < _streams.Length; region++) Pull(region);
        foreach (Function function in _functions)
        {
            if (function.Trigger != Trigger.Timer || function.Phase > _end) continue;
            OrderTick(function, function.Phase);
        }
        int sinceCheck = 0;
        while (_events.TryDequeue(out Event next, out (Instant At, long Order) key))
        {
            if ((++sinceCheck & 0xFFFF) == 0) cancel.ThrowIfCancellationRequested();
            Handle(next, key.At);
        }
        foreach (List<Pod>? pods in _pods)
            foreach (Pod pod in pods ?? []) Counts.Ended(pod, _rules.KeepAlive.Span);
        Counts.SetPools(_pools, _end);
    }

    private void Handle(Event next, Instant now)
    {
        Function function = _functions[next.Function];
        switch (next.Kind)
        {
            case EventKind.Call:
                Serve(function, now, now, _calls[function.Id]++);
                Pull(function.Region);
                break;
            case EventKind.Tick:
                Serve(function, now, now, _calls[function.Id]++);
                OrderTick(function, now + function.Period);
                break;
            case EventKind.Return:
                Serve(function, now, next.Arrived, next.Call);
                break;
            case EventKind.PreWarm:
                Order(function, function.Region, now, next.Call, next.Arrived);
                break;
        }
    }

    private void Serve(Function function, Instant now, Instant arrived, long call)
    {
        List<Pod> pods = _pods[function.Id] ??= [];
        Retire(pods, now);
        int chosen = Idle(pods, now, function.Region);
        int region = function.Region;
        Instant reached = now;
        if (chosen < 0 && _rules.Dispatch is { } dispatch && function.Trigger != Trigger.Timer)
        {
            for (int other = 0; other < _waits.Length; other++) _waits[other] = ExpectedWait(function, pods, other, now);
            region = dispatch.Choose(function.Region, _waits);
            if (region != function.Region)
            {
                Counts.Dispatched++;
                reached = now + dispatch.RoundTrip;
                chosen = Idle(pods, now, region);
            }
        }
        bool cold = chosen < 0;
        if (cold)
        {
            if (Delayed(function, region, now, arrived, call)) return;
            chosen = Ordered(pods, region);
            if (chosen < 0)
            {
                Order(function, region, now, call, reached);
                chosen = pods.Count - 1;
            }
        }
        Pod pod = pods[chosen];
        Instant begins = Instant.Max(reached, pod.FreeAt);
        Duration work = _execution(function, call);
        pod.FreeAt = begins + work;
        pod.Busy += work;
        pod.IsOrdered = false;
        Instant due = function.Trigger == Trigger.Timer ? arrived + function.Period : Instant.Never;
        pod.ReleaseAt = _rules.KeepAlive.ReleaseAt(pod.FreeAt, due);
        pods[chosen] = pod;
        Counts.Served(function, arrived, begins, cold);
    }

    private bool Delayed(Function function, int region, Instant now, Instant arrived, long call)
    {
        if (_rules.Shaving is not { } shaving || function.Trigger == Trigger.Gateway) return false;
        if (shaving.RetryAt(now, arrived, _loads[region].InWindow(now, shaving.Window), _yesterday!.MeanStartsPerSecond[region]) is not { } at) return false;
        Push(new(EventKind.Return, function.Id, call, arrived), at);
        return true;
    }

    /// <summary>Starts a pod; it stays at least until the keep-alive after it was needed.</summary>
    private void Order(Function function, int region, Instant now, long call, Instant neededAt)
    {
        RegionLoad load = _loads[region];
        StartParts parts = _law.Draw(function, region, call, load.Slowdown(now));
        if (_rules.Pools != PoolSizing.None && function.Class != PodClass.Custom)
            parts = parts with { Allocation = parts.Allocation + _pools[region][(int)function.Class].Take(now) };
        load.Add(now, Window);
        Instant ready = now + parts.Total;
        (_pods[function.Id] ??= []).Add(new(region, function.Id)
        {
            ReadyAt = ready,
            FreeAt = ready,
            StartTime = parts.Total,
            IsOrdered = true,
            ReleaseAt = Instant.Max(ready, neededAt) + _rules.KeepAlive.Span,
        });
        Counts.Started(function, region, now, parts);
    }

    private double ExpectedWait(Function function, List<Pod> pods, int region, Instant now)
    {
        if (Idle(pods, now, region) >= 0) return 0;
        double wait = _law.MedianSeconds(function, region, _loads[region].Slowdown(now));
        bool empty = _rules.Pools != PoolSizing.None && function.Class != PodClass.Custom && !_pools[region][(int)function.Class].HasPod(now);
        return empty ? wait + _rules.PodCreation.Seconds : wait;
    }

    /// <summary>The idle pod that worked last, so that others may end; −1 without one.</summary>
    private static int Idle(List<Pod> pods, Instant now, int region)
    {
        int best = -1;
        for (int i = 0; i < pods.Count; i++)
            if (pods[i].Region == region && pods[i].FreeAt <= now && (best < 0 || pods[i].FreeAt > pods[best].FreeAt)) best = i;
        return best;
    }

    /// <summary>A pod that was ordered ahead and is not ready yet.</summary>
    private static int Ordered(List<Pod> pods, int region) => pods.FindIndex(pod => pod.IsOrdered && pod.Region == region);

    private void Retire(List<Pod> pods, Instant now)
    {
        for (int i = pods.Count - 1; i >= 0; i--)
        {
            if (pods[i].ReleaseAt >= now) continue;
            Counts.Ended(pods[i], _rules.KeepAlive.Span);
            pods[i] = pods[^1];
            pods.RemoveAt(pods.Count - 1);
        }
    }

    private void Pull(int region)
    {
        (Instant at, Function? to) = _streams[region].Next();
        if (to is not null && at <= _end) Push(new(EventKind.Call, to.Id, 0, at), at);
    }

    private void OrderTick(Function function, Instant at)
    {
        if (at > _end) return;
        Push(new(EventKind.Tick, function.Id, 0, at), at);
        if (_rules.PreWarm is not { } preWarm) return;
        Duration ahead = _law.Quantile(function, preWarm.Quantile);
        if (preWarm.StartFor(at, function.Period, _rules.KeepAlive.Span, ahead) is { } start)
            Push(new(EventKind.PreWarm, function.Id, _calls[function.Id], at), Instant.Max(start, Instant.Max(at - function.Period, Instant.Zero)));
    }

    private void Push(Event what, Instant at) => _events.Enqueue(what, (at, _order++));

    private PodPool[] Pools(int region) =>
        [.. Enum.GetValues<PodClass>().Select(pods => new PodPool(
            ClassPools.Sizes(_yesterday?.Taken[region][(int)pods] ?? [], _rules.PodCreation, _rules.Pools, _rules.PoolShare), _rules.PodCreation))];

    private enum EventKind
    {
        Call,
        Tick,
        Return,
        PreWarm,
    }

    private readonly record struct Event(EventKind Kind, int Function, long Call, Instant Arrived);
}

/// <summary>One pod.</summary>
internal record struct Pod(int Region, int Function)
{
    public Instant ReadyAt { get; set; }

    /// <summary>End of its last work, or of its start.</summary>
    public Instant FreeAt { get; set; }

    public Instant ReleaseAt { get; set; }

    public Duration StartTime { get; set; }

    public Duration Busy { get; set; }

    /// <summary>True until its first call: started ahead, or for the call that is being served.</summary>
    public bool IsOrdered { get; set; }
}
