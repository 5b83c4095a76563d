using Orrery.Kernel.Time;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Steps;

namespace Orrery.World.Tests.Cost;

/// <summary>A step with drafts costs its target pass, the draft's passes one by one, and the hand-over.</summary>
public sealed class DraftedCostTests
{
    private static readonly Duration Overhead = Duration.FromMicroseconds(500);
    private static readonly RooflineCost Target = new(SampleDeployments.Make("llama-2-7b", "a100-sxm-80gb", new()));
    private static readonly RooflineCost Draft = new(SampleDeployments.Make("llama-160m", "a100-sxm-80gb", new()));

    [Fact]
    public void PassesAddUp()
    {
        // Two sequences: one drafts 3 tokens and has missed 2, the other drafts 1; a third decodes, and a prompt is read.
        StepShape shape = new();
        shape.AddDecode(103, 4);
        shape.AddDraft(new(100, 3, 2));
        shape.AddDecode(201, 2);
        shape.AddDraft(new(200, 1, 0));
        shape.AddDecode(50);
        shape.AddChunk(new(64, 32, true));
        StepCost step = Prepared(new DraftedCost(Target, Draft, Overhead), shape);

        StepShape first = new();
        first.AddChunk(new(64, 32, false));
        first.AddDecode(100, 3);
        first.AddDecode(200);
        StepCost[] parts = [Prepared(Target, shape), Prepared(Draft, first), Prepared(Draft, One(101)), Prepared(Draft, One(102))];
        Assert.Equal(parts.Aggregate(Overhead, (sum, part) => sum + part.At(0)), step.At(0));
        Assert.Equal(step.At(0), step.StageAt(0));
        Assert.Equal(parts.Aggregate((Int128)0, (sum, part) => sum + part.FlopsAt(0)), step.FlopsAt(0));
        Assert.Equal(parts.Sum(part => part.MemoryBytesAt(0)), step.MemoryBytesAt(0));
        Assert.Equal(parts.Sum(part => part.TermsAt(0).MemorySeconds), step.TermsAt(0).MemorySeconds, 12);
        Assert.Equal((step.FlopsAt(0), (Int128)step.MemoryBytesAt(0)), step.Totals(1));
    }

    [Fact]
    public void AStepWithoutDraftsCostsNothingMore()
    {
        StepShape shape = new();
        shape.AddDecode(100);
        shape.AddDecode(300);
        StepCost with = Prepared(new DraftedCost(Target, Draft, Overhead), shape);
        StepCost without = Prepared(Target, shape);
        for (int k = 0; k < 40; k++) Assert.Equal(without.At(k), with.At(k));
        Assert.Equal(without.Totals(40), with.Totals(40));
    }

    [Fact]
    public void PromptsAreReadByTheDraftModelToo()
    {
        StepShape shape = new();
        shape.AddChunk(new(512, 0, true));
        Duration with = Prepared(new DraftedCost(Target, Draft, Overhead), shape).At(0);
        Assert.True(with > Prepared(Target, shape).At(0));
        Assert.Equal(Prepared(Target, shape).At(0), Prepared(new DraftedCost(Target, null, Overhead), shape).At(0));
    }

    [Fact]
    public void ADraftTakesMemoryForItsWeightsAndItsKv()
    {
        Deployment target = Target.Deployment;
        Deployment draft = Draft.Deployment;
        KvCapacity alone = KvCapacity.Of(target);
        KvCapacity beside = KvCapacity.Of(target, draft: draft);
        long perBlock = alone.KvPerBlock.Count + (draft.Shards.KvBytesPerToken(0).Count * alone.BlockTokens);
        Assert.Equal((alone.Kv.Count - draft.Shards.WeightBytes(0).Count) / perBlock, beside.Blocks);
        Assert.Equal(perBlock, beside.KvPerBlock.Count);
        // Twelve layers of 768 beside 32 of 4096: 7 % of the KV, 2.4 % of the weights.
        Assert.InRange((double)beside.Blocks / alone.Blocks, 0.92, 0.94);
    }

    private static StepCost Prepared(ICostModel model, StepShape shape)
    {
        StepCost step = model.CreateStep();
        step.Prepare(shape);
        return step;
    }

    private static StepShape One(int context)
    {
        StepShape shape = new();
        shape.AddDecode(context);
        return shape;
    }
}
