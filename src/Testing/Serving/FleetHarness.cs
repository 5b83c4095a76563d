using System.Globalization;
using System.Text;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Calls;
using Orrery.Serving.Execution;
using Orrery.Serving.Exposition;
using Orrery.Serving.Fleets;
using Orrery.Serving.Lending;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Speculation;
using Orrery.Serving.Swap;
using Orrery.Traffic.Predictors;
using Orrery.Traffic.Requests;
using Orrery.World.Cost;

namespace Orrery.Testing.Serving;

/// <summary>A small fleet for tests: build it, run traffic through it, look at everything it did as text.</summary>
public sealed record FleetHarness
{
    public required Func<IScheduler> Scheduler { get; init; }

    public Func<IKvMemory> Memory { get; init; } = () => new PagedMemory(1000, 16);

    public ICostModel Cost { get; init; } = new World.ToyCost(
        Duration.FromMilliseconds(5), Duration.FromMicroseconds(100), Duration.FromNanoseconds(500), Duration.FromMilliseconds(1));

    /// <summary>Makes the executor of each replica; modelled from <see cref="Cost"/> unless told otherwise.</summary>
    public Func<Clock, IStepExecutor>? Executor { get; init; }

    public Func<IRouter> Router { get; init; } = () => new FewestTokens();

    public int Replicas { get; init; } = 1;

    public int MaxModelTokens { get; init; } = 4096;

    /// <summary>Steps are planned when the step before them starts.</summary>
    public bool PlansAhead { get; init; }

    public Func<Request, int> Predictor { get; init; } = _ => 0;

    /// <summary>Looks at requests while they run; a fresh one for each run.</summary>
    public Func<IRemainingPredictor>? Remaining { get; init; }

    /// <summary>A host pool for each replica; null recomputes preempted sequences.</summary>
    public Func<KvSwap>? Swap { get; init; }

    public Func<ICallHandling> Calls { get; init; } = () => new FixedHandling(PausedKv.Discard, returnsFirst: false);

    /// <summary>Other work of each replica.</summary>
    public Func<IReadOnlyList<IPlanAddOn>> AddOns { get; init; } = () => [];

    /// <summary>Which replicas take requests; those that do not come last.</summary>
    public Func<int, bool> TakesRequests { get; init; } = _ => true;

    /// <summary>The phases of each replica.</summary>
    public Func<int, ReplicaRole> Roles { get; init; } = _ => ReplicaRole.Mixed;

    /// <summary>Hand-overs, migration, scaling; fresh policies for each run, and what makes further replicas.</summary>
    public Func<Func<int, ReplicaParts>, FleetOptions>? Options { get; init; }

    /// <summary>KV bytes of a token: what moving a request costs.</summary>
    public long KvBytesPerToken { get; init; } = 1000;

    /// <summary>Drafts for each replica, with the truth about them; null for none.</summary>
    public Func<(IPlanAddOn AddOn, IAcceptance Acceptance)>? Drafts { get; init; }

    /// <summary>Foretells tool calls.</summary>
    public ICallPredictor? CallPredictor { get; init; }

    /// <summary>Replicas lend KV memory to each other, which then have no memory of <see cref="Memory"/>; a fresh one for each run.</summary>
    public Func<FleetLending>? Lending { get; init; }

    /// <summary>Something that befalls the lending market at an instant of the run.</summary>
    public (Duration At, Action<LendingMarket> Event)? Befalls { get; init; }

    public ServiceObjective Objective { get; init; } = ServiceObjective.None;

    /// <summary>What readers expect.</summary>
    public QoeRule Qoe { get; init; } = new();

    /// <summary>An observer that looks at every replica this often, in the phase React; zero for none.</summary>
    public Duration SampleEvery { get; init; }

    /// <summary>Called for each sequence that leaves.</summary>
    public Action<Sequence>? OnLeft { get; init; }

    /// <summary>Counts everything for an exposition too: a fresh one for each run. Null for none.</summary>
    public ServingExposition? Exposition { get; init; }

    /// <summary>Watches the steps of each replica too; made before the replicas. Null for nobody.</summary>
    public Func<Clock, int, IStepObserver>? Steps { get; init; }

    /// <summary>Called when the fleet stands and before anything arrives.</summary>
    public Action<Clock, Fleet>? OnStart { get; init; }

    /// <summary>Runs the traffic to its end in virtual time.</summary>
    public FleetOutcome Run(ITrafficSource source, bool fastForward = true)
    {
        VirtualClock clock = new();
        return Run(source, fastForward, clock, () => clock.Run());
    }

    /// <summary>Runs the traffic to its end on a wall clock: the same replicas, routers and schedulers, live.</summary>
    public FleetOutcome RunLive(ITrafficSource source, TimeProvider provider)
    {
        using WallClock clock = new(provider);
        return Run(source, true, clock, () => clock.Run());
    }

    private FleetOutcome Run(ITrafficSource source, bool fastForward, Clock clock, Action runClock)
    {
        Recorder recorder = new(Exposition is null ? OnLeft : sequence =>
        {
            Exposition.Left(sequence);
            OnLeft?.Invoke(sequence);
        });
        ServingMetrics metrics = new(Objective, Qoe);
        Fleet fleet = new(clock, Router(), metrics, Predictor, recorder, Remaining?.Invoke(), CallPredictor, options: Options?.Invoke(index => Parts(index, clock, fastForward)));
        FleetLending? lending = Lending?.Invoke();
        for (int i = 0; i < Replicas; i++)
        {
            ReplicaParts parts = Parts(i, clock, fastForward);
            fleet.Add(lending is null ? parts : lending.Equip(parts, Cost));
        }
        lending?.Open(clock, fleet, Cost, RandomStream.Root(1).Split("lending"));
        if (Befalls is { } fate)
        {
            clock.Spawn("fate", async () =>
            {
                await clock.Delay(fate.At, Phase.React);
                fate.Event(lending!.Market!);
            }, background: true);
        }
        Exposition?.Watch(fleet, _ => "toy");
        OnStart?.Invoke(clock, fleet);
        fleet.Feed(source);
        if (SampleEvery > Duration.Zero) clock.Spawn("sampler", () => Sample(clock, fleet, recorder.Text), background: true);
        runClock();
        foreach (Replica replica in fleet.Replicas) recorder.Counters(replica, clock.Now);
        recorder.Moves(fleet.Moves);
        recorder.Summaries(metrics);
        return new(recorder.Text.ToString(), fleet, metrics, recorder.Sequences, clock) { Lending = lending };
    }

    private ReplicaParts Parts(int index, Clock clock, bool fastForward)
    {
        IStepExecutor executor = Executor?.Invoke(clock) ?? new ModelledExecutor(Cost);
        ReplicaParts parts = new(index, Scheduler(), Memory(), executor, MaxModelTokens, fastForward)
        {
            PlansAhead = PlansAhead,
            Swap = Swap?.Invoke(),
            Calls = Calls(),
            AddOns = AddOns(),
            TakesRequests = TakesRequests(index),
            Steps = Steps?.Invoke(clock, index) ?? Exposition,
            Role = Roles(index),
            KvBytesPerToken = KvBytesPerToken,
            Layers = 4,
        };
        return Drafts?.Invoke() is { } drafts ? parts with { AddOns = [drafts.AddOn, .. parts.AddOns], Acceptance = drafts.Acceptance } : parts;
    }

    private async ValueTask Sample(Clock clock, Fleet fleet, StringBuilder text)
    {
        while (!fleet.IsTrafficOver || fleet.Live > 0)
        {
            await clock.Delay(SampleEvery, Phase.React);
            foreach (Replica replica in fleet.Replicas)
                text.Append(CultureInfo.InvariantCulture, $"{clock.Now} r{replica.Index} live {replica.LiveRequests} tokens {replica.LiveTokens} out {replica.OutputTokens} kv {replica.UsedBlocks}\n");
        }
    }

    /// <summary>Sends each request to the replica with the fewest live tokens: the observer that catches stale views.</summary>
    private sealed class FewestTokens : IRouter
    {
        public int Choose(Sequence sequence, IFleetView fleet)
        {
            int best = 0;
            for (int i = 1; i < fleet.Count; i++)
                if (fleet.LiveTokens(i) < fleet.LiveTokens(best)) best = i;
            return best;
        }
    }

    private sealed class Recorder(Action<Sequence>? onLeft) : IServingObserver
    {
        public StringBuilder Text { get; } = new();

        public List<Sequence> Sequences { get; } = [];

        public void Left(Sequence sequence)
        {
            Sequences.Add(sequence);
            onLeft?.Invoke(sequence);
            Text.Append(CultureInfo.InvariantCulture, $"{sequence} {sequence.Outcome} on {sequence.Replica}: queued {sequence.FirstScheduled} first {sequence.FirstToken} ")
                .Append(CultureInfo.InvariantCulture, $"last {sequence.LastToken} end {sequence.End} tokens {sequence.GeneratedTokens} cached {sequence.CachedTokens} preempted {sequence.Preemptions} ")
                .Append(CultureInfo.InvariantCulture, $"calls {sequence.CallsMade} paused {sequence.PausedFor} returned {sequence.ReturnedTokens}\n");
        }

        public void Counters(Replica replica, Instant now)
        {
            ReplicaCounters counters = replica.Counters;
            Text.Append(CultureInfo.InvariantCulture, $"replica {replica.Index}: steps {counters.Steps} preemptions {counters.Preemptions} out {counters.OutputTokens} prefill {counters.PrefillTokens} ")
                .Append(counters.DraftedTokens > 0 ? string.Create(CultureInfo.InvariantCulture, $"drafted {counters.DraftedTokens} accepted {counters.AcceptedTokens} ") : "")
                .Append(CultureInfo.InvariantCulture, $"flops {counters.Flops} bytes {counters.MemoryBytes} busy {counters.Busy(now)} kv max {counters.KvBlocks.Max} integral {counters.KvBlocks.Integral(now)} ")
                .Append(CultureInfo.InvariantCulture, $"held {counters.HeldTokens} written {counters.WrittenTokens} largest {counters.LargestBatch} waited {counters.MemoryWait} {counters.LongestMemoryWait} mapped {replica.Memory.MappedPages} ")
                .Append(CultureInfo.InvariantCulture, $"trained {counters.TrainedTokens} forward {counters.TrainingForwardTokens} backward {counters.TrainingBackwardTokenLayers} ")
                .Append(CultureInfo.InvariantCulture, $"copies waited {counters.SwapWait} swapped out {replica.Swap?.TokensOut} in {replica.Swap?.TokensIn} reused {replica.Swap?.TokensReused} overwritten {replica.Swap?.TokensOverwritten}\n");
        }

        public void Moves(FleetMoves moves) =>
            Text.Append(CultureInfo.InvariantCulture, $"moves: {moves.HandOvers} {moves.HandOverBytes} {moves.HiddenBytes} {moves.HandOverTime} {moves.TransferTime} migrations {moves.Migrations} {moves.AbortedMigrations} ")
                .Append(CultureInfo.InvariantCulture, $"{moves.MigrationBytes} {moves.Downtime} {moves.LongestDowntime} evictions {moves.Evictions} {moves.LostTokens} starts {moves.Starts} {moves.Stops} {moves.MostServing}\n");

        public void Summaries(ServingMetrics metrics)
        {
            foreach ((string name, QuantileSketch sketch) in new[] { ("ttft", metrics.Ttft), ("tpot", metrics.Tpot), ("gap", metrics.Gaps), ("e2e", metrics.EndToEnd), ("queue", metrics.Queue), ("qoe", metrics.Qoe) })
                Text.Append(CultureInfo.InvariantCulture, $"{name} {sketch.Summarize(1)}\n");
            Text.Append(CultureInfo.InvariantCulture, $"lost by preemptions {metrics.PreemptedNanoseconds}\n");
        }
    }
}

/// <summary>Everything a run of a <see cref="FleetHarness"/> left behind.</summary>
/// <param name="Text">Every departure, sample, counter and summary: equal texts mean equal runs.</param>
public sealed record FleetOutcome(string Text, Fleet Fleet, ServingMetrics Metrics, IReadOnlyList<Sequence> Sequences, Clock Clock)
{
    /// <summary>The lending of memory between its replicas, where they do.</summary>
    public FleetLending? Lending { get; init; }
}
