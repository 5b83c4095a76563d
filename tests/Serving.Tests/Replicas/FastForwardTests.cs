using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Exposition;
using Orrery.Serving.Memory;
using Orrery.Serving.Metrics;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems.Orca;
using Orrery.Serving.Tests.Systems;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Replicas;

/// <summary>Every result equals single-stepping bit for bit, for every scheduler, over random scenarios full of ties.</summary>
public sealed class FastForwardTests
{
    public static TheoryData<string> Schedulers => RandomSystems.Names;

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void RandomScenariosEqualSingleSteps(string name)
    {
        long steps = 0;
        long plans = 0;
        long preemptions = 0;
        for (int seed = 0; seed < 90; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            FleetHarness harness = Scenario(name, random.Split("fleet"), out string options);
            IReadOnlyList<Request> requests = Requests(random.Split("requests"), talks: harness.Swap is not null);
            FleetOutcome fast = harness.Run(new ScriptedTraffic(requests));
            FleetOutcome single = harness.Run(new ScriptedTraffic(requests), fastForward: false);
            Assert.True(fast.Text == single.Text, $"seed {seed}, {options}:\n{FirstDifference(fast.Text, single.Text)}");
            steps += fast.Fleet.Replicas.Sum(replica => replica.Counters.Steps);
            plans += fast.Fleet.Replicas.Sum(replica => replica.Counters.Plans);
            preemptions += fast.Fleet.Replicas.Sum(replica => replica.Counters.Preemptions);
        }
        // The property would be empty if nothing had been fast-forwarded.
        Assert.True(10 * steps > 11 * plans, $"{steps} steps in {plans} plans");
        bool evicts = name is not ("hf-static" or "ft");
        Assert.True(preemptions > 0 == evicts, $"{preemptions} preemptions");
    }

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void ClosedLoopsEqualSingleSteps(string name)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            FleetHarness harness = Scenario(name, random.Split("fleet"), out string options);
            Duration think = Duration.FromMilliseconds(random.NextInt(3) * 7);
            FleetOutcome fast = harness.Run(new EagerClients(random.Split("clients"), 8, 80, think));
            FleetOutcome single = harness.Run(new EagerClients(random.Split("clients"), 8, 80, think), fastForward: false);
            Assert.True(fast.Text == single.Text, $"seed {seed}, {options}:\n{FirstDifference(fast.Text, single.Text)}");
        }
    }

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void MetricsEqualSingleSteps(string name)
    {
        for (int seed = 0; seed < 6; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            FleetHarness harness = Scenario(name, random.Split("fleet"), out string options);
            IReadOnlyList<Request> requests = Requests(random.Split("requests"), talks: harness.Swap is not null);
            string fast = MetricsOf(harness, requests, fastForward: true);
            string single = MetricsOf(harness, requests, fastForward: false);
            Assert.True(fast == single, $"seed {seed}, {options}:\n{FirstDifference(fast, single)}");
        }
    }

    [Fact]
    public void AReadmissionThatLooksLikeADecodeIsPlannedAnew()
    {
        // Blocks of one token. The first outgrows its reservation and evicts the second, whose unused reservation is enough for it, so that
        // the cache keeps all the second had computed. It comes back missing one token and uses up the prompt budget of that step alone: the
        // third, which has waited behind it, enters at the next.
        int[] predicted = [5, 20, 3];
        FleetHarness harness = new()
        {
            Scheduler = () => new OrcaOptions { Reservation = Reservation.Predicted, MaxBatchSize = 3, MaxBatchedTokens = 2 }.Create(new(100, "toy", default)),
            Memory = () => new PrefixCachedMemory(45, 1),
            Predictor = request => predicted[request.Id],
            Cost = ToyCost.Constant(Duration.FromMilliseconds(10)),
        };
        List<Request> requests =
        [
            new() { Id = 0, Arrival = Instant.Zero, PromptTokens = 10, OutputTokens = 12 },
            new() { Id = 1, Arrival = Instant.Zero, PromptTokens = 10, OutputTokens = 30 },
            new() { Id = 2, Arrival = Instant.FromNanoseconds(15_000_000), PromptTokens = 5, OutputTokens = 3 },
        ];
        FleetOutcome fast = harness.Run(new ScriptedTraffic(requests));
        Assert.Equal(harness.Run(new ScriptedTraffic(requests), fastForward: false).Text, fast.Text);
        // The premise: evicted once, and nothing but the three prompts and one token was prefilled.
        Assert.Equal(1, fast.Fleet.Replicas[0].Counters.Preemptions);
        Assert.Equal(25, fast.Fleet.Replicas[0].Counters.PrefillTokens);
        Assert.Equal([0L, 2L, 1L], fast.Sequences.Select(sequence => sequence.Id));
    }

    /// <summary>The exposition without the number of plans, the one thing that fast-forward is about.</summary>
    private static string MetricsOf(FleetHarness harness, IReadOnlyList<Request> requests, bool fastForward)
    {
        ServingExposition exposition = new();
        (harness with { Exposition = exposition }).Run(new ScriptedTraffic(requests), fastForward);
        return string.Join('\n', exposition.ToString().Split('\n').Where(line => !line.StartsWith("orrery:plans_total", StringComparison.Ordinal)));
    }

    internal static FleetHarness Scenario(string name, RandomStream random, out string options)
    {
        const int longest = 512;
        int blocks = 34 + random.NextInt(80);
        bool cached = random.NextInt(2) == 0;
        SchedulerSpec spec = RandomSystems.Make(name, random.Split("options"));
        string router = Routers.Registry.Names[random.NextInt(Routers.Registry.Names.Count)];
        // Routers that look at live figures catch stale views: they get more than their share.
        if (random.NextInt(2) == 0) router = cached ? "prefix-aware" : "least-tokens";
        Func<IKvMemory> memory = RandomSystems.Memory(random.Split("memory"), blocks * 16, longest, cached, out string layout);
        options = $"{RandomSystems.Text(spec)}; router {router}, {blocks} blocks, {layout}";
        Func<KvSwap>? swap = RandomSystems.Swap(random.Split("swap"), spec, cached);
        RandomDrafts? drafts = RandomDrafts.Make(random.Split("drafts"), spec);
        if (drafts is not null) options += $"; {drafts.Control}";
        int replicas = 1 + random.NextInt(3);
        Duration sampleEvery = Duration.FromMilliseconds(random.NextInt(2) * 13);
        ToyCost cost = new(
            Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), Duration.FromMicroseconds(random.NextInt(20)), Duration.FromMilliseconds(1 + random.NextInt(4)),
            random.NextInt(4) == 0 ? 2 : 1);
        ReplicaFacts facts = new(longest, "toy", default, StepTimes: cost);
        return new()
        {
            Qoe = new() { Readers = ReaderGroups.Ages, TokensPerSecond = 20 + random.Split("readers").NextInt(200), Ttft = Duration.FromMilliseconds(100) },
            Cost = drafts is null ? cost : drafts.CostOf(cost),
            Drafts = drafts is null ? null : () => drafts.Create(cost),
            Swap = swap,
            Calls = RandomSystems.Calls(random.Split("calls"), spec, swap is not null),
            CallPredictor = RandomSystems.CallPredictor(random.Split("call-predictor")),
            Scheduler = () => spec.Create(facts),
            Memory = memory,
            Router = () => Routers.Registry.Find(router).Default.Create(RandomStream.Root(1).Split("router")),
            Predictor = RandomSystems.Predictor(random.Split("predictor")),
            Remaining = RandomSystems.Remaining(random.Split("remaining")),
            MaxModelTokens = longest,
            Replicas = replicas,
            PlansAhead = random.Split("ahead").NextInt(2) == 0,
            SampleEvery = sampleEvery,
        };
    }

    internal static IReadOnlyList<Request> Requests(RandomStream random, bool talks) => new RandomRequests
    {
        ImpatientShare = random.NextInt(2) * 0.15,
        SharedShare = random.NextInt(2) * 0.5,
        Priorities = 1 + random.NextInt(3),
        LimitedShare = random.NextInt(2),
        CallingShare = random.NextInt(3) * 0.3,
        SessionShare = talks ? random.NextInt(2) * 0.6 : 0,
        MeanGapCells = 2 + random.NextInt(60),
    }.Make(random);

    internal static string FirstDifference(string a, string b)
    {
        string[] left = a.Split('\n');
        string[] right = b.Split('\n');
        for (int i = 0; i < Math.Min(left.Length, right.Length); i++)
            if (left[i] != right[i]) return $"line {i}\n  fast   {left[i]}\n  single {right[i]}";
        return $"lengths {left.Length} and {right.Length}";
    }
}
