using Orrery.Kernel.Random;
using Orrery.Kernel.Units;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Overlap;
using Orrery.World.Steps;
using Orrery.World.Tests.Cost;

namespace Orrery.World.Tests.Overlap;

public sealed class OverlapCostTests
{
    private const ulong Seed = 20240823;
    private const int Rounds = 12;

    private static readonly int[] Steps = [0, 1, 7, 120, 1000];

    public static TheoryData<string> Deployments => SampleDeployments.Theory;

    private static Deployment Published => SampleDeployments.Make("llama-2-70b", "a100-sxm-80gb", new(8));

    [Fact]
    public void The_optimum_is_the_artefacts_constant()
    {
        Assert.Equal(1857, OptimalThroughput.TokensPerSecond(new FlopsPerSecond(260e12), 70e9), 0);
        // At what the shipped profile attains, 0.7 of 312 TFLOP/s, and the model's exact parameters.
        Assert.Equal(218.4e12 / (2.0 * Published.Model.ActiveParameters), OptimalThroughput.TokensPerSecond(Published), 6);
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void In_one_piece_it_is_the_roofline(string name)
    {
        Deployment deployment = SampleDeployments.Of(name);
        StepCost whole = new OverlapCost(deployment, new() { Layers = LayerExecution.Whole, RunsCpuAhead = false }).CreateStep();
        StepCost plain = new RooflineCost(deployment).CreateStep();
        foreach (Shape shape in RandomShapes())
        {
            whole.Prepare(shape.Build());
            plain.Prepare(shape.Build());
            foreach (int k in Steps)
            {
                Assert.InRange(whole.At(k).Nanoseconds - plain.At(k).Nanoseconds, -1, 1);
                Assert.InRange(whole.StageAt(k).Nanoseconds - plain.StageAt(k).Nanoseconds, -1, 1);
                Assert.Equal(plain.FlopsAt(k), whole.FlopsAt(k));
                Assert.Equal(plain.MemoryBytesAt(k), whole.MemoryBytesAt(k));
                Assert.Equal(plain.TermsAt(k).NetworkSeconds, whole.TermsAt(k).NetworkSeconds, 9);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void Overlap_lies_between_its_busiest_resource_and_the_same_operations_in_sequence(string name)
    {
        Deployment deployment = SampleDeployments.Of(name);
        StepCost overlapped = new OverlapCost(deployment).CreateStep();
        StepCost split = new OverlapCost(deployment, new() { Layers = LayerExecution.SplitOnly }).CreateStep();
        foreach (Shape shape in RandomShapes())
        {
            overlapped.Prepare(shape.Build());
            split.Prepare(shape.Build());
            foreach (int k in Steps)
            {
                StepTerms terms = overlapped.TermsAt(k);
                Assert.True(overlapped.At(k) <= split.At(k));
                Assert.True(overlapped.At(k).Seconds >= Math.Max(terms.ComputeSeconds, terms.NetworkSeconds) - 1e-8);
                Assert.Equal(split.FlopsAt(k), overlapped.FlopsAt(k));
                Assert.Equal(split.MemoryBytesAt(k), overlapped.MemoryBytesAt(k));
                Assert.Equal(split.TermsAt(k) with { ElapsedSeconds = 0 }, terms with { ElapsedSeconds = 0 });
            }
        }
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void Step_k_equals_step_zero_of_the_grown_shape_whatever_was_asked_before(string name)
    {
        var cost = new OverlapCost(SampleDeployments.Of(name));
        StepCost run = cost.CreateStep();
        foreach (Shape shape in RandomShapes())
        {
            run.Prepare(shape.Build());
            foreach (int k in Steps)
            {
                StepCost single = new OverlapCost(SampleDeployments.Of(name)).CreateStep();
                single.Prepare(shape.Advanced(k).Build());
                Assert.Equal(single.At(0), run.At(k));
                Assert.Equal(single.StageAt(0), run.StageAt(k));
                Assert.Equal(single.FlopsAt(0), run.FlopsAt(k));
                Assert.Equal(single.MemoryBytesAt(0), run.MemoryBytesAt(k));
                Assert.Equal(single.TermsAt(0), run.TermsAt(k));
                if (name is not ("dense" or "experts")) break;
            }
            (Int128 flops, Int128 bytes) = run.Totals(3);
            Assert.Equal(run.FlopsAt(0) + run.FlopsAt(1) + run.FlopsAt(2), flops);
            Assert.Equal((Int128)run.MemoryBytesAt(0) + run.MemoryBytesAt(1) + run.MemoryBytesAt(2), bytes);
        }
    }

    [Fact]
    public void Nano_batches_read_the_weights_again()
    {
        Deployment deployment = Published;
        var cost = new OverlapCost(deployment);
        NanoPlan plan = cost.PlanFor(2048, 2);
        StepShape shape = Mixed(2048, 1024, 512);
        StepCost overlapped = cost.CreateStep();
        overlapped.Prepare(shape);
        StepCost plain = new RooflineCost(deployment).CreateStep();
        plain.Prepare(shape);
        int inputs = Enumerable.Range(0, 4).Count(part => plan.Split.PartRows(part / 2, part % 2, 2048) > 0);
        ShardSizes shard = deployment.Shards;
        double again = 2.0 * 80 * 8 * (((inputs - 1) * shard.QkvParameters) + shard.OutputParameters + shard.DenseFfnParameters);
        // The norms before the projections are read again with them.
        double norms = 2.0 * 80 * 8 * deployment.Model.Hidden * inputs;
        Assert.InRange(overlapped.MemoryBytesAt(0) - plain.MemoryBytesAt(0), again, again + norms);
    }

    [Fact]
    public void Larger_batches_take_longer_and_yield_more()
    {
        StepCost step = new OverlapCost(Published).CreateStep();
        double seconds = 0;
        double throughput = 0;
        for (int tokens = 256; tokens <= 4096; tokens *= 2)
        {
            step.Prepare(Mixed(tokens, tokens / 2, 512));
            double time = step.At(0).Seconds;
            Assert.True(time > seconds, $"{tokens} tokens");
            Assert.True(tokens / time > throughput, $"{tokens} tokens");
            (seconds, throughput) = (time, tokens / time);
        }
    }

    [Fact]
    public void Splitting_alone_costs_and_overlap_pays_at_the_published_batch()
    {
        double whole = At(LayerExecution.Whole, 2048);
        double splitOnly = At(LayerExecution.SplitOnly, 2048);
        double overlapped = At(LayerExecution.Overlapped, 2048);
        Assert.True(overlapped < whole && whole < splitOnly);
    }

    [Fact]
    public void Small_batches_lose_unless_they_may_stay_whole()
    {
        double whole = At(LayerExecution.Whole, 256);
        Assert.True(At(LayerExecution.Overlapped, 256) > whole);
        Assert.Equal(whole, At(LayerExecution.Overlapped, 256, fallsBack: true));
    }

    /// <summary>A pipeline built for one size computes small steps at that size; useful work stays what it is.</summary>
    [Fact]
    public void A_pipeline_for_one_size_pads_small_steps()
    {
        StepCost padded = new OverlapCost(Published, new() { BatchTokens = 2048 }).CreateStep();
        StepCost free = new OverlapCost(Published).CreateStep();
        StepShape small = Mixed(64, 64, 512);
        padded.Prepare(small);
        free.Prepare(small);
        Assert.True(padded.At(0) > free.At(0) * 4);
        Assert.Equal(free.FlopsAt(0), padded.FlopsAt(0));
    }

    [Fact]
    public void Cpu_work_is_hidden_behind_the_step_before()
    {
        StepShape shape = Mixed(2048, 1024, 512);
        StepCost ahead = new OverlapCost(Published).CreateStep();
        StepCost waits = new OverlapCost(Published, new() { RunsCpuAhead = false }).CreateStep();
        ahead.Prepare(shape);
        waits.Prepare(shape);
        double cpu = Published.Engine.StepCpuSeconds + ((1024 + 1) * Published.Engine.SequenceCpuSeconds);
        Assert.Equal(cpu, waits.At(0).Seconds - ahead.At(0).Seconds, 8);
    }

    [Fact]
    public void One_device_has_no_network_and_still_gains()
    {
        Deployment single = SampleDeployments.Make("llama-3-8b", "a100-sxm-80gb", new());
        StepShape shape = Mixed(1024, 512, 600);
        StepCost overlapped = new OverlapCost(single).CreateStep();
        StepCost whole = new OverlapCost(single, new() { Layers = LayerExecution.Whole }).CreateStep();
        overlapped.Prepare(shape);
        whole.Prepare(shape);
        Assert.Equal(0, overlapped.TermsAt(0).NetworkSeconds);
        Assert.True(overlapped.At(0) < whole.At(0));
    }

    [Fact]
    public void Golden_search()
    {
        NanoPlan plan = new OverlapCost(Published).PlanFor(2048, 2);
        Assert.Equal(new NanoSplit(1024, 512, 1024), plan.Split);
        Assert.Equal(new PhaseShares(8, 8, 8, 6, 3), plan.Shares);
        Assert.Equal(2.8227805e-3, plan.LayerSeconds, 1e-9);
        Assert.Equal(3.1434958e-3, plan.WholeLayerSeconds, 1e-9);
    }

    [Fact]
    public void Evaluation_allocates_nothing_once_the_pipeline_is_known()
    {
        StepCost step = new OverlapCost(Published).CreateStep();
        StepShape shape = Mixed(2048, 1024, 512);
        // Unoptimised code keeps on the heap what optimised code keeps on the stack; the runtime takes a moment to replace one by the other.
        using var pause = new ManualResetEventSlim();
        long allocated = long.MaxValue;
        for (int round = 0; round < 400 && allocated > 0; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            step.Prepare(shape);
            for (int k = 0; k < 50; k++) step.At(k);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > 0) pause.Wait(5);
        }
        Assert.Equal(0, allocated);
    }

    private static double At(LayerExecution layers, int tokens, bool fallsBack = false)
    {
        StepCost step = new OverlapCost(Published, new() { Layers = layers, FallsBack = fallsBack }).CreateStep();
        step.Prepare(Mixed(tokens, tokens / 2, 512));
        return step.At(0).Seconds;
    }

    private static StepShape Mixed(int tokens, int decodes, int context)
    {
        StepShape shape = new();
        for (int i = 0; i < decodes; i++) shape.AddDecode(context);
        if (tokens > decodes) shape.AddChunk(new(tokens - decodes, 0, Finishes: true));
        return shape;
    }

    private static IEnumerable<Shape> RandomShapes()
    {
        RandomStream random = RandomStream.Root(Seed);
        for (int round = 0; round < Rounds; round++) yield return Shape.Random(random);
    }
}
