using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Finetuning;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems.FlexLlm;
using Orrery.Serving.Tests.Systems;
using Orrery.Serving.Tests.Replicas;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;
using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Tests.Finetuning;

/// <summary>Every way of finetuning over every scheduler, over random scenarios full of ties.</summary>
public sealed class CoServingTests
{
    private const int Layers = 4;
    private static readonly Duration Target = Duration.FromMilliseconds(9);

    public static TheoryData<string> Schedulers => RandomSystems.Names;

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void RandomScenariosEqualSingleSteps(string name)
    {
        long steps = 0;
        long plans = 0;
        for (ulong seed = 0; seed < 24; seed++)
        {
            RandomStream random = RandomStream.Root(seed);
            FinetuneSpec finetune = Random(random.Split("finetune"));
            FleetHarness harness = Scenario(name, random.Split("fleet"), finetune);
            IReadOnlyList<Request> requests = Requests(random.Split("requests"));
            FleetOutcome fast = harness.Run(new ScriptedTraffic(requests));
            FleetOutcome single = harness.Run(new ScriptedTraffic(requests), fastForward: false);
            Assert.True(fast.Text == single.Text, $"seed {seed}, {finetune}:\n{FastForwardTests.FirstDifference(fast.Text, single.Text)}");
            steps += fast.Fleet.Replicas.Sum(replica => replica.Counters.Steps);
            plans += fast.Fleet.Replicas.Sum(replica => replica.Counters.Plans);
            foreach (Replica replica in fast.Fleet.Replicas) RequireConservation(replica.Counters, finetune);
        }
        // Steps run ahead where finetuning is over, yields or waits for its turn.
        Assert.True(steps > plans, $"{steps} steps in {plans} plans");
    }

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void CoServingLeavesInferenceAsItWasAndKeepsTheTarget(string name)
    {
        long trained = 0;
        for (ulong seed = 0; seed < 12; seed++)
        {
            RandomStream random = RandomStream.Root(seed);
            FlexLlmOptions options = new() { SequenceTokens = 20 + random.NextInt(100), Target = Target };
            List<Watch> watches = [];
            FleetHarness harness = Scenario(name, random.Split("fleet"), options);
            harness = harness with
            {
                AddOns = () =>
                {
                    watches.Add(new(options.Create(harness.Cost, Layers), harness.Cost));
                    return [watches[^1]];
                },
            };
            FleetOutcome outcome = harness.Run(new ScriptedTraffic(Requests(random.Split("requests"))), fastForward: false);
            trained += outcome.Fleet.Replicas.Sum(replica => replica.Counters.TrainedTokens);
            Assert.True(watches.Sum(watch => watch.Filled) > 0);
        }
        Assert.True(trained > 0);
    }

    /// <summary>The run ends with the inference traffic: jobs without end do not keep it going, and work stops at the last departure.</summary>
    [Fact]
    public void FinetuningEndsWithTheTraffic()
    {
        FlexLlmOptions options = new() { SequenceTokens = 64, Target = Target };
        FleetOutcome outcome = Scenario("vllm-v1", RandomStream.Root(1), options).Run(new ScriptedTraffic(
            [new() { Id = 0, Arrival = Instant.FromNanoseconds(500_000_000), PromptTokens = 10, OutputTokens = 5 }]));
        Instant end = outcome.Sequences[0].End;
        Assert.True(end > Instant.FromNanoseconds(500_000_000));
        foreach (Replica replica in outcome.Fleet.Replicas)
        {
            // Busy from time 0 to the last departure and not a moment longer.
            Assert.Equal(end - Instant.Zero, replica.Counters.Busy(outcome.Clock.Now));
            Assert.True(replica.Counters.TrainedTokens > 0);
        }
    }

    [Fact]
    public void AReplicaThatOnlyTrainsGetsNoRequests()
    {
        TrainingAloneOptions options = new() { SequenceTokens = 50 };
        int made = 0;
        FleetHarness harness = Scenario("vllm-v1", RandomStream.Root(1), options);
        harness = harness with { Replicas = 2, AddOns = () => made++ == 0 ? [] : [options.Create(harness.Cost, Layers)], TakesRequests = index => index == 0 };
        FleetOutcome outcome = harness.Run(new ScriptedTraffic(Requests(RandomStream.Root(3))));
        Assert.All(outcome.Sequences, sequence => Assert.Equal(0, sequence.Replica));
        ReplicaCounters counters = outcome.Fleet.Replicas[1].Counters;
        Assert.Equal(0, counters.OutputTokens);
        // Whole sequences: everything that began and ended counts.
        Assert.True(counters.TrainedTokens > 0);
        Assert.Equal(counters.TrainedTokens * Layers, counters.TrainingBackwardTokenLayers);
    }

    /// <summary>Temporal sharing: exactly one whole iteration after every n inference steps.</summary>
    [Fact]
    public void AnIterationComesAfterEverySoManySteps()
    {
        TemporalSharingOptions options = new() { SequenceTokens = 50, InferenceSteps = 7 };
        List<int> gaps = [];
        int since = -1;
        FleetHarness harness = Scenario("vllm-v1", RandomStream.Root(1), options);
        harness = harness with
        {
            Replicas = 1,
            AddOns = () => [new Spy(options.Create(harness.Cost, Layers), plan =>
            {
                if (plan.Items.Length == 0) return;
                if (plan.Training is null)
                {
                    if (since >= 0) since++;
                    return;
                }
                if (since >= 0) gaps.Add(since);
                since = 1;
            })],
        };
        harness.Run(new ScriptedTraffic([new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 10, OutputTokens = 80 }]), fastForward: false);
        Assert.NotEmpty(gaps);
        Assert.All(gaps, gap => Assert.Equal(7, gap));
    }

    /// <summary>The artefact's rule: inference fills the batch first, finetuning the rest.</summary>
    [Fact]
    public void ATokenLimitHoldsForBothTogether()
    {
        FlexLlmOptions options = new() { SequenceTokens = 300, TokenLimit = 64, LayersPerStep = 2 };
        bool filled = false;
        FleetHarness harness = Scenario("vllm-v0-chunked", RandomStream.Root(2), options);
        harness = harness with
        {
            AddOns = () => [new Spy(options.Create(harness.Cost, Layers), plan =>
            {
                if (plan.Training is not { } work) return;
                Assert.True(plan.Tokens + work.ForwardTokens <= 64);
                foreach (BackwardUnit unit in work.Units) Assert.True(plan.Tokens + unit.Tokens <= 64);
                filled |= plan.Items.Length > 0 && plan.Tokens + work.ForwardTokens == 64;
            })],
        };
        harness.Run(new ScriptedTraffic(Requests(RandomStream.Root(4))));
        Assert.True(filled);
    }

    private static void RequireConservation(ReplicaCounters counters, FinetuneSpec finetune)
    {
        Assert.Equal(0, counters.TrainedTokens % finetune.SequenceTokens);
        // At most one sequence is under way: ahead forward, then behind backward.
        Assert.InRange(counters.TrainingForwardTokens - counters.TrainedTokens, 0, finetune.SequenceTokens);
        Assert.InRange(counters.TrainingBackwardTokenLayers - (counters.TrainedTokens * Layers), 0, (long)finetune.SequenceTokens * Layers);
    }

    private static FinetuneSpec Random(RandomStream random)
    {
        int tokens = 10 + random.NextInt(120);
        int? jobs = random.NextInt(2) == 0 ? 1 + random.NextInt(3) : null;
        FinetuneSpec spec = random.NextInt(4) switch
        {
            0 => new FlexLlmOptions { Target = Duration.FromMilliseconds(3 + random.NextInt(12)) },
            1 => new FlexLlmOptions { TokenLimit = 1 + random.NextInt(100), LayersPerStep = 1 + random.NextInt(3) },
            2 => new TemporalSharingOptions { InferenceSteps = 1 + random.NextInt(40), ByQueue = random.NextInt(2) == 0 },
            _ => new SpatialSharingOptions { InferenceSlowdown = 1 + random.NextInt(3), TrainingSlowdown = 1 + random.NextInt(3) },
        };
        return spec with { SequenceTokens = tokens, Jobs = jobs, Entries = 1 + random.NextInt(5), Accumulate = 1 + random.NextInt(3) };
    }

    private static FleetHarness Scenario(string name, RandomStream random, FinetuneSpec finetune)
    {
        const int longest = 512;
        int blocks = 34 + random.NextInt(80);
        bool cached = random.NextInt(2) == 0;
        SchedulerSpec spec = RandomSystems.Make(name, random.Split("options"));
        Func<KvSwap>? swap = RandomSystems.Swap(random.Split("swap"), spec, cached);
        ToyCost cost = new(Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), Duration.FromMicroseconds(random.NextInt(20)), Duration.FromMilliseconds(1));
        return new()
        {
            Swap = swap,
            Calls = RandomSystems.Calls(random.Split("calls"), spec, swap is not null),
            Scheduler = () => spec.Create(new(longest, "toy", default)),
            Memory = () => cached ? new PrefixCachedMemory(blocks, 16) : new PagedMemory(blocks, 16),
            Predictor = RandomSystems.Predictor(random.Split("predictor")),
            Remaining = RandomSystems.Remaining(random.Split("remaining")),
            MaxModelTokens = longest,
            Replicas = 1 + random.NextInt(3),
            SampleEvery = Duration.FromMilliseconds(random.NextInt(2) * 13),
            Cost = cost,
            AddOns = () => [finetune.Create(cost, Layers)],
        };
    }

    private static IReadOnlyList<Request> Requests(RandomStream random) => new RandomRequests
    {
        ImpatientShare = random.NextInt(2) * 0.15,
        SharedShare = random.NextInt(2) * 0.5,
        LimitedShare = random.NextInt(2),
        CallingShare = random.NextInt(3) * 0.3,
        MeanGapCells = 2 + random.NextInt(60),
    }.Make(random);

    private class Spy(IPlanAddOn inner, Action<StepPlan> look) : IPlanAddOn
    {
        public bool WorksAlone => inner.WorksAlone;

        public virtual void Complete(ReplicaView view, StepPlan plan)
        {
            inner.Complete(view, plan);
            look(plan);
        }

        public int StableSteps(ReplicaView view, StepPlan plan) => inner.StableSteps(view, plan);

        public void Advance(StepPlan plan, int steps) => inner.Advance(plan, steps);
    }

    /// <summary>Compares the plan before and after, and its time with the target.</summary>
    private sealed class Watch(IPlanAddOn inner, ICostModel model) : Spy(inner, _ => { })
    {
        private readonly StepCost _cost = model.CreateStep();
        private readonly StepShape _shape = new();

        public int Filled { get; private set; }

        public override void Complete(ReplicaView view, StepPlan plan)
        {
            PlanItem[] before = plan.Items.ToArray();
            Duration delay = plan.Delay;
            base.Complete(view, plan);
            Assert.Equal(before, plan.Items.ToArray());
            Assert.Equal(delay, plan.Delay);
            if (plan.Training is null) return;
            Filled++;
            plan.Describe(_shape);
            _cost.Prepare(_shape);
            Assert.True(plan.Delay + _cost.At(0) <= Target);
        }
    }
}
