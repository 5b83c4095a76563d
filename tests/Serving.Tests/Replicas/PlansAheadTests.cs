using Orrery.Kernel.Time;
using Orrery.Serving.Memory;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Replicas;

/// <summary>Steps of 10 ms each, so that every first token has a closed form.</summary>
public sealed class PlansAheadTests
{
    [Theory]
    [InlineData(false, 30)]
    [InlineData(true, 40)]
    public void An_arrival_within_a_step_misses_the_plan_that_was_made_at_its_start(bool ahead, int firstTokenMs)
    {
        FleetOutcome run = Run(ahead, 8, Request(0, 0, output: 9), Request(1, 15, output: 2));
        Assert.Equal(firstTokenMs, FirstTokenMs(run, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void An_idle_engine_plans_at_once(bool ahead)
    {
        FleetOutcome run = Run(ahead, 8, Request(0, 0, output: 1), Request(1, 25, output: 2));
        Assert.Equal(35, FirstTokenMs(run, 1));
    }

    [Theory]
    [InlineData(false, 60)]
    [InlineData(true, 70)]
    public void A_place_is_free_one_step_after_its_sequence_has_ended(bool ahead, int firstTokenMs)
    {
        FleetOutcome run = Run(ahead, 2, Request(0, 0, output: 5), Request(1, 0, output: 20), Request(2, 1, output: 2));
        Assert.Equal(firstTokenMs, FirstTokenMs(run, 2));
        Assert.Equal(50, (int)Math.Round(Find(run, 0).End.Seconds * 1e3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void With_nothing_to_plan_ahead_the_engine_waits_and_sees_everything(bool ahead)
    {
        FleetOutcome run = Run(ahead, 1, Request(0, 0, output: 5), Request(1, 45, output: 2));
        Assert.Equal(60, FirstTokenMs(run, 1));
    }

    [Fact]
    public void All_memory_is_free_in_the_end()
    {
        FleetOutcome run = Run(true, 4, [.. Enumerable.Range(0, 20).Select(i => Request(i, i * 7, output: 3 + (i % 5)))]);
        Assert.Equal(20, run.Sequences.Count);
        IKvMemory memory = run.Fleet.Replicas[0].Memory;
        Assert.Equal(memory.TotalBlocks, memory.FreeBlocks);
    }

    [Fact]
    public void A_client_may_leave_before_any_plan_knows_of_it()
    {
        Request hasty = new() { Id = 1, Arrival = Instant.FromNanoseconds(15_000_000), PromptTokens = 10, OutputTokens = 5, CancelAfter = Duration.FromMilliseconds(2) };
        FleetOutcome run = Run(true, 8, Request(0, 0, output: 9), hasty);
        Assert.Equal(2, run.Sequences.Count);
        Assert.True(Find(run, 1).FirstToken.IsNever);
    }

    private static Request Request(int id, int arrivalMs, int output) =>
        new() { Id = id, Arrival = Instant.FromNanoseconds(arrivalMs * 1_000_000L), PromptTokens = 10, OutputTokens = output };

    private static FleetOutcome Run(bool ahead, int sequences, params Request[] requests) => new FleetHarness
    {
        Scheduler = () => new VllmV1Options { MaxSequences = sequences }.Create(new(4096, "toy", default)),
        Memory = () => new PrefixCachedMemory(1000, 16),
        Cost = ToyCost.Constant(Duration.FromMilliseconds(10)),
        PlansAhead = ahead,
    }.Run(new ScriptedTraffic(requests));

    private static Sequence Find(FleetOutcome run, long id) => run.Sequences.Single(sequence => sequence.Id == id);

    private static int FirstTokenMs(FleetOutcome run, long id) => (int)Math.Round(Find(run, id).FirstToken.Seconds * 1e3);
}
