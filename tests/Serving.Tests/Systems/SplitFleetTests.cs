using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Fleets;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems.DistServe;
using Orrery.Serving.Systems.Splitwise;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Fleets of prefill and decode replicas under DistServe and Splitwise: equal to single steps, and nothing is lost on the way.</summary>
public sealed class SplitFleetTests
{
    private const int Longest = 512;

    [Theory]
    [InlineData("distserve")]
    [InlineData("splitwise")]
    public void RandomFleetsEqualSingleStepsAndLoseNothing(string system)
    {
        long moved = 0;
        long steps = 0;
        long plans = 0;
        for (int seed = 0; seed < 60; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed).Split(system);
            FleetHarness harness = Fleet(system, random.Split("fleet"));
            IReadOnlyList<Request> requests = new RandomRequests
            {
                ImpatientShare = random.NextInt(2) * 0.15,
                LimitedShare = random.NextInt(2),
                MeanGapCells = 2 + random.NextInt(30),
            }.Make(random.Split("requests"));
            FleetOutcome fast = harness.Run(new ScriptedTraffic(requests));
            FleetOutcome single = harness.Run(new ScriptedTraffic(requests), fastForward: false);
            Assert.True(fast.Text == single.Text, $"seed {seed}:\n{FirstDifference(fast.Text, single.Text)}");
            CheckNothingIsLost(fast, requests, seed);
            moved += fast.Fleet.Moves.HandOvers;
            steps += fast.Fleet.Replicas.Sum(replica => replica.Counters.Steps);
            plans += fast.Fleet.Replicas.Sum(replica => replica.Counters.Plans);
        }
        Assert.True(moved > 500, $"{moved} hand-overs");
        Assert.True(steps > plans, $"{steps} steps in {plans} plans");
    }

    /// <summary>With room everywhere each prompt is computed once, on one side, and moves with exactly its bytes.</summary>
    [Theory]
    [InlineData("distserve")]
    [InlineData("splitwise")]
    public void PhasesStayApartAndEveryPromptMovesOnce(string system)
    {
        Request[] requests = [.. Enumerable.Range(0, 40).Select(i => new Request { Id = i, Arrival = Instant.FromNanoseconds(i * 30_000_000L), PromptTokens = 50 + i, OutputTokens = 2 + (i % 7) })];
        FleetHarness harness = Fleet(system, RandomStream.Root(5)) with { Memory = () => new PagedMemory(4000, 16) };
        FleetOutcome outcome = harness.Run(new ScriptedTraffic(requests));
        FleetMoves moves = outcome.Fleet.Moves;
        Assert.Equal(requests.Length, moves.HandOvers);
        long promptTokens = requests.Sum(request => (long)request.PromptTokens);
        Assert.Equal(promptTokens * harness.KvBytesPerToken, (long)moves.HandOverBytes);
        Assert.Equal(promptTokens, outcome.Fleet.Replicas.Where((_, i) => harness.Roles(i) == ReplicaRole.Prefill).Sum(replica => replica.Counters.PrefillTokens));
        Assert.All(outcome.Fleet.Replicas.Where((_, i) => harness.Roles(i) == ReplicaRole.Decode), replica => Assert.Equal(0, replica.Counters.PrefillTokens));
        Assert.All(outcome.Fleet.Replicas.Where((_, i) => harness.Roles(i) == ReplicaRole.Prefill), replica => Assert.Equal(0, replica.Counters.DecodeTokens));
    }

    /// <summary>Without room at the decode side KV stays where the prompt was read, and holds new prompts back there.</summary>
    [Fact]
    public void PrefillMemoryIsTheBurstBuffer()
    {
        Request[] requests = [.. Enumerable.Range(0, 12).Select(i => new Request { Id = i, Arrival = Instant.FromNanoseconds(i), PromptTokens = 64, OutputTokens = 60 })];
        FleetOutcome outcome = new FleetHarness
        {
            Replicas = 2,
            Roles = index => index == 0 ? ReplicaRole.Prefill : ReplicaRole.Decode,
            Options = _ => new() { HandOver = new() { Mode = HandOverMode.Pull, WaitingShare = 0.05 } },
            Router = () => new DistServeRouter(),
            Scheduler = () => new DistServeOptions().Create(new(Longest, "toy", default)),
            // Four prompts of four blocks fit the prefill side; two requests of eight the decode side.
            Memory = () => new PagedMemory(17, 16),
            Cost = ToyCost.Constant(Duration.FromMilliseconds(10)),
            MaxModelTokens = Longest,
        }.Run(new ScriptedTraffic(requests));
        Sequence[] byId = [.. outcome.Sequences.OrderBy(sequence => sequence.Id)];
        Assert.All(byId, sequence => Assert.Equal(60, sequence.GeneratedTokens));
        // The first four are read in the first step; those after them wait for decodes to end although no other prompt is in their way.
        Assert.True((byId[11].FirstToken - byId[0].FirstToken).Seconds > 0.5, $"the last prompt was read after {byId[11].FirstToken}");
        Assert.Equal(17, outcome.Fleet.Replicas[0].Counters.KvBlocks.Max + 1);
    }

    private static FleetHarness Fleet(string system, RandomStream random)
    {
        int prefills = 1 + random.NextInt(2);
        int decodes = 1 + random.NextInt(2);
        int blocks = 40 + random.NextInt(60);
        bool isPush = system == "splitwise";
        SchedulerSpec spec = isPush ? new SplitwiseOptions { MaxTokens = 300 } : new DistServeOptions { MaxPromptTokens = 512 };
        HandOverOptions handOver = new()
        {
            Mode = isPush ? HandOverMode.Push : HandOverMode.Pull,
            Overlap = isPush ? HandOverOverlap.Layers : HandOverOverlap.None,
            WaitingShare = 0.05 + (random.NextInt(3) * 0.2),
            Retry = Duration.FromMilliseconds(40),
        };
        bool swaps = !isPush && random.NextInt(2) == 0;
        return new()
        {
            Replicas = prefills + decodes,
            Roles = index => index < prefills ? ReplicaRole.Prefill : ReplicaRole.Decode,
            Options = _ => new() { HandOver = handOver, Links = new() { Bandwidth = new BytesPerSecond(20e6) } },
            Router = () => isPush ? new SplitwiseRouter(pools: true, maxPendingTokens: 400) : new DistServeRouter(),
            Scheduler = () => spec.Create(new(Longest, "toy", default)),
            Memory = () => new PagedMemory(blocks, 16),
            Predictor = request => request.OutputTokens,
            Cost = new ToyCost(Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), Duration.FromMicroseconds(2), Duration.FromMilliseconds(1)),
            Swap = swaps ? () => new KvSwap(new SwapOptions(), new CopyCosts(1000, 4, Duration.FromMicroseconds(20), 1e8), 1500) : null,
            MaxModelTokens = Longest,
        };
    }

    private static void CheckNothingIsLost(FleetOutcome outcome, IReadOnlyList<Request> requests, int seed)
    {
        Assert.True(outcome.Sequences.Select(sequence => sequence.Id).Order().SequenceEqual(requests.Select(request => request.Id)), $"seed {seed}");
        foreach (Sequence sequence in outcome.Sequences)
            if (sequence.Outcome == Outcome.Finished) Assert.True(sequence.GeneratedTokens == sequence.Request.OutputTokens, $"seed {seed}: {sequence}");
        Assert.Equal(outcome.Sequences.Sum(sequence => (long)sequence.GeneratedTokens), outcome.Fleet.Replicas.Sum(replica => replica.Counters.OutputTokens));
        foreach (Replica replica in outcome.Fleet.Replicas)
        {
            Assert.True(replica.Memory.UsedBlocks == 0, $"seed {seed}: replica {replica.Index} keeps {replica.Memory.UsedBlocks} blocks");
            Assert.Equal(0, replica.LiveRequests);
            Assert.Equal(0, replica.LiveTokens);
        }
    }

    private static string FirstDifference(string a, string b)
    {
        string[] left = a.Split('\n');
        string[] right = b.Split('\n');
        for (int i = 0; i < Math.Min(left.Length, right.Length); i++)
            if (left[i] != right[i]) return $"{left[i]}\n{right[i]}";
        return "one is longer";
    }
}
