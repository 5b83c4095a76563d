using Orrery.World.Cost;
using Orrery.World.Deployments;

namespace Orrery.World.Tests.Cost;

/// <summary>Penalties of paged kernels stretch attention and nothing else.</summary>
public sealed class AttentionLayoutTests
{
    public static TheoryData<string> Names => SampleDeployments.Theory;

    [Theory]
    [MemberData(nameof(Names))]
    public void TimeRisesLinearlyWithThePenaltyAndWorkStays(string name)
    {
        Shape mixed = new([(900, 1), (4000, 1), (70, 3)], [new(500, 3000, Finishes: true), new(64, 0, Finishes: false)]);
        StepCost plain = Cost(name, 0, 0, mixed);
        foreach ((double prefill, double decode) in new[] { (1.0, 0.0), (0.0, 1.0) })
        {
            StepCost once = Cost(name, prefill, decode, mixed);
            StepCost thrice = Cost(name, 3 * prefill, 3 * decode, mixed);
            double added = (once.At(0) - plain.At(0)).Nanoseconds;
            Assert.True(added > 0);
            // Each figure is rounded to a nanosecond.
            Assert.InRange((thrice.At(0) - plain.At(0)).Nanoseconds, (3 * added) - 4, (3 * added) + 4);
            Assert.Equal(plain.FlopsAt(0), thrice.FlopsAt(0));
            Assert.Equal(plain.MemoryBytesAt(0), thrice.MemoryBytesAt(0));
            Assert.Equal(plain.TermsAt(0).NetworkSeconds, thrice.TermsAt(0).NetworkSeconds);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EachKernelHasItsOwnPenalty(string name)
    {
        Shape decodes = Shape.OfDecodes(8, 500);
        Shape prompt = Shape.OfPrompt(700, 100);
        Assert.Equal(Cost(name, 0, 0.5, decodes).At(7), Cost(name, 2, 0.5, decodes).At(7));
        Assert.Equal(Cost(name, 0.5, 0, prompt).At(0), Cost(name, 0.5, 2, prompt).At(0));
    }

    [Theory]
    [InlineData(1, 0, 3 * 63)] // the longest of three has 1000 tokens: 63 blocks of 16
    [InlineData(9, 0, 3 * 63)]
    [InlineData(1, 9, 3 * 64)] // nine steps later it has 1009
    public void TablesAreOneRectangle(int nanosecondsPerEntry, int step, int entries)
    {
        Shape shape = new([(10, 1), (1000, 1), (500, 1)], []);
        AttentionLayout tables = new(0, 0, nanosecondsPerEntry * 1e-9, 16);
        StepCost cost = new RooflineCost(SampleDeployments.Of("dense") with { Attention = tables }).CreateStep();
        cost.Prepare(shape.Build());
        StepCost plain = Cost("dense", 0, 0, shape);
        Assert.InRange((cost.At(step) - plain.At(step)).Nanoseconds, (entries * nanosecondsPerEntry) - 1, (entries * nanosecondsPerEntry) + 1);
        Assert.Equal(entries * nanosecondsPerEntry * 1e-9, cost.TermsAt(step).LaunchSeconds - plain.TermsAt(step).LaunchSeconds, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void AStableRunEqualsItsSteps(string name)
    {
        Shape shape = Shape.OfDecodes(5, 250);
        Deployment deployment = SampleDeployments.Of(name) with { Attention = new(0.4, 0.9, 3e-7, 16) };
        StepCost run = new RooflineCost(deployment).CreateStep();
        run.Prepare(shape.Build());
        for (int k = 0; k < 40; k += 13)
        {
            StepCost single = new RooflineCost(deployment).CreateStep();
            single.Prepare(shape.Advanced(k).Build());
            Assert.Equal(single.At(0), run.At(k));
            Assert.Equal(single.StageAt(0), run.StageAt(k));
        }
    }

    private static StepCost Cost(string name, double prefill, double decode, Shape shape)
    {
        StepCost cost = new RooflineCost(SampleDeployments.Of(name) with { Attention = new(prefill, decode, 0, 16) }).CreateStep();
        cost.Prepare(shape.Build());
        return cost;
    }
}
