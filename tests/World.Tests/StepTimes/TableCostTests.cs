using Orrery.Kernel;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.StepTimes;
using Orrery.World.Tests.Cost;

namespace Orrery.World.Tests.StepTimes;

/// <summary>Published formulas by hand, the work of a roofline, and steps of a stable run that equal single ones.</summary>
public sealed class TableCostTests
{
    [Fact]
    public void A_prompt_step_is_the_polynomial_over_the_stages_and_the_overhead_comes_once()
    {
        Shape shape = new([], [new(300, 0, true), new(200, 0, true)]);
        StepCost one = Prepared(Opt("opt-13b", 2, 1), "distserve", shape);
        double stage = 14.743 + (0.068577 * 500) + (2.450e-6 * ((300 * 300) + (200 * 200)));
        Assert.Equal(stage + 1 + 2 + 0.05, one.At(0).Milliseconds(), 5);
        StepCost two = Prepared(Opt("opt-13b", 2, 2), "distserve", shape);
        double half = (stage / 2) + 2;
        Assert.Equal(half, two.StageAt(0, 1).Milliseconds(), 5);
        Assert.Equal(half + 2.05, two.StageAt(0, 0).Milliseconds(), 5);
        Assert.Equal((2 * half) + 2.05, two.At(0).Milliseconds(), 5);
        Assert.Equal(two.StageAt(0, 0), two.StageAt(0));
    }

    [Theory]
    [InlineData(94, 19.935, 6.269e-4, 0.038507)]
    [InlineData(95, 7.1662, 5.798e-4, 0.15831)]
    public void Decodes_change_their_polynomial_at_95_sequences(int sequences, double a, double b, double c)
    {
        StepCost cost = Prepared(Opt("opt-13b", 1, 1), "distserve", Shape.OfDecodes(sequences, 401));
        double context = sequences * 401.0;
        Assert.Equal(a + (b * context) + (c * sequences) + 2 + (1e-4 * context), cost.At(0).Milliseconds(), 5);
    }

    [Fact]
    public void The_square_of_a_prompt_does_not_depend_on_its_slices()
    {
        Deployment deployment = Opt("opt-66b", 4, 1);
        double whole = Prepared(deployment, "distserve-vllm", Shape.OfPrompt(1000)).At(0).Milliseconds();
        double first = Prepared(deployment, "distserve-vllm", new([], [new(600, 0, false)])).At(0).Milliseconds();
        double second = Prepared(deployment, "distserve-vllm", Shape.OfPrompt(400, 600)).At(0).Milliseconds();
        const double constant = 42.965 + 1 + 2;
        Assert.Equal(whole - constant, first + second - (2 * constant), 4);
    }

    [Fact]
    public void Splitwise_looks_up_tokens_and_keeps_lines_beyond_its_points()
    {
        Deployment h100 = Machine("bloom-176b", "h100-sxm", null);
        Assert.Equal(132.2, Prepared(h100, "splitwise", Shape.OfPrompt(1024)).At(0).Milliseconds(), 5);
        Assert.Equal((132.2 + 252.0) / 2, Prepared(h100, "splitwise", Shape.OfPrompt(1536)).At(0).Milliseconds(), 5);
        Assert.Equal(4997 + ((4997 - 2522) / 16384.0 * 1000), Prepared(h100, "splitwise", Shape.OfPrompt(33768)).At(0).Milliseconds(), 4);
        Assert.Equal(48.3 - ((51.2 - 48.3) / 128 * 28), Prepared(h100, "splitwise", Shape.OfPrompt(100)).At(0).Milliseconds(), 4);
        Assert.Equal(35.95, Prepared(h100, "splitwise", Shape.OfDecodes(192, 900)).At(0).Milliseconds(), 5);
        Assert.Equal(132.2 * 1.1, Prepared(h100, "splitwise", new(Shape.OfDecodes(24, 700).Decodes, [new(1000, 0, true)])).At(0).Milliseconds(), 5);
    }

    [Fact]
    public void A_cap_slows_prompts_alone()
    {
        Deployment capped = Machine("bloom-176b", "h100-sxm", new Watts(350));
        Assert.Equal(132.2 * 1.3, Prepared(capped, "splitwise", Shape.OfPrompt(1024)).At(0).Milliseconds(), 5);
        Assert.Equal(36.2, Prepared(capped, "splitwise", Shape.OfDecodes(256, 10)).At(0).Milliseconds(), 5);
        InputException other = Assert.Throws<InputException>(() => new TableCost(Machine("bloom-176b", "h100-sxm", new Watts(400)), Catalog.StepTimesOf("splitwise")));
        Assert.Contains("350 W", other.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void With_contexts_the_longer_of_both_times_counts()
    {
        Deployment a100 = Machine("bloom-176b", "a100-sxm-80gb", null);
        Assert.Equal(57.3, Prepared(a100, "splitwise-context", Shape.OfDecodes(16, 100)).At(0).Milliseconds(), 5);
        Assert.Equal(65.4, Prepared(a100, "splitwise-context", Shape.OfDecodes(16, 1024)).At(0).Milliseconds(), 5);
        Assert.Equal(47.6 - (0.1 / 128 * 112), Prepared(a100, "splitwise", Shape.OfDecodes(16, 1024)).At(0).Milliseconds(), 5);
    }

    [Theory]
    [InlineData("distserve", "opt-13b", 2, 2)]
    [InlineData("distserve-vllm", "opt-66b", 4, 1)]
    [InlineData("splitwise", "bloom-176b", 8, 1)]
    [InlineData("splitwise-context", "bloom-176b", 8, 1)]
    public void Later_steps_of_a_run_equal_single_steps_with_longer_contexts(string table, string model, int tensor, int pipeline)
    {
        Deployment deployment = Deployment.Create(Catalog.Model(model), Catalog.Device("a100-sxm-80gb"), new ParallelPlan(tensor, pipeline));
        TableCost cost = new(deployment, Catalog.StepTimesOf(table));
        StepCost run = cost.CreateStep();
        StepCost single = cost.CreateStep();
        RooflineCost roofline = new(deployment);
        StepCost work = roofline.CreateStep();
        RandomStream random = RandomStream.Root(3).Split(table);
        for (int round = 0; round < 40; round++)
        {
            Shape shape = Shape.OfDecodes(1 + random.NextInt(150), 1 + random.NextInt(2000));
            run.Prepare(shape.Build());
            Int128 flops = 0;
            Int128 bytes = 0;
            for (int k = 0; k < 50; k++)
            {
                single.Prepare(shape.Advanced(k).Build());
                work.Prepare(shape.Advanced(k).Build());
                Assert.Equal(single.At(0), run.At(k));
                Assert.Equal(single.StageAt(0), run.StageAt(k));
                Assert.Equal(work.FlopsAt(0), run.FlopsAt(k));
                Assert.Equal(work.MemoryBytesAt(0), run.MemoryBytesAt(k));
                flops += run.FlopsAt(k);
                bytes += run.MemoryBytesAt(k);
            }
            Assert.Equal((flops, bytes), run.Totals(50));
        }
    }

    [Fact]
    public void Every_published_step_takes_time()
    {
        foreach (StepTimeTable table in Catalog.StepTimes)
        {
            Assert.Contains("(b)", table.Source, StringComparison.Ordinal);
            foreach (StepTimeRow row in table.Rows)
            {
                StepCost cost = Prepared(Deployment.Create(Catalog.Model(row.Model), Catalog.Device(row.Device), new ParallelPlan(row.Tensor)), table.Name, Shape.OfPrompt(1));
                Assert.True(cost.At(0) > Duration.Zero, row.ToString());
                cost.Prepare(Shape.OfPrompt(2048).Build());
                Assert.True(cost.At(0) > Duration.Zero, row.ToString());
                cost.Prepare(Shape.OfDecodes(1, 1).Build());
                Assert.True(cost.At(0) > Duration.Zero, row.ToString());
            }
        }
    }

    [Fact]
    public void What_was_not_published_is_refused_with_what_was()
    {
        InputException model = Assert.Throws<InputException>(() => new TableCost(Opt("opt-30b", 2, 1), Catalog.StepTimesOf("distserve")));
        Assert.Contains("opt-30b on a100-sxm-80gb with TP2", model.Message, StringComparison.Ordinal);
        Assert.Contains("opt-13b on a100-sxm-80gb with TP4", model.Message, StringComparison.Ordinal);
        StepTimeTable table = Catalog.StepTimesOf("distserve");
        Assert.Equal(66144, table.KvTokensOf(Opt("opt-13b", 1, 1)));
        Assert.Equal(78512, table.KvTokensOf(Opt("opt-66b", 2, 2)));
        InputException cut = Assert.Throws<InputException>(() => table.KvTokensOf(Opt("opt-66b", 1, 2)));
        Assert.True(cut.IsInfeasible);
        Assert.Null(table.KvTokensOf(Opt("opt-30b", 1, 1)));
        Assert.Equal(66144 / 16, KvCapacity.Stated(Opt("opt-13b", 1, 1), 66144, 16).Blocks);
    }

    private static Deployment Opt(string model, int tensor, int pipeline) =>
        Deployment.Create(Catalog.Model(model), Catalog.Device("a100-sxm-80gb"), new ParallelPlan(tensor, pipeline));

    private static Deployment Machine(string model, string device, Watts? cap) =>
        Deployment.Create(Catalog.Model(model), cap is { } limit ? Catalog.Device(device).Capped(limit) : Catalog.Device(device), new ParallelPlan(8));

    private static StepCost Prepared(Deployment deployment, string table, Shape shape)
    {
        StepCost cost = new TableCost(deployment, Catalog.StepTimesOf(table)).CreateStep();
        cost.Prepare(shape.Build());
        return cost;
    }
}

file static class Durations
{
    public static double Milliseconds(this Duration duration) => duration.Seconds * 1e3;
}
