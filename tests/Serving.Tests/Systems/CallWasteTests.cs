using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Memory;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems.InferCept;
using Orrery.Serving.Systems.Lamps;
using Orrery.Testing.World;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Waste of a call by hand, and what the two handlings that count it do with paused sequences.</summary>
public sealed class CallWasteTests
{
    private const int Context = 1000;
    private static readonly ReplicaFacts Facts = new(4096, "toy", default);
    private static readonly StepLine Published = CallWaste.LineOf(Facts, CallWaste.PublishedBudget, null, null);

    [Fact]
    public void ThePaperFormIsAsWritten()
    {
        // t(1000) = 0.0408·1000 + 16.92 ms = 57.72 ms.
        WasteTerms terms = new CallWaste(WasteForm.Paper, 384, Published).Of(0.2, Context, 16, 5000, 84, 0.02);
        Assert.Equal(200, terms.Preserve, 9);
        Assert.Equal(0.05772 * 6000, terms.Discard, 9);
        Assert.Equal(2 * 0.02 * 5000, terms.Swap, 9);
    }

    [Fact]
    public void TheCodeFormIsAsWritten()
    {
        // 63 blocks hold 1008 tokens; 300 of a step are free: 3 full chunks and 108 tokens.
        WasteTerms terms = new CallWaste(WasteForm.Code, 384, Published).Of(0.2, Context, 16, 5000, 84, 0.02);
        Assert.Equal(0.2 * 1008, terms.Preserve, 9);
        Assert.Equal((0.0325872 * 6 * 300) + (0.01224 * 3 * 5000) + (0.0044064 * 5108), terms.Discard, 6);
        Assert.Equal((0.092004 * 3 * 1008) + (0.0816 * 3 * 5000), terms.Swap, 6);
    }

    [Theory]
    [InlineData(1, 2, 3, PausedKv.Preserve)]
    [InlineData(2, 1, 3, PausedKv.Discard)]
    [InlineData(3, 2, 1, PausedKv.Swap)]
    [InlineData(1, 1, 1, PausedKv.Preserve)]
    [InlineData(2, 1, 1, PausedKv.Swap)]
    [InlineData(2, 1, double.PositiveInfinity, PausedKv.Discard)]
    public void TheLeastIsChosen(double preserve, double discard, double swap, PausedKv expected) =>
        Assert.Equal(expected, new WasteTerms(preserve, discard, swap).Least.Kv);

    [Fact]
    public void StepTimesComeFromTheReplicasProfile()
    {
        ToyCost cost = new(Duration.FromMilliseconds(5), Duration.FromMicroseconds(100), Duration.Zero, Duration.FromNanoseconds(1));
        StepLine line = CallWaste.LineOf(Facts with { StepTimes = cost }, 384, null, null);
        Assert.Equal(1e-4, line.PerTokenSeconds, 9);
        Assert.Equal(5e-3, line.BaseSeconds, 9);
        Assert.Equal(new StepLine(2e-3, 5e-3), CallWaste.LineOf(Facts with { StepTimes = cost }, 384, 2, 5));
    }

    [Theory]
    [InlineData(0.039, true)]
    [InlineData(0.040, false)]
    public void InferCeptDiscardsOnceTheWaitHasWastedMore(double waitedSeconds, bool keeps)
    {
        // Alone: two full chunks of 384 and 240 tokens: 0.0325872·3·384 + 0.0408e-3·240·240 = 39.89 token-seconds, against T·1008.
        PagedMemory memory = new(200, 16);
        Sequence sequence = Paused(memory, 0, Context);
        ReplicaView view = new(memory, 4096) { Paused = [sequence], Now = Instant.Zero + Duration.FromSeconds(waitedSeconds) };
        Serving.Systems.InferCept.InferCept handling = new(new(WasteForm.Code, 384, Published), returnsFirst: true);
        handling.Review(view, new StepPlan(memory));
        Assert.Equal(keeps, sequence.KvBlocks > 0);
        Assert.Equal(keeps ? 1 : int.MaxValue, handling.QuietSteps(view));
    }

    [Theory]
    [InlineData(CopyMode.Background, 200, true)]
    [InlineData(CopyMode.Background, 1, false)]
    [InlineData(CopyMode.Blocking, 200, false)]
    public void InferCeptSwapsWhatHidesBehindAStep(CopyMode mode, int lastStepMilliseconds, bool swaps)
    {
        // A copy of 1000 tokens takes 10 ms; what shows of it lets 1000 tokens of others wait, twice.
        PagedMemory memory = new(200, 16);
        Sequence other = Running(memory, 9, 1000);
        Sequence sequence = Paused(memory, 0, Context);
        KvSwap pool = new(new SwapOptions { Out = mode }, new CopyCosts(1000, 2, Duration.Zero, 1e8), 10_000);
        ReplicaView view = new(memory, 4096)
        {
            Paused = [sequence],
            Swap = pool,
            Now = Instant.Zero + Duration.FromMilliseconds(5),
            LastStep = Duration.FromMilliseconds(lastStepMilliseconds),
        };
        new Serving.Systems.InferCept.InferCept(new(WasteForm.Code, 384, Published), returnsFirst: true).Review(view, new StepPlan(memory, pool));
        Assert.Equal(swaps, sequence.IsOnHost);
        Assert.Equal(swaps, sequence.KvBlocks == 0);
        Assert.True(other.KvBlocks > 0);
    }

    [Fact]
    public void OfThoseToGoTheMostWastefulStaysOnDemand()
    {
        PagedMemory memory = new(400, 16);
        Sequence[] paused = [Paused(memory, 0, 300), Paused(memory, 1, 300), Paused(memory, 2, 300), Paused(memory, 3, 300)];
        paused[0].Intent = new(PausedKv.Discard, 5);
        paused[1].Intent = new(PausedKv.Discard, 9);
        paused[2].Intent = new(PausedKv.Preserve, 20);
        paused[3].Intent = new(PausedKv.Discard, 7);
        ReplicaView view = new(memory, 4096) { Paused = paused };
        PredictedHandling handling = new(new(WasteForm.Paper, 384, Published), returnsFirst: true);
        handling.Review(view, new StepPlan(memory));
        Assert.Equal([false, true, true, false], paused.Select(sequence => sequence.KvBlocks > 0));
        Assert.Same(paused[1], handling.FirstToGiveUp(view));
        Assert.Equal(int.MaxValue, handling.QuietSteps(view));
    }

    [Fact]
    public void NobodyIsTouchedWhoseAnswerIsThere()
    {
        PagedMemory memory = new(400, 16);
        Sequence[] paused = [Paused(memory, 0, 300), Paused(memory, 1, 300)];
        foreach (Sequence sequence in paused)
        {
            sequence.Intent = new(PausedKv.Discard, 1);
            sequence.ResumedAt = Instant.Zero;
        }
        ReplicaView view = new(memory, 4096) { Paused = paused, Now = Instant.Zero + Duration.FromSeconds(100) };
        new PredictedHandling(new(WasteForm.Paper, 384, Published), true).Review(view, new StepPlan(memory));
        new Serving.Systems.InferCept.InferCept(new(WasteForm.Code, 384, Published), true).Review(view, new StepPlan(memory));
        Assert.All(paused, sequence => Assert.True(sequence.KvBlocks > 0));
    }

    private static Sequence Running(PagedMemory memory, long id, int tokens)
    {
        Sequence sequence = new(new() { Id = id, Arrival = Instant.Zero, PromptTokens = tokens, OutputTokens = 10 }, 100, 0);
        Assert.True(memory.TryGrow(sequence, tokens));
        sequence.ComputedTokens = tokens;
        return sequence;
    }

    private static Sequence Paused(PagedMemory memory, long id, int tokens)
    {
        Sequence sequence = Running(memory, id, tokens);
        sequence.IsPaused = true;
        sequence.PausedAt = Instant.Zero;
        return sequence;
    }
}
