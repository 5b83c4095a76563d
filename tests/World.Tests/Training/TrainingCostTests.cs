using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Models;
using Orrery.World.Steps;
using Orrery.World.Training;

namespace Orrery.World.Tests.Training;

public sealed class TrainingCostTests
{
    private const int Tokens = 1024;
    private const int Rank = 16;

    private static readonly Deployment Llama = Deployment.Create(Catalog.Model("llama-3-8b"), Catalog.Device("a100-sxm-80gb"));

    private static readonly TrainingCost Cost = new(
        new RooflineCost(Llama), new RooflineCost(Llama), new(Rank, KeptActivations.Rematerialised, Tokens));

    [Fact]
    public void AStepWithoutTrainingCostsWhatItDid()
    {
        StepShape shape = Decodes(20);
        StepCost plain = new RooflineCost(Llama).CreateStep();
        StepCost step = Cost.CreateStep();
        plain.Prepare(shape);
        step.Prepare(shape);
        Assert.Equal(plain.At(7), step.At(7));
        Assert.Equal(plain.TermsAt(0), step.TermsAt(0));
        Assert.Equal(plain.Totals(9), step.Totals(9));
    }

    /// <summary>Forward 2P, backward 2P without weight gradients: one trained token costs about two of inference, not three.</summary>
    [Fact]
    public void ATrainedTokenCostsAboutTwoOfInference()
    {
        StepCost step = Prepared(Whole());
        ModelSpec model = Llama.Model;
        long adapters = 32L * Rank * (4096 + 14336);
        Int128 pairs = (long)Tokens * (Tokens + 1) / 2;
        // Forward: layers, attention, logits, adapters. Backward: input gradients, five products of attention for two, logits' input, adapters twice.
        Int128 expected = ((Int128)model.LinearFlopsPerToken * Tokens * 2) + (32 * model.PrefillFlopsPerPair * pairs * 7 / 2)
            + ((Int128)model.LogitsFlopsPerToken * Tokens * 2) + ((Int128)adapters * Tokens * 6);
        Assert.Equal(expected, step.FlopsAt(0));
        double perInferenceToken = 2.0 * model.ActiveParameters;
        Assert.InRange((double)step.FlopsAt(0) / Tokens / perInferenceToken, 1.8, 2.4);
    }

    /// <summary>FLOP do not depend on how a pass is cut into windows; time only grows with cuts.</summary>
    [Theory]
    [InlineData(128)]
    [InlineData(300)]
    [InlineData(1000)]
    public void WorkDoesNotDependOnTheWindows(int window)
    {
        TrainingWork whole = new();
        whole.Backward(new(5, 0, Tokens));
        StepCost one = Prepared(whole);
        Int128 flops = 0;
        double seconds = 0;
        for (int end = Tokens; end > 0; end -= window)
        {
            TrainingWork part = new();
            int first = Math.Max(0, end - window);
            part.Backward(new(5, first, end - first));
            StepCost step = Prepared(part);
            flops += step.FlopsAt(0);
            seconds += step.At(0).Seconds;
        }
        Assert.Equal(one.FlopsAt(0), flops);
        Assert.True(seconds > one.At(0).Seconds);
    }

    /// <summary>Decodes are bound by memory: forward tokens beside them are nearly free, because weights are read once for both.</summary>
    [Fact]
    public void AForwardWindowSharesTheWeightsOfTheBatch()
    {
        TrainingWork work = new();
        work.Forward(64, 0);
        StepShape shape = Decodes(20);
        double inference = Seconds(shape);
        shape.AddTrainingChunk(new(64, 0, false));
        shape.Training = work;
        double both = Seconds(shape);
        StepShape alone = new();
        alone.AddTrainingChunk(new(64, 0, false));
        alone.Training = work;
        Assert.True(both < inference + (0.5 * Seconds(alone)), $"{both} against {inference} and {Seconds(alone)}");
    }

    [Fact]
    public void InTurnAddsAndBesideSlows()
    {
        double inference = Seconds(Decodes(20));
        TrainingWork own = Whole(TrainingShare.InTurn);
        double alone = Seconds(Shape(own));
        StepShape turn = Decodes(20);
        turn.Training = own;
        Assert.Equal(inference + alone, Seconds(turn), 6);
        TrainingWork beside = Whole(TrainingShare.Beside);
        StepShape slowed = Decodes(20);
        slowed.Training = beside;
        Assert.Equal(1.5 * inference, Seconds(slowed), 6);
        // The same work whatever is shared.
        Assert.Equal(Prepared(own).FlopsAt(0), Prepared(beside).FlopsAt(0));
    }

    [Fact]
    public void MoreTokensNeverTakeLess()
    {
        double before = 0;
        for (int tokens = 1; tokens <= Tokens; tokens += 31)
        {
            TrainingWork work = new();
            work.Backward(new(31, Tokens - tokens, tokens));
            double seconds = Prepared(work).At(0).Seconds;
            Assert.True(seconds >= before);
            before = seconds;
        }
    }

    private static TrainingWork Whole(TrainingShare share = TrainingShare.Fused)
    {
        TrainingWork work = new();
        work.Clear(share, 1.5);
        work.Forward(Tokens, 0);
        for (int layer = 31; layer >= 0; layer--) work.Backward(new(layer, 0, Tokens));
        work.Complete(Tokens, updates: true);
        return work;
    }

    private static StepShape Shape(TrainingWork work)
    {
        StepShape shape = new() { Training = work };
        if (work is { ForwardTokens: > 0, Share: TrainingShare.Fused }) shape.AddTrainingChunk(new(work.ForwardTokens, work.ForwardHistory, false));
        return shape;
    }

    private static StepCost Prepared(TrainingWork work)
    {
        StepCost step = Cost.CreateStep();
        step.Prepare(Shape(work));
        return step;
    }

    private static double Seconds(StepShape shape)
    {
        StepCost step = Cost.CreateStep();
        step.Prepare(shape);
        return step.At(0).Seconds;
    }

    private static StepShape Decodes(int count)
    {
        StepShape shape = new();
        for (int i = 0; i < count; i++) shape.AddDecode(300 + i);
        return shape;
    }
}
