using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Elasticity;
using Orrery.Serving.Fleets;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.Llumnix;
using Orrery.Serving.Tests.Replicas;
using Orrery.Serving.Tests.Systems;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Fleets;

/// <summary>
/// Requests that are handed over, migrate, and lose their machines: nothing is lost or given twice, all memory comes back, and fast-forward
/// equals single steps, over random scenarios under every scheduler that can take KV back.
/// </summary>
public sealed class MovingTests
{
    public static TheoryData<string> Schedulers => [.. Serving.Systems.Schedulers.Registry.Names.Where(name => RandomSystems.Make(name, RandomStream.Root(1)).TakesKvBack)];

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void HandOversConserveEverything(string name) =>
        Check(name, seeds: 40, Phases, outcome => outcome.Fleet.Moves.HandOvers, least: 100);

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void MigrationsConserveEverything(string name) =>
        Check(name, seeds: 40, Migration, outcome => outcome.Fleet.Moves.Migrations, least: 20);

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void WithdrawnMachinesLoseNoRequest(string name) =>
        Check(name, seeds: 30, Spot, outcome => outcome.Fleet.Moves.Evictions, least: 5);

    /// <summary>Machines go while KV leaves them and comes to them, over links so slow that most transfers are cut.</summary>
    [Theory]
    [MemberData(nameof(Schedulers))]
    public void WithdrawnMachinesAmongMovesLoseNoRequest(string name) =>
        Check(name, seeds: 40, Storm, outcome => outcome.Fleet.Moves.Evictions, least: 5);

    [Theory]
    [MemberData(nameof(Schedulers))]
    public void ScalingToNothingAndBackLosesNoRequest(string name) =>
        Check(name, seeds: 20, Scaling, outcome => outcome.Fleet.Moves.Starts, least: 20);

    private static void Check(string name, int seeds, Func<RandomStream, FleetHarness, FleetHarness> with, Func<FleetOutcome, long> count, int least)
    {
        long seen = 0;
        for (int seed = 0; seed < seeds; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            FleetHarness harness = with(random.Split("moves"), Base(name, random.Split("fleet")));
            Func<IRouter> router = harness.Router;
            harness = harness with { Router = () => new Counting(router()) };
            IReadOnlyList<Request> requests = Requests(random.Split("requests"));
            FleetOutcome fast = harness.Run(new ScriptedTraffic(requests));
            FleetOutcome single = harness.Run(new ScriptedTraffic(requests), fastForward: false);
            Assert.True(fast.Text == single.Text, $"{name}, seed {seed}:\n{FastForwardTests.FirstDifference(fast.Text, single.Text)}");
            Assert.Equal(requests.Count, fast.Sequences.Count);
            Assert.Equal(requests.Count, fast.Sequences.Select(sequence => sequence.Id).Distinct().Count());
            foreach (Sequence sequence in fast.Sequences)
                if (sequence.Outcome == Outcome.Finished) Assert.Equal(Math.Min(sequence.Request.OutputTokens, sequence.MaxTokens), sequence.GeneratedTokens);
            foreach (Replica replica in fast.Fleet.Replicas)
            {
                Assert.True(replica.Memory.UsedBlocks == 0, $"{name}, seed {seed}: replica {replica.Index} keeps {replica.Memory.UsedBlocks} blocks");
                Assert.Equal(0, replica.LiveRequests);
                Assert.Equal(0, replica.LiveTokens);
                Assert.Empty(replica.Residents);
            }
            seen += count(fast);
        }
        Assert.True(seen >= least, $"{name}: {seen} moves; the property would be empty");
    }

    /// <summary>Holds what replicas tell of themselves against their residents, counted anew, at every choice.</summary>
    private sealed class Counting(IRouter inner) : IRouter
    {
        public bool SeesAllRoles => inner.SeesAllRoles;

        public int Choose(Sequence sequence, IFleetView fleet)
        {
            Check(fleet);
            return inner.Choose(sequence, fleet);
        }

        public int ChooseDecode(Sequence sequence, IFleetView decoders)
        {
            Check(decoders);
            return inner.ChooseDecode(sequence, decoders);
        }

        private static void Check(IFleetView fleet)
        {
            for (int i = 0; i < fleet.Count; i++)
            {
                Replica replica = ((FleetView)fleet)[i].Replica;
                ReplicaReport told = replica.Report(isDraining: false);
                ReplicaReport anew = replica.TakeCensus() with { UsedBlocks = replica.UsedBlocks, Running = told.Running, Waiting = told.Waiting, LiveRequests = replica.LiveRequests, LiveTokens = replica.LiveTokens };
                Assert.Equal(anew, told);
            }
        }
    }

    private static FleetHarness Phases(RandomStream random, FleetHarness harness)
    {
        HandOverOptions options = new()
        {
            Mode = (HandOverMode)random.NextInt(2),
            Overlap = (HandOverOverlap)random.NextInt(3),
            WaitingShare = random.NextInt(2) * 0.2,
            Retry = Duration.FromMilliseconds(20),
        };
        int prefill = 1 + random.NextInt(2);
        return harness with
        {
            Replicas = prefill + 1 + random.NextInt(2),
            Roles = index => index < prefill ? ReplicaRole.Prefill : ReplicaRole.Decode,
            Options = _ => new() { HandOver = options, Links = Links(random) },
        };
    }

    private static FleetHarness Migration(RandomStream random, FleetHarness harness)
    {
        LlumnixOptions options = new()
        {
            Interval = Duration.FromMilliseconds(5 + random.NextInt(20)),
            Threshold = 2 + random.NextInt(6),
            Defragments = random.NextInt(3) > 0,
            Live = random.NextInt(4) > 0,
            Recompute = random.NextInt(6) == 0,
            Stages = random.NextInt(3),
            First = (MovedFirst)random.NextInt(3),
            LastBlocks = 1 + random.NextInt(3),
            Handshake = Duration.FromMilliseconds(random.NextInt(10)),
        };
        ObservationOptions late = random.NextInt(2) == 0 ? new() : new() { Interval = Duration.FromMilliseconds(10), Delay = Duration.FromMilliseconds(random.NextInt(30)) };
        bool scales = random.NextInt(2) == 0;
        return harness with
        {
            Replicas = 2 + random.NextInt(3),
            Router = random.NextInt(2) == 0 ? () => new LlumnixRouter(new()) : harness.Router,
            Options = parts => new()
            {
                Rebalancer = options.Create(),
                Links = Links(random),
                Observation = late,
                Scaling = scales ? new(new LlumnixScalingOptions { Interval = Duration.FromMilliseconds(100), InMargin = 5 }.Create(random), Supply(parts), 1, 6) : null,
            },
        };
    }

    private static FleetHarness Spot(RandomStream random, FleetHarness harness) => harness with
    {
        Replicas = 3,
        Options = parts => new()
        {
            Availability = new(CapacityTrace.Parse("0:2, 0.2:1, 0.5:0, 0.9:2, 1.3:0, 1.6:1"), Duration.FromMilliseconds(random.Split("grace").NextInt(2) * 60), Supply(parts)),
        },
    };

    private static FleetHarness Storm(RandomStream random, FleetHarness harness)
    {
        FleetHarness moving = random.Split("kind").NextInt(2) == 0 ? Phases(random, harness) : Migration(random, harness);
        int spot = Math.Min(2, moving.Replicas - 1);
        string trace = FormattableString.Invariant($"0:{spot}, 0.15:0, 0.3:{spot}, 0.35:1, 0.6:2, 0.8:0, 1.2:1");
        Duration grace = Duration.FromMilliseconds(random.Split("grace").NextInt(3) * 40);
        double slow = random.Split("slow").NextInt(2) == 0 ? 1e4 : 1e6;
        return moving with
        {
            Options = parts => moving.Options!(parts) with
            {
                Scaling = null,
                Links = new() { Bandwidth = new BytesPerSecond(slow) },
                Availability = new(CapacityTrace.Parse(trace), grace, Supply(parts)),
            },
        };
    }

    private static FleetHarness Scaling(RandomStream random, FleetHarness harness) => harness with
    {
        Replicas = 1,
        Options = parts => new()
        {
            Scaling = new(new KeepAliveOptions { KeepAlive = Duration.FromMilliseconds(30), Interval = Duration.FromMilliseconds(10), Target = 4 }.Create(random), Supply(parts), 0, 4),
        },
    };

    private static ReplicaSupply Supply(Func<int, ReplicaParts> parts) =>
        new(parts, new() { WarmUp = Duration.FromMilliseconds(40), Weights = WeightTier.Device }, default, null, RandomStream.Root(9));

    private static LinkOptions Links(RandomStream random) => new()
    {
        Bandwidth = new BytesPerSecond(1e6 * (1 + random.Split("links").NextInt(50))),
        Backbone = random.Split("backbone").NextInt(2) == 0 ? null : new BytesPerSecond(5e6),
        Latency = Duration.FromMicroseconds(random.Split("latency").NextInt(3000)),
    };

    private static FleetHarness Base(string name, RandomStream random)
    {
        const int longest = 512;
        SchedulerSpec spec = RandomSystems.Make(name, random.Split("options"));
        ToyCost cost = new(
            Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), Duration.FromMicroseconds(random.NextInt(20)), Duration.FromMilliseconds(1 + random.NextInt(4)),
            random.NextInt(4) == 0 ? 2 : 1);
        ReplicaFacts facts = new(longest, "toy", default, StepTimes: cost);
        int blocks = 33 + random.NextInt(60);
        return new()
        {
            Cost = cost,
            Scheduler = () => spec.Create(facts),
            Memory = () => new PagedMemory(blocks, 16),
            Calls = RandomSystems.Calls(random.Split("calls"), spec, false),
            Predictor = request => request.OutputTokens,
            Remaining = RandomSystems.Remaining(random.Split("remaining")),
            MaxModelTokens = longest,
            PlansAhead = random.Split("ahead").NextInt(3) == 0,
            SampleEvery = Duration.FromMilliseconds(random.NextInt(2) * 13),
        };
    }

    private static IReadOnlyList<Request> Requests(RandomStream random) => new RandomRequests
    {
        ImpatientShare = random.NextInt(2) * 0.15,
        Priorities = 1 + random.NextInt(3),
        LimitedShare = random.NextInt(2),
        CallingShare = random.NextInt(3) * 0.2,
        MeanGapCells = 2 + random.NextInt(60),
    }.Make(random);
}
