using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Fleets;
using Orrery.Serving.Lending;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.InfiniteLlm;
using Orrery.Serving.Systems.VllmV0;
using Orrery.Serving.Systems.VllmV0Chunked;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Serving.Tests.Replicas;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;

namespace Orrery.Serving.Tests.Lending;

/// <summary>Fleets that lend: long requests run, memory is conserved, and single steps see what runs of steps saw.</summary>
public sealed class LendingFleetTests
{
    private static readonly Deployment Some = Deployment.Create(Catalog.Model("llama-2-7b"), Catalog.Device("a100-sxm-80gb"));

    [Fact]
    public void ARequestLongerThanAReplicaRuns()
    {
        // 64 blocks of 16: 1,024 tokens each. The prompt of 2,500 needs two and a half replicas.
        FleetHarness harness = Harness(blocks: 64, replicas: 4, new InfiniteLlmOptions { Interval = Duration.FromMilliseconds(50) }, new VllmV0ChunkedOptions { MaxBatchedTokens = 512 });
        FleetOutcome outcome = harness.Run(new ScriptedTraffic([At(0, 2500, 50), At(1, 100, 20), At(2, 100, 20), At(3, 100, 20)]));
        Assert.All(outcome.Sequences, sequence => Assert.Equal(Outcome.Finished, sequence.Outcome));
        Assert.Equal(50, outcome.Sequences.Single(sequence => sequence.Id == 0).GeneratedTokens);
        LendingMarket market = outcome.Lending!.Market!;
        Assert.True(market.PromisedBlocks >= 157 - 64, $"{market.PromisedBlocks} blocks");
        AssertEmpty(outcome);
    }

    [Fact]
    public void ARequestLongerThanTheFleetIsRefused()
    {
        FleetHarness harness = Harness(blocks: 64, replicas: 4, new InfiniteLlmOptions(), new VllmV0ChunkedOptions { MaxBatchedTokens = 512 });
        FleetOutcome outcome = harness.Run(new ScriptedTraffic([At(0, 64 * 4 * 16, 50)]));
        Assert.Equal(Outcome.Rejected, Assert.Single(outcome.Sequences).Outcome);
    }

    [Theory]
    [InlineData(LendingChoice.Greedy)]
    [InlineData(LendingChoice.Nearest)]
    [InlineData(LendingChoice.Random)]
    public void RandomFleetsEqualSingleStepsAndConserveMemory(LendingChoice choice)
    {
        long promised = 0;
        long copied = 0;
        long back = 0;
        long steps = 0;
        long plans = 0;
        for (int seed = 0; seed < 25; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            InfiniteLlmOptions options = new()
            {
                Choice = choice,
                Interval = Duration.FromMilliseconds(5 + random.NextInt(60)),
                Delay = Duration.FromMilliseconds(random.NextInt(20)),
                Message = Duration.FromMilliseconds(random.NextInt(3)),
                Chunk = 1 + random.NextInt(8),
                Threshold = 0.05,
                LongShare = 0.1 + (random.NextDouble() / 2),
                KeptShare = 0.04 + (random.NextInt(3) * 0.05),
                LendLimit = 0.5 + (random.NextDouble() / 2),
            };
            SchedulerSpec scheduler = random.NextInt(3) switch
            {
                0 => new VllmV0ChunkedOptions { MaxBatchedTokens = 64 + random.NextInt(400) },
                1 => new VllmV1Options { MaxBatchedTokens = 64 + random.NextInt(400) },
                _ => new VllmV0Options { MaxBatchedTokens = 4096 },
            };
            FleetHarness harness = Harness(30 + random.NextInt(60), 2 + random.NextInt(4), options, scheduler) with { SampleEvery = Duration.FromMilliseconds(13) };
            IReadOnlyList<Request> requests = Requests(random.Split("requests"));
            FleetOutcome fast = harness.Run(new ScriptedTraffic(requests));
            FleetOutcome single = harness.Run(new ScriptedTraffic(requests), fastForward: false);
            Assert.True(fast.Text == single.Text, $"seed {seed}, {options}, {scheduler}:\n{FastForwardTests.FirstDifference(fast.Text, single.Text)}");
            Assert.Equal(requests.Count, fast.Sequences.Count);
            AssertEmpty(fast);
            promised += fast.Lending!.Market!.PromisedBlocks;
            copied += fast.Lending.Market.CopiedBlocks;
            back += fast.Lending.Market.TakenBackBlocks;
            steps += fast.Fleet.Replicas.Sum(replica => replica.Counters.Steps);
            plans += fast.Fleet.Replicas.Sum(replica => replica.Counters.Plans);
            // Nobody waits for ever, where a prompt enters with memory for all of it.
            if (scheduler is VllmV1Options) continue;
            foreach (Sequence sequence in fast.Sequences) Assert.True(sequence.Outcome != Outcome.TimedOut, $"seed {seed}, {options}, {scheduler}: {sequence} of {sequence.PromptTokens} waited for ever on {sequence.Replica}");
        }
        // The property would be empty if nothing had been lent or fast-forwarded.
        Assert.True(promised > 1000 && copied > 0 && back > 0, $"{promised} promised, {copied} copied, {back} taken back");
        Assert.True(10 * steps > 11 * plans, $"{steps} steps in {plans} plans");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhenAHolderDiesItsOwnersComputeAgain(bool fastForward)
    {
        FleetHarness harness = Harness(blocks: 64, replicas: 4, new InfiniteLlmOptions { Interval = Duration.FromMilliseconds(50) }, new VllmV0ChunkedOptions { MaxBatchedTokens = 512 });
        harness = harness with
        {
            Befalls = (Duration.FromMilliseconds(700), market => Assert.True(Kill(market), "nobody had borrowed anything")),
        };
        FleetOutcome outcome = harness.Run(new ScriptedTraffic([At(0, 2000, 200), At(1, 100, 20)]), fastForward);
        Assert.All(outcome.Sequences, sequence => Assert.Equal(Outcome.Finished, sequence.Outcome));
        Sequence longOne = outcome.Sequences.Single(sequence => sequence.Id == 0);
        Assert.Equal(200, longOne.GeneratedTokens);
        Assert.True(longOne.Preemptions > 0, "nothing was lost");
        Assert.True(outcome.Fleet.Replicas.Sum(replica => replica.Counters.PrefillTokens) > 2 * 2000, "the prompt was not computed again");
        outcome.Lending!.Market!.Ledger.Check(outcome.Lending.Memories);
        Assert.All(outcome.Lending.Memories, memory => Assert.Empty(memory.Scattered));

        static bool Kill(LendingMarket market)
        {
            for (int creditor = 3; creditor >= 0; creditor--)
            {
                if (market.Ledger.LentBy(creditor) == 0) continue;
                market.Die(creditor);
                return true;
            }
            return false;
        }
    }

    /// <summary>The same seed gives the same run.</summary>
    [Fact]
    public void RunsRepeat()
    {
        FleetHarness harness = Harness(40, 3, new InfiniteLlmOptions { Choice = LendingChoice.Random, Interval = Duration.FromMilliseconds(20) }, new VllmV1Options { MaxBatchedTokens = 256 });
        IReadOnlyList<Request> requests = Requests(RandomStream.Root(5));
        Assert.Equal(harness.Run(new ScriptedTraffic(requests)).Text, harness.Run(new ScriptedTraffic(requests)).Text);
    }

    private static FleetHarness Harness(int blocks, int replicas, LendingSpec spec, SchedulerSpec scheduler)
    {
        ToyCost cost = new(Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), Duration.FromMicroseconds(4), Duration.FromMilliseconds(1));
        LendingDesign design = new(spec, Some, blocks, 16, replicas);
        ReplicaFacts facts = new(16 * blocks * replicas, "toy", default, StepTimes: cost);
        return new()
        {
            Cost = cost,
            Scheduler = () => scheduler.Create(facts),
            Lending = () => new FleetLending(design),
            MaxModelTokens = facts.MaxModelTokens,
            Replicas = replicas,
        };
    }

    /// <summary>Mostly short, some longer than a replica's memory.</summary>
    private static List<Request> Requests(RandomStream random)
    {
        List<Request> requests = [];
        Instant at = Instant.Zero;
        for (int id = 0; id < 60; id++)
        {
            at += Duration.FromMilliseconds(random.NextInt(40));
            int prompt = random.NextInt(8) == 0 ? 200 + random.NextInt(900) : 1 + random.NextInt(200);
            Duration? leaves = random.NextInt(12) == 0 ? Duration.FromMilliseconds(random.NextInt(600)) : null;
            requests.Add(new() { Id = id, Arrival = at, PromptTokens = prompt, OutputTokens = 1 + random.NextInt(120), CancelAfter = leaves ?? Duration.Infinite, Timeout = Duration.FromSeconds(200) });
        }
        return requests;
    }

    private static Request At(long id, int prompt, int output) => new() { Id = id, Arrival = Instant.Zero, PromptTokens = prompt, OutputTokens = output };

    /// <summary>The books agree, and when all messages have arrived nobody owes anything.</summary>
    private static void AssertEmpty(FleetOutcome outcome)
    {
        outcome.Lending!.Market!.Ledger.Check(outcome.Lending.Memories);
        foreach (LendingMemory memory in outcome.Lending.Memories)
        {
            Assert.Empty(memory.Scattered);
            Assert.True(memory.FreeHere + outcome.Lending.Market.Ledger.LentBy(outcome.Lending.Memories.ToList().IndexOf(memory)) == memory.TotalBlocks, "blocks were lost");
        }
    }
}
