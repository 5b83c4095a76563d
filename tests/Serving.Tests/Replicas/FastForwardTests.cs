using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Replicas;

/// <summary>Every result equals single-stepping bit for bit, over random scenarios full of ties.</summary>
public sealed class FastForwardTests
{
    [Fact]
    public void RandomScenariosEqualSingleSteps()
    {
        long steps = 0;
        long plans = 0;
        for (int seed = 0; seed < 200; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            FleetHarness harness = Scenario(random.Split("fleet"));
            IReadOnlyList<Request> requests = Requests(random.Split("requests"));
            FleetOutcome fast = harness.Run(new ScriptedTraffic(requests));
            FleetOutcome single = harness.Run(new ScriptedTraffic(requests), fastForward: false);
            Assert.True(fast.Text == single.Text, $"seed {seed}:\n{FirstDifference(fast.Text, single.Text)}");
            steps += fast.Fleet.Replicas.Sum(replica => replica.Counters.Steps);
            plans += fast.Fleet.Replicas.Sum(replica => replica.Counters.Plans);
        }
        // The property would be empty if nothing had been fast-forwarded.
        Assert.True(2 * steps > 3 * plans, $"{steps} steps in {plans} plans");
    }

    [Fact]
    public void ClosedLoopsEqualSingleSteps()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            FleetHarness harness = Scenario(random.Split("fleet"));
            Duration think = Duration.FromMilliseconds(random.NextInt(3) * 7);
            FleetOutcome fast = harness.Run(new EagerClients(random.Split("clients"), 8, 80, think));
            FleetOutcome single = harness.Run(new EagerClients(random.Split("clients"), 8, 80, think), fastForward: false);
            Assert.True(fast.Text == single.Text, $"seed {seed}:\n{FirstDifference(fast.Text, single.Text)}");
        }
    }

    private static FleetHarness Scenario(RandomStream random)
    {
        int blocks = 30 + random.NextInt(80);
        bool cached = random.NextInt(2) == 0;
        VllmV1Options options = new()
        {
            MaxBatchedTokens = 16 + random.NextInt(300),
            MaxSequences = 2 + random.NextInt(12),
            Policy = random.NextInt(3) == 0 ? QueuePolicy.Priority : QueuePolicy.Fcfs,
        };
        Orrery.Serving.Scheduling.ReplicaFacts facts = new(4096, "toy", default);
        return new()
        {
            Scheduler = () => options.Create(facts),
            Memory = () => cached ? new PrefixCachedMemory(blocks, 16) : new PagedMemory(blocks, 16),
            Replicas = 1 + random.NextInt(3),
            SampleEvery = Duration.FromMilliseconds(random.NextInt(2) * 13),
            Cost = new ToyCost(Duration.FromMilliseconds(2), Duration.FromMicroseconds(50), Duration.FromMicroseconds(random.NextInt(20)), Duration.FromMilliseconds(1 + random.NextInt(4)), random.NextInt(4) == 0 ? 2 : 1),
        };
    }

    private static IReadOnlyList<Request> Requests(RandomStream random) => new RandomRequests
    {
        ImpatientShare = random.NextInt(2) * 0.15,
        SharedShare = random.NextInt(2) * 0.5,
        Priorities = 1 + random.NextInt(3),
        MeanGapCells = 2 + random.NextInt(60),
    }.Make(random);

    private static string FirstDifference(string a, string b)
    {
        string[] left = a.Split('\n');
        string[] right = b.Split('\n');
        for (int i = 0; i < Math.Min(left.Length, right.Length); i++)
            if (left[i] != right[i]) return $"line {i}\n  fast   {left[i]}\n  single {right[i]}";
        return $"lengths {left.Length} and {right.Length}";
    }
}
