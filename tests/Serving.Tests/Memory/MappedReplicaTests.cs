using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.SarathiServe;
using Orrery.Serving.Systems.VllmV0;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Memory;

/// <summary>Mapped memory under a replica: waits and waste of short runs by hand.</summary>
public sealed class MappedReplicaTests
{
    private static readonly Duration Millisecond = Duration.FromMilliseconds(1);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ARequestWaitsForItsPages(bool fastForward)
    {
        // Blocks of 16 take 1 ms to map, steps 5 ms: 3 + 5, then two decodes of 5 in the 48 tokens that are mapped.
        FleetOutcome outcome = Harness(100, ahead: false).Run(new ScriptedTraffic([At(0, 40, 3)]), fastForward);
        Sequence sequence = Assert.Single(outcome.Sequences);
        ReplicaCounters counters = outcome.Fleet.Replicas[0].Counters;
        Assert.Equal(Instant.Zero + (Millisecond * 8), sequence.FirstToken);
        Assert.Equal(Instant.Zero + (Millisecond * 18), sequence.LastToken);
        Assert.Equal(Millisecond * 3, counters.MemoryWait);
        Assert.Equal(Millisecond * 3, counters.LongestMemoryWait);
        Assert.Equal(3 * 48, counters.HeldTokens);
        Assert.Equal(40 + 41 + 42, counters.WrittenTokens);
        Assert.Equal(1, counters.LargestBatch);
        Assert.Equal(3 * 64, outcome.Fleet.Replicas[0].Memory.MappedPages);
    }

    [Theory]
    [InlineData(true, 3)] // every later block is mapped beside the steps
    [InlineData(false, 3 + 6)] // 40 + 100 tokens: the last step writes token 139, in block nine
    public void BackgroundMappingHidesGrowth(bool ahead, int milliseconds)
    {
        FleetOutcome outcome = Harness(100, ahead).Run(new ScriptedTraffic([At(0, 40, 100)]));
        Assert.Equal(Millisecond * milliseconds, outcome.Fleet.Replicas[0].Counters.MemoryWait);
    }

    [Fact]
    public void TheNextPromptFindsThePagesOfTheLastOne()
    {
        FleetOutcome outcome = Harness(100, ahead: false).Run(new ScriptedTraffic([At(0, 40, 3), At(1, 45, 3), At(2, 70, 3)]));
        // The second takes the slot with three blocks, the third maps two more there.
        Assert.Equal(Millisecond * (3 + 2), outcome.Fleet.Replicas[0].Counters.MemoryWait);
    }

    [Fact]
    public void WhoFindsNoPagesIsPreemptedInsteadOfFailing()
    {
        FleetOutcome outcome = Harness(8, ahead: true).Run(new ScriptedTraffic([At(0, 50, 60), At(0, 51, 60)]));
        Assert.True(outcome.Fleet.Replicas[0].Counters.Preemptions > 0);
        Assert.All(outcome.Sequences, sequence => Assert.Equal(60, sequence.GeneratedTokens));
        Assert.Equal(8, outcome.Fleet.Replicas[0].Memory.FreeBlocks);
    }

    [Fact]
    public void ChunksAreMappedAsTheyAreWritten()
    {
        // The prompt has its promise at once, and pages slice by slice: two blocks of 16 for each slice of 32.
        FleetHarness harness = Harness(100, ahead: false) with
        {
            Scheduler = () => new SarathiServeOptions { TokenBudget = 32 }.Create(new(512, "toy", default)),
        };
        FleetOutcome outcome = harness.Run(new ScriptedTraffic([At(0, 96, 1)]));
        Assert.Equal(Millisecond * 6, outcome.Fleet.Replicas[0].Counters.MemoryWait);
        Assert.Equal(Millisecond * 2, outcome.Fleet.Replicas[0].Counters.LongestMemoryWait);
    }

    private static Request At(int seconds, int prompt, int output) =>
        new() { Id = seconds * 1000 + prompt + output, Arrival = Instant.Zero + Duration.FromSeconds(seconds), PromptTokens = prompt, OutputTokens = output };

    private static FleetHarness Harness(int blocks, bool ahead) => new()
    {
        Scheduler = () => new VllmV0Options().Create(new(512, "toy", default)),
        Memory = () => new MappedMemory(blocks, 16, 512, 20, new(Millisecond, 64, ahead, KeepsPages: true)),
        MaxModelTokens = 512,
        Cost = ToyCost.Constant(Duration.FromMilliseconds(5)),
    };
}
