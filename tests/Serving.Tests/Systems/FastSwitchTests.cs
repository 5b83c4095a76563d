using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems.FastSwitch;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>FastSwitch: priorities from outside, and what groups, background copies and reuse save.</summary>
public sealed class FastSwitchTests
{
    [Fact]
    public void RandomPrioritiesAreUniformAndNewAtEveryRefresh()
    {
        PriorityDraws draws = new(new());
        Assert.Equal(25, draws.PeriodSteps);
        List<double> all = [];
        for (int id = 0; id < 2000; id++)
        {
            Sequence sequence = Make(id);
            double first = draws.First(sequence, 0);
            double next = draws.Next(sequence, first, wasServed: true, 1);
            Assert.NotEqual(first, next);
            Assert.Equal(next, draws.First(sequence, 1));
            all.Add(next);
        }
        Assert.InRange(all.Average(), 0.48, 0.52);
        Assert.InRange(all.Count(value => value < 0.25) / 2000.0, 0.22, 0.28);
    }

    [Theory]
    [InlineData(true, 0.9)]
    [InlineData(false, 0.5)]
    public void MarkovPrioritiesStayLongerWithThoseWhoWereServed(bool wasServed, double expected)
    {
        PriorityDraws draws = new(new() { Pattern = PriorityPattern.Markov });
        int kept = Enumerable.Range(0, 4000).Count(id => draws.Next(Make(id), 2, wasServed, 1) == 2);
        Assert.InRange(kept / 4000.0, expected - 0.03, expected + 0.03);
    }

    [Fact]
    public void TurnsOfAConversationShareTheirDraws()
    {
        PriorityDraws draws = new(new());
        Assert.Equal(draws.First(Make(1, session: 5), 3), draws.First(Make(2, session: 5), 3));
        Assert.NotEqual(draws.First(Make(1), 3), draws.First(Make(2), 3));
        Assert.Equal(int.MaxValue, new PriorityDraws(new() { Frequency = 0 }).PeriodSteps);
        Assert.Equal(50, new PriorityDraws(new() { Frequency = 0.02 }).PeriodSteps);
    }

    [Fact]
    public void WithoutRefreshesAndWithRoomForAllNobodyIsPreempted()
    {
        Assert.Equal(0, Run(Engine(false, false, false), frequency: 0, blocks: 4000).Fleet.Replicas[0].Counters.Preemptions);
        Assert.True(Run(Engine(false, false, false), frequency: 0.1).Fleet.Replicas[0].Counters.Preemptions > 50);
        // More often, more of them.
        Assert.True(Preemptions(0.2) > Preemptions(0.05));
        static long Preemptions(double frequency) => Run(Engine(false, false, false), frequency).Fleet.Replicas[0].Counters.Preemptions;
    }

    [Fact]
    public void EveryPartSavesWaiting()
    {
        // Each part on the ones before it, as in the paper's ablation.
        Duration[] waits =
        [
            .. new[] { Engine(false, false, false), Engine(true, false, false), Engine(true, true, false), Engine(true, true, true) }
                .Select(engine => Run(engine, frequency: 0.1).Fleet.Replicas[0].Counters.SwapWait),
        ];
        for (int i = 1; i < waits.Length; i++) Assert.True(waits[i] < waits[i - 1], $"{i}: {waits[i]} after {waits[i - 1]}");
    }

    [Fact]
    public void ReuseCopiesFewerTokensOut()
    {
        KvSwap without = Run(Engine(true, true, false), frequency: 0.1).Fleet.Replicas[0].Swap!;
        KvSwap with = Run(Engine(true, true, true), frequency: 0.1).Fleet.Replicas[0].Swap!;
        Assert.True(with.TokensOut < 0.7 * without.TokensOut, $"{with.TokensOut} of {without.TokensOut}");
        Assert.Equal(0, without.TokensReused);
    }

    [Theory]
    [InlineData("priority")]
    [InlineData("vtc")]
    [InlineData("trail")]
    [InlineData("vllm-v0")]
    [InlineData("priority-refresh")]
    public void TheSwapEngineWorksUnderOtherPreemptiveSchedulers(string name)
    {
        SchedulerSpec spec = Orrery.Serving.Systems.Schedulers.Registry.Find(name).Default;
        FleetHarness harness = Harness(Engine(true, true, true), blocks: 60) with { Scheduler = () => spec.Create(new(512, "toy", default)), MaxModelTokens = 512 };
        RandomRequests requests = new() { Count = 200, MeanGapCells = 25, SessionShare = 0.6, Priorities = 3 };
        FleetOutcome outcome = harness.Run(new ScriptedTraffic(requests.Make(RandomStream.Root(8))));
        KvSwap pool = outcome.Fleet.Replicas[0].Swap!;
        Assert.All(outcome.Sequences, sequence => Assert.Contains(sequence.Outcome, new[] { Outcome.Finished, Outcome.Rejected }));
        Assert.True(pool.TokensOut > 0 && pool.TokensIn > 0 && pool.TokensReused > 0, $"{pool.TokensOut} out, {pool.TokensIn} in, {pool.TokensReused} reused");
        Assert.Equal(pool.TotalTokens, pool.FreeTokens + pool.ParkedTokens);
    }

    [Fact]
    public void WhoIsStillBeingCopiedBackGetsNoTokens()
    {
        // A slow link: one copy back takes many steps.
        CopyCosts slow = new(1000, 2, Duration.FromMicroseconds(1), 2e6);
        FleetHarness harness = Harness(Engine(true, true, true), 60) with
        {
            Swap = () => new KvSwap(new() { Out = CopyMode.Background, In = CopyMode.Background, Reuse = true }, slow, 100_000),
        };
        int inFlight = 0;
        harness = harness with
        {
            Scheduler = () => new WatchedScheduler(
                new PriorityRefreshOptions { Frequency = 0.1, MaxBatchedTokens = 2048, Watermark = 0 }.Create(new(2048, "toy", default)),
                (_, view, plan) =>
                {
                    inFlight = Math.Max(inFlight, view.Swap!.Returning);
                    foreach (Execution.PlanItem item in plan.Items) Assert.False(item.Sequence.InFlight);
                }),
        };
        FleetOutcome outcome = harness.Run(new ScriptedTraffic(Requests()));
        Assert.True(inFlight > 0);
        Assert.All(outcome.Sequences, sequence => Assert.Equal(sequence.Request.OutputTokens, sequence.GeneratedTokens));
    }

    private static (Func<IKvMemory> Memory, SwapOptions Swap) Engine(bool groups, bool background, bool reuse) =>
        (() => groups ? new BlockGroupMemory(60, 16, 8) : new PagedMemory(60, 16),
            new() { Out = background ? CopyMode.Background : CopyMode.Blocking, In = background ? CopyMode.Adaptive : CopyMode.Blocking, MinBatch = 2, Reuse = reuse });

    private static FleetOutcome Run((Func<IKvMemory> Memory, SwapOptions Swap) engine, double frequency, int blocks = 60) =>
        (Harness(engine, blocks) with
        {
            Scheduler = () => new PriorityRefreshOptions { Frequency = frequency, MaxBatchedTokens = 2048, Watermark = 0 }.Create(new(2048, "toy", default)),
        }).Run(new ScriptedTraffic(Requests()));

    private static FleetHarness Harness((Func<IKvMemory> Memory, SwapOptions Swap) engine, int blocks) => new()
    {
        Scheduler = () => throw new InvalidOperationException("give it a scheduler"),
        Memory = () => blocks == 60 ? engine.Memory() : new PagedMemory(blocks, 16),
        Swap = () => new KvSwap(engine.Swap, new CopyCosts(1000, 16, Duration.FromMicroseconds(20), 1e8), 100_000),
        MaxModelTokens = 900,
        Cost = new ToyCost(Duration.FromMilliseconds(5), Duration.FromMicroseconds(20), default, Duration.FromMilliseconds(1)),
    };

    private static IReadOnlyList<Request> Requests() =>
        [.. Enumerable.Range(0, 30).Select(i => new Request { Id = i, Arrival = Instant.FromNanoseconds(i * 40_000_000L), PromptTokens = 100 + (7 * i), OutputTokens = 60 + (5 * (i % 9)) })];

    private static Sequence Make(int id, long session = -1) =>
        new(new Request { Id = id, Arrival = Instant.Zero, PromptTokens = 1, OutputTokens = 1, Session = session }, 10, 0);
}
