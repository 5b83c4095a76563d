using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;
using Orrery.Serving.Calls;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Speculation;
using Orrery.Serving.Swap;

namespace Orrery.Serving.Replicas;

/// <summary>What a replica is made of.</summary>
/// <param name="Index">Position in the fleet.</param>
/// <param name="Scheduler">Decides each step.</param>
/// <param name="Memory">Its KV blocks.</param>
/// <param name="Executor">Modelled or real.</param>
/// <param name="MaxModelTokens">Longest sequence, prompt and output together.</param>
/// <param name="FastForward">False plans every step singly; results are the same.</param>
public sealed record ReplicaParts(
    int Index, IScheduler Scheduler, IKvMemory Memory, IStepExecutor Executor, int MaxModelTokens, bool FastForward = true)
{
    /// <summary>
    /// The plan of a step is made when the step before it starts: what arrives or ends within a step is first seen by the plan after the next.
    /// Has no meaning for pipelines, whose steps are several in flight anyway.
    /// </summary>
    public bool PlansAhead { get; init; }

    /// <summary>Host pool for preempted sequences; null recomputes them.</summary>
    public KvSwap? Swap { get; init; }

    /// <summary>What becomes of the KV of sequences that wait for tools.</summary>
    public ICallHandling Calls { get; init; } = new FixedHandling(PausedKv.Discard, returnsFirst: false);

    /// <summary>False for a replica that only does other work.</summary>
    public bool TakesRequests { get; init; } = true;

    /// <summary>Complete each plan, in this order.</summary>
    public IReadOnlyList<IPlanAddOn> AddOns { get; init; } = [];

    /// <summary>How many proposed tokens turn out right; needed where an add-on drafts.</summary>
    public IAcceptance? Acceptance { get; init; }

    /// <summary>Watches decisions and steps; null for nobody.</summary>
    public IStepObserver? Steps { get; init; }

    /// <summary>Which phases it is there for.</summary>
    public ReplicaRole Role { get; init; } = ReplicaRole.Mixed;

    /// <summary>KV bytes of a token on all devices and layers together: what moving a sequence costs.</summary>
    public long KvBytesPerToken { get; init; }

    /// <summary>Layers of the model; KV can be sent layer by layer.</summary>
    public int Layers { get; init; } = 1;
}

/// <summary>
/// One running copy of a model: a queue, a scheduler, a KV memory and an executor, driven by one loop that is the same in virtual and
/// in wall time. This file: what others may ask and tell; the loop and the end of steps have files of their own.
/// </summary>
public sealed partial class Replica
{
    /// <summary>Longest run of steps between two plans; bounds the step log.</summary>
    private const int LongestRun = 1024;

    private readonly Clock _clock;
    private readonly IScheduler _scheduler;
    private readonly IKvMemory _memory;
    private readonly IStepExecutor _executor;
    private readonly KvSwap? _swap;
    private readonly ICallHandling _calls;
    private readonly IPlanAddOn[] _addOns;
    private readonly IAcceptance? _acceptance;
    private readonly IStepObserver? _steps;
    private readonly ReplicaView _view;
    private readonly ServingMetrics _metrics;
    private readonly IServingObserver _observer;
    private readonly bool _fastForward;
    private readonly Signal _wake;
    private readonly StepRun[] _runs;
    private readonly List<Sequence> _inbox = [];
    private readonly List<Sequence> _leaving = [];
    private readonly List<Sequence> _paused = [];
    private readonly PriorityQueue<Sequence, (long Nanoseconds, long Id)> _returns = new();
    private readonly int[] _growth;
    private int _oldest;
    private int _inFlight;
    private int _live;
    private long _liveTokens;
    private bool _needsPlan;
    private bool _arrivalsMatter;
    private int _usedAtStart;
    private long _heldAtStart;
    private long _writtenAtStart;
    private Instant _retryAt = Instant.Never;

    public Replica(Clock clock, ReplicaParts parts, ServingMetrics metrics, IServingObserver observer)
    {
        _clock = clock;
        _scheduler = parts.Scheduler;
        _memory = parts.Memory;
        _executor = parts.Executor;
        _swap = parts.Swap;
        _calls = parts.Calls;
        _addOns = [.. parts.AddOns];
        _acceptance = parts.Acceptance;
        _steps = parts.Steps;
        _metrics = metrics;
        _observer = observer;
        _fastForward = parts.FastForward;
        _plansAhead = parts.PlansAhead && parts.Executor.Depth == 1;
        // What cannot fit alone could only preempt itself for ever; the fleet refuses it on arrival instead.
        long capacityTokens = (long)parts.Memory.LongestBlocks * parts.Memory.BlockTokens;
        _view = new(parts.Memory, (int)Math.Min(parts.MaxModelTokens, capacityTokens)) { Swap = parts.Swap, Paused = _paused };
        _growth = new int[parts.Memory.BlockTokens];
        Index = parts.Index;
        Counters = new(parts.Memory.TotalBlocks);
        string name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"replica {parts.Index}");
        _wake = new(clock, $"work for {name}");
        _runs = new StepRun[parts.Executor.Depth];
        for (int i = 0; i < _runs.Length; i++) _runs[i] = new(new StepPlan(parts.Memory, parts.Swap) { FirstToGiveUp = FirstToGiveUp, OnReturn = FirstScheduled }, () => _wake.Set());
        foreach (IPlanAddOn addOn in _addOns) _needsPlan |= addOn.WorksAlone;
        TakesRequests = parts.TakesRequests;
        KvBytesPerToken = parts.KvBytesPerToken;
        Layers = parts.Layers;
        clock.Spawn(name, Loop, background: true);
    }

    public int Index { get; }

    /// <inheritdoc cref="ReplicaParts.TakesRequests"/>
    public bool TakesRequests { get; }

    /// <inheritdoc cref="ReplicaParts.KvBytesPerToken"/>
    public long KvBytesPerToken { get; }

    /// <inheritdoc cref="ReplicaParts.Layers"/>
    public int Layers { get; }

    public ReplicaCounters Counters { get; }

    /// <summary>Longest sequence accepted: the model's limit, or what the KV memory holds when that is less.</summary>
    public int MaxModelTokens => _view.MaxModelTokens;

    /// <summary>Requests here that have not left.</summary>
    public int LiveRequests => _live;

    /// <summary>Requests here that wait for a place in the running set.</summary>
    public int WaitingRequests => _inbox.Count + _visitors.Count + _scheduler.WaitingCount;

    public int RunningRequests => _scheduler.RunningCount;

    public IKvMemory Memory => _memory;

    /// <summary>Its host pool, or null.</summary>
    public KvSwap? Swap => _swap;

    /// <summary>Prompt and output tokens of all live requests at this instant, also in the middle of a run of steps.</summary>
    public long LiveTokens => _liveTokens + TokensOfTheRunSoFar();

    /// <summary>Output tokens produced by now, also in the middle of a run of steps.</summary>
    public long OutputTokens => Counters.OutputTokens + TokensOfTheRunSoFar();

    /// <summary>KV blocks in use at this instant, as single steps would have it.</summary>
    public int UsedBlocks
    {
        get
        {
            if (!IsRunningAhead) return _memory.UsedBlocks;
            int planned = StepsPlannedSince();
            int used = _usedAtStart;
            (int cycles, int rest) = Math.DivRem(planned, _growth.Length);
            for (int step = 0; step < _growth.Length; step++) used += _growth[step] * (step < rest ? cycles + 1 : cycles);
            return used;
        }
    }

    private bool IsRunningAhead => _inFlight == 1 && _runs[_oldest].IsAhead;

    /// <summary>Why this replica could never serve a sequence, or null.</summary>
    public string? Refuses(Sequence sequence) => _scheduler.Refuses(sequence, _memory);

    /// <summary>Hands a sequence over. It enters the scheduler at the next plan.</summary>
    public void Submit(Sequence sequence)
    {
        AddResident(sequence);
        // At once: a departure before the next plan could overwrite what it finds.
        _swap?.Adopt(sequence);
        _inbox.Add(sequence);
        // One that lost its place elsewhere may go before whoever waits here.
        if (!WakeToPlan() && (_arrivalsMatter || sequence.Arrival < _clock.Now)) CutRun();
    }

    /// <summary>The client left. The sequence goes at the end of the step it is in, or at the next plan.</summary>
    /// <remarks>Call in the phase <see cref="Phase.React"/>: a token delivered at this very instant still counts.</remarks>
    public void Cancel(Sequence sequence, Outcome outcome)
    {
        if (sequence.Outcome != Outcome.Live || !sequence.CancelledAt.IsNever) return;
        sequence.CancelledAt = _clock.Now;
        sequence.PendingOutcome = outcome;
        _leaving.Add(sequence);
        _needsPlan = true;
        if (!WakeToPlan()) CutRun();
    }

    /// <summary>
    /// No request is left anywhere and none will come: work beside inference ends now. A step that does nothing else is dropped, as if it
    /// had not begun; one that ends at this very instant still counts.
    /// </summary>
    public void EndOtherWork()
    {
        _view.IsTrafficOver = true;
        if (_inFlight != 1 || _runs[_oldest] is not { Plan: { Training: not null, Items.Length: 0 } } run || run.LastEnd <= _clock.Now) return;
        _oldest = (_oldest + 1) % _runs.Length;
        _inFlight = 0;
        Counters.BecomesIdle(_clock.Now);
        run.Plan.Clear();
    }

    /// <summary>Leading prompt tokens that the prefix cache could supply at this instant, as single steps would have it.</summary>
    public int CachedTokens(Sequence sequence)
    {
        if (_memory.SharesContent && IsRunningAhead) TakeGrowthSoFar();
        return _memory.CachedTokens(sequence);
    }

    /// <summary>What the steps planned since the run began would have taken by now evicts cached blocks: take it now, not at the end.</summary>
    private void TakeGrowthSoFar()
    {
        int planned = StepsPlannedSince();
        if (planned == 0) return;
        foreach (ref readonly PlanItem item in _runs[_oldest].Plan.Items)
            if (!_memory.TryGrow(item.Sequence, item.Sequence.ComputedTokens + planned + 1)) ThrowOvercommit(item.Sequence);
    }

    /// <summary>Steps after the first of the run ahead that single stepping would have planned by now.</summary>
    private int StepsPlannedSince()
    {
        StepRun run = _runs[_oldest];
        int planned = run.EndedBy(_clock.Now);
        // At the very end of a step the next one is not planned yet.
        bool isAtAnEnd = planned > 0 && (planned == run.Count || run.Ends[planned - 1] == _clock.Now.Nanoseconds);
        return isAtAnEnd ? planned - 1 : planned;
    }

    private bool WakeToPlan()
    {
        if (_inFlight == _runs.Length) return false;
        // With the entry still busy the loop only has to learn that there is something to wait for.
        _wake.Set(_executor.ReadyAt <= _clock.Now ? Phase.Plan : Phase.React);
        return true;
    }

    private void CutRun()
    {
        if (_inFlight == 1 && _runs[_oldest].CutAt(_clock.Now)) _wake.Set(Phase.React);
    }

    private long TokensOfTheRunSoFar() =>
        IsRunningAhead ? (long)_runs[_oldest].EndedBy(_clock.Now) * _runs[_oldest].Plan.Items.Length : 0;
}
