using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems.Andes;
using Orrery.Serving.Systems.RoundRobin;
using Orrery.Serving.Systems.VllmV0;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Andes: its packing against the optimum, who goes and who comes, its cap and its trigger; and the ring it is compared with.</summary>
public sealed class AndesTests
{
    private static readonly ToyCost Cost = new(Duration.FromMilliseconds(20), Duration.FromMicroseconds(100), default, Duration.FromNanoseconds(1));

    [Fact]
    public void PackingIsNeverBetterThanTheOptimumAndOftenEqual()
    {
        RandomStream random = RandomStream.Root(11);
        int equal = 0;
        const int rounds = 300;
        for (int round = 0; round < rounds; round++)
        {
            PackItem[] items = [.. Enumerable.Range(0, 3 + random.NextInt(8)).Select(_ => Item(random.NextInt(100) / 100.0, 1 + random.NextInt(20), random.NextInt(2) == 0))];
            int memory = 20 + random.NextInt(60);
            int batch = 1 + random.NextInt(items.Length);
            (double gain, bool[] taken) = Pack(items, batch, new(memory, 0, Misfit.Skip, false));
            (double stopped, bool[] prefix) = Pack(items, batch, new(memory, 0, Misfit.Stop, false));
            foreach (bool[] choice in new[] { taken, prefix })
            {
                Assert.True(items.Where((_, i) => choice[i]).Sum(item => item.Blocks) <= memory);
                Assert.True(choice.Count(isTaken => isTaken) <= batch);
            }
            double best = Optimum(items, batch, memory);
            Assert.True(gain <= best + 1e-9 && stopped <= gain + 1e-9);
            if (gain >= best - 1e-9) equal++;
            // Where all take the same room the greedy choice is the best one.
            PackItem[] alike = [.. items.Select(item => item with { Tokens = 7, Blocks = 7 })];
            Assert.Equal(Optimum(alike, batch, memory), Pack(alike, batch, new(memory, 0, Misfit.Stop, false)).Gain, 9);
        }
        Assert.True(equal > rounds / 2, $"{equal} of {rounds}");
    }

    [Fact]
    public void PackingStopsOrSkipsAndSparesRoomForAdmissionsOnly()
    {
        PackItem[] items = [Item(0.9, 5, true), Item(0.8, 8, false), Item(0.1, 3, true)];
        Assert.Equal([true, false, false], Pack(items, 3, new(10, 0, Misfit.Stop, false)).Taken);
        Assert.Equal([true, false, true], Pack(items, 3, new(10, 0, Misfit.Skip, false)).Taken);
        Assert.Equal([true, true, false], Pack(items, 3, new(13, 0, Misfit.Stop, false)).Taken);
        Assert.Equal([true, false, true], Pack(items, 3, new(13, 1, Misfit.Skip, false)).Taken);
        Assert.Equal([true, false, true], Pack(items, 2, new(16, 0, Misfit.Stop, true)).Taken);
        Assert.Equal([true, true, false], Pack(items, 2, new(16, 0, Misfit.Stop, false)).Taken);
    }

    /// <summary>
    /// The sign of the gain: of one who waits for the first token and one with a full buffer, the first is served. Inverted (wait minus
    /// serve), the buffered one would keep its place.
    /// </summary>
    [Theory]
    [InlineData(Gain.Average)]
    [InlineData(Gain.MaxMin)]
    public void WhoeverIsBehindTakesThePlaceOfWhoeverIsAhead(Gain gain)
    {
        List<Request> requests = [Ask(0, 0, 64, 400), Ask(1, 2, 64, 100)];
        FleetOutcome outcome = Run(new AndesOptions { MaxSequences = 1, Gain = gain, Horizon = Horizon.Steps, Preemptions = 5, MemoryTrigger = 1 }, requests, 1000);
        Sequence ahead = outcome.Sequences.Single(sequence => sequence.Id == 0);
        Sequence behind = outcome.Sequences.Single(sequence => sequence.Id == 1);
        Assert.True(ahead.Preemptions > 0);
        // 400 tokens of 20 ms take 8 s: waiting for them would be 6 s.
        Assert.True((behind.FirstToken - behind.Arrival).Seconds < 2.5, $"{behind.FirstToken - behind.Arrival}");
        Assert.True(Quality(outcome, 0) > 0.97 && Quality(outcome, 1) > 0.85, $"{Quality(outcome, 0)} {Quality(outcome, 1)}");
        FleetOutcome inOrder = Run(new VllmV0Options { MaxSequences = 1 }, requests, 1000);
        Assert.True(Quality(inOrder, 1) < 0.75);
    }

    [Fact]
    public void PerfectRequestsAreKeptPerfect()
    {
        // The second is already far behind when the third comes: only the third can still be perfect.
        List<Request> requests = [Ask(0, 0, 64, 300), Ask(1, 0, 64, 300), Ask(2, 4, 64, 60)];
        FleetOutcome outcome = Run(new AndesOptions { MaxSequences = 1, Gain = Gain.Perfect, Horizon = Horizon.Time, HorizonTime = Duration.FromSeconds(2), Preemptions = 20 }, requests, 1000);
        Assert.True(Quality(outcome, 2) > 0.999, $"{Quality(outcome, 2)}");
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(1.0)]
    [InlineData(2.0)]
    public void PreemptionsPerRequestStayWithinTheCap(double cap)
    {
        // Places are scarce and memory is not, so that nobody has to go for want of a block.
        List<Request> requests = Burst(120, 0.05);
        FleetOutcome outcome = Run(new AndesOptions { Preemptions = cap, MaxSequences = 12 }, requests, 2000, swapped: true);
        int preempted = outcome.Sequences.Sum(sequence => sequence.Preemptions);
        Assert.True(preempted <= cap * requests.Count, $"{preempted} preemptions");
        if (cap > 0) Assert.True(preempted > 0);
        Assert.All(outcome.Sequences, sequence => Assert.Equal(Outcome.Finished, sequence.Outcome));
    }

    [Fact]
    public void BelowTheTriggerPlansAreThoseOfTheEngineBeneath()
    {
        List<(int, int)> requests = [.. Enumerable.Range(0, 40).Select(i => (30 + (37 * i % 200), 20 + (31 * i % 90)))];
        PlanLog.Run(new AndesOptions(), requests, out PlanLog andes);
        PlanLog.Run(new VllmV0Options(), requests, out PlanLog engine);
        Assert.Equal(engine.Plans, andes.Plans);
    }

    [Fact]
    public void NobodyStarvesUnderModerateLoad()
    {
        // One long request among many short ones in tight memory.
        List<Request> requests = [Ask(0, 1, 600, 500), .. Burst(300, 0.3).Select(request => Ask((int)request.Id + 1, request.Arrival.Nanoseconds / 1e9, request.PromptTokens, request.OutputTokens))];
        FleetOutcome outcome = Run(new AndesOptions(), requests, 240, swapped: true);
        Assert.All(outcome.Sequences, sequence => Assert.True((sequence.End - sequence.Arrival).Seconds < 60, $"{sequence} took {sequence.End - sequence.Arrival}"));
        int rank = outcome.Sequences.Select(sequence => sequence.Id).ToList().IndexOf(0);
        Assert.True(rank < 280, $"the long one left as number {rank}");
    }

    [Fact]
    public void UnderABurstItKeepsReadersHappierThanItsBaselines()
    {
        List<Request> requests = Burst(300, 0.1);
        double andes = Mean(new AndesOptions());
        double engine = Mean(new VllmV0Options());
        double ring = Mean(new RoundRobinOptions());
        Assert.True(andes > 1.1 * engine && andes > ring, $"andes {andes} engine {engine} ring {ring}");

        double Mean(SchedulerSpec spec) => Run(spec, requests, 300, swapped: true).Metrics.Qoe.Summarize(ServingMetrics.QoePartsPerOne)!.Mean;
    }

    [Fact]
    public void FewerBatchSizesChangeNothingWhereTheyAreAllTried()
    {
        List<Request> requests = Burst(60, 0.05);
        AndesOptions all = new() { BatchSizes = null, MaxSequences = 6 };
        Assert.Equal(Run(all, requests, 100).Text, Run(all with { BatchSizes = 6 }, requests, 100).Text);
    }

    [Fact]
    public void TheProfileIsLinearBetweenWhatWasMeasured()
    {
        ToyCost cost = new(Duration.FromMilliseconds(10), Duration.FromMicroseconds(200), Duration.FromNanoseconds(400), Duration.FromNanoseconds(1));
        LatencyProfile profile = LatencyProfile.Of(new(2048, "toy", default, StepTimes: cost), 100);
        // 10 ms + 37 · 0.2 ms + 37 · 500 · 400 ns
        Assert.Equal(10 + 7.4 + 7.4, profile.Decode(37, 50, 50 * 500).Milliseconds, 5);
        Assert.Equal(10 + (300 * 0.2), profile.Prefill(300).Milliseconds, 5);
        Assert.Equal(Duration.Zero, LatencyProfile.None.Decode(5, 5, 100));
    }

    [Fact]
    public void TheRingGivesWayAfterItsQuantum()
    {
        List<(int, int)> requests = [(10, 6), (10, 6), (10, 3)];
        PlanLog.Run(new RoundRobinOptions { Quantum = 2, MaxSequences = 1 }, requests, out PlanLog log);
        // Two steps each, prefill included; recomputed prompts carry what was generated. The last to finish runs on alone.
        Assert.Equal(
            [
                "0:10", "0:1", "1:10 evicted 1", "1:1", "2:10 evicted 1", "2:1", "0:12 evicted 1", "0:1", "1:12 evicted 1", "1:1", "2:12 evicted 1",
                "0:14", "0:1", "1:14", "1:1",
            ],
            log.Plans);
    }

    private static PackItem Item(double gain, int size, bool runs) => new(gain, size, size, runs);

    private static (double Gain, bool[] Taken) Pack(PackItem[] items, int batch, PackLimits limits)
    {
        bool[] taken = new bool[items.Length];
        double gain = Packing.Pack(items, batch, limits, new int[items.Length], taken, new Packing.Key[items.Length]).Gain;
        return (gain, taken);
    }

    private static double Optimum(PackItem[] items, int batch, int memory)
    {
        double best = 0;
        for (int mask = 0; mask < 1 << items.Length; mask++)
        {
            PackItem[] chosen = [.. items.Where((_, i) => (mask >> i & 1) == 1)];
            if (chosen.Length <= batch && chosen.Sum(item => item.Blocks) <= memory) best = Math.Max(best, chosen.Sum(item => item.Gain));
        }
        return best;
    }

    private static double Quality(FleetOutcome outcome, long id) => outcome.Sequences.Single(sequence => sequence.Id == id).QualityOfExperience(new());

    private static List<Request> Burst(int count, double gapSeconds) =>
        [.. Enumerable.Range(0, count).Select(i => Ask(i, i * gapSeconds, 40 + (37 * i % 160), 40 + (53 * i % 200)))];

    private static FleetOutcome Run(SchedulerSpec spec, IReadOnlyList<Request> requests, int blocks, bool swapped = false) => new FleetHarness
    {
        Scheduler = () => spec.Create(new(2048, "toy", default, StepTimes: Cost)),
        Memory = () => new PagedMemory(blocks, 16),
        Swap = swapped ? () => new KvSwap(new(), new(1e6, 80, Duration.FromMicroseconds(8), 32e9), 100_000) : null,
        MaxModelTokens = 2048,
        Cost = Cost,
    }.Run(new ScriptedTraffic(requests));

    private static Request Ask(int id, double seconds, int prompt, int output) => new()
    {
        Id = id,
        Arrival = Instant.Zero + Duration.FromSeconds(seconds),
        PromptTokens = prompt,
        OutputTokens = output,
    };
}
