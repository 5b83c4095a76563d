using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Models;
using Orrery.World.Steps;

namespace Orrery.World.Tests.Cost;

public sealed class RooflineCostTests
{
    private const ulong Seed = 20240607;
    private const int Rounds = 60;

    public static TheoryData<string> Deployments => SampleDeployments.Theory;

    private static readonly int[] Steps = [0, 1, 2, 7, 120, 1000, 5000];

    [Theory]
    [MemberData(nameof(Deployments))]
    public void The_fast_path_equals_the_plain_roofline(string name)
    {
        Deployment deployment = SampleDeployments.Of(name);
        StepCost step = new RooflineCost(deployment).CreateStep();
        var plain = new PlainRoofline(deployment);
        foreach (Shape shape in RandomShapes(name))
        {
            step.Prepare(shape.Build());
            foreach (int k in Steps)
            {
                double expected = plain.Seconds(shape.Advanced(k));
                Assert.Equal(1, step.At(k).Seconds / expected, 6);
                Assert.Equal(1, step.StageAt(k).Seconds / plain.SlowestStageSeconds, 6);
                Assert.Equal(step.At(k).Seconds, step.TermsAt(k).ElapsedSeconds);
            }
        }
    }

    /// <summary>n decodes of context c that share L tokens read n·c − (n − 1)·L of them and multiply as many pairs as before.</summary>
    [Theory]
    [MemberData(nameof(Deployments))]
    public void A_shared_context_is_read_once(string name)
    {
        const int decodes = 8;
        const int context = 5000;
        const int shared = 4000;
        Deployment deployment = SampleDeployments.Of(name);
        var cost = new RooflineCost(deployment);
        StepShape together = Shape.OfDecodes(decodes, context).Build();
        together.ShareContext(shared, decodes);
        StepCost fused = Prepared(together);
        StepCost apart = Prepared(Shape.OfDecodes(decodes, context).Build());
        // As many bytes as decodes that are shorter by what is not read again, evenly.
        StepCost shorter = Prepared(Shape.OfDecodes(decodes, context - (shared * (decodes - 1) / decodes)).Build());
        long layers = deployment.Model.Layers - deployment.Model.WindowedLayers;
        long saved = layers * deployment.Shards.KvBytesPerTokenLayer * deployment.Parallel.Tensor * shared * (decodes - 1);
        foreach (int k in Steps)
        {
            Assert.Equal(apart.FlopsAt(k), fused.FlopsAt(k));
            Assert.Equal(apart.MemoryBytesAt(k) - saved, fused.MemoryBytesAt(k));
            Assert.Equal(apart.TermsAt(k).ComputeSeconds, fused.TermsAt(k).ComputeSeconds);
            Assert.Equal(apart.TermsAt(k).LaunchSeconds, fused.TermsAt(k).LaunchSeconds);
            Assert.True(fused.At(k) <= apart.At(k));
            if (deployment.Model.WindowedLayers == 0) Assert.Equal(shorter.TermsAt(k).MemorySeconds, fused.TermsAt(k).MemorySeconds, 12);
        }
        Assert.Equal(Enumerable.Range(0, 300).Aggregate((Int128)0, (sum, k) => sum + fused.MemoryBytesAt(k)), fused.Totals(300).MemoryBytes);

        StepCost Prepared(StepShape shape)
        {
            StepCost step = cost.CreateStep();
            step.Prepare(shape);
            return step;
        }
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void Step_k_equals_step_zero_of_the_grown_shape_bit_for_bit(string name)
    {
        var cost = new RooflineCost(SampleDeployments.Of(name));
        StepCost run = cost.CreateStep();
        StepCost single = cost.CreateStep();
        foreach (Shape shape in RandomShapes(name))
        {
            run.Prepare(shape.Build());
            foreach (int k in Steps)
            {
                single.Prepare(shape.Advanced(k).Build());
                Assert.Equal(single.At(0), run.At(k));
                Assert.Equal(single.StageAt(0), run.StageAt(k));
                Assert.Equal(single.FlopsAt(0), run.FlopsAt(k));
                Assert.Equal(single.MemoryBytesAt(0), run.MemoryBytesAt(k));
                Assert.Equal(single.TermsAt(0), run.TermsAt(k));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void Flop_equal_the_plain_count(string name)
    {
        Deployment deployment = SampleDeployments.Of(name);
        StepCost step = new RooflineCost(deployment).CreateStep();
        foreach (Shape shape in RandomShapes(name))
        {
            step.Prepare(shape.Build());
            foreach (int k in Steps) Assert.Equal(deployment.Model.Flops(shape.Advanced(k).Build()), step.FlopsAt(k));
        }
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void More_work_is_never_cheaper(string name)
    {
        var cost = new RooflineCost(SampleDeployments.Of(name));
        StepCost small = cost.CreateStep();
        StepCost large = cost.CreateStep();
        foreach (Shape shape in RandomShapes(name))
        {
            small.Prepare(shape.Build());
            Shape[] larger =
            [
                shape.Advanced(1),
                shape with { Decodes = [.. shape.Decodes, (shape.Decodes.Count > 0 ? shape.Decodes[0].Context : 100, 1)] },
                shape with { Chunks = [.. shape.Chunks, new(17, 0, Finishes: false)] },
                shape with { Chunks = [.. shape.Chunks.Select(c => c with { Tokens = c.Tokens + 1 })] },
                shape with { Chunks = [.. shape.Chunks.Select(c => c with { HistoryTokens = c.HistoryTokens + 33 })] },
                shape with { Chunks = [.. shape.Chunks.Select(c => c with { Finishes = true })] },
            ];
            foreach (Shape more in larger)
            {
                large.Prepare(more.Build());
                Assert.True(large.At(0) >= small.At(0), $"seed {Seed}: {large.At(0)} < {small.At(0)}");
                Assert.True(large.StageAt(0) >= small.StageAt(0));
                Assert.True(large.FlopsAt(0) >= small.FlopsAt(0));
                Assert.True(large.MemoryBytesAt(0) >= small.MemoryBytesAt(0));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void Step_times_never_fall_within_a_run(string name)
    {
        StepCost step = new RooflineCost(SampleDeployments.Of(name)).CreateStep();
        step.Prepare(new Shape([(3, 1), (120, 1), (900, 1), (5000, 2)], []).Build());
        Duration before = Duration.Zero;
        for (int k = 0; k < 9000; k++)
        {
            Assert.True(step.At(k) >= before);
            Assert.True(step.StageAt(k) <= step.At(k));
            before = step.At(k);
        }
    }

    [Fact]
    public void Weights_are_read_once_whatever_the_mix()
    {
        Deployment deployment = SampleDeployments.Of("dense");
        StepCost step = new RooflineCost(deployment).CreateStep();
        Shape decodes = Shape.OfDecodes(16, 1000);
        Shape prompt = Shape.OfPrompt(112);
        Assert.True(Time(step, decodes with { Chunks = prompt.Chunks }) < 0.65 * (Time(step, decodes) + Time(step, prompt)));
        Assert.True(step.MemoryBytesAt(0) < 1.2 * deployment.Model.TotalParameters * 2);
    }

    [Fact]
    public void A_budget_one_token_above_a_tile_costs_a_tile()
    {
        StepCost step = new RooflineCost(SampleDeployments.Of("dense")).CreateStep();
        Assert.InRange(Time(step, Shape.OfPrompt(513)) / Time(step, Shape.OfPrompt(640)), 0.99, 1);
        Assert.True(Time(step, Shape.OfPrompt(1153)) > 1.08 * Time(step, Shape.OfPrompt(1152)));
    }

    [Fact]
    public void Chunks_read_their_history_again()
    {
        // Sum over chunks of history × KV bytes: kv·P(P−c)/(2c), against a prompt in one piece.
        Deployment deployment = SampleDeployments.Make("llama-3.1-8b", "a100-sxm-80gb", new());
        StepCost step = new RooflineCost(deployment).CreateStep();
        const int prompt = 4096, chunk = 512;
        long chunked = 0;
        for (int done = 0; done < prompt; done += chunk)
        {
            step.Prepare(new Shape([], [new(chunk, done, Finishes: false)]).Build());
            chunked += step.MemoryBytesAt(0);
            step.Prepare(new Shape([], [new(chunk, 0, Finishes: false)]).Build());
            chunked -= step.MemoryBytesAt(0);
        }
        long kv = deployment.Model.KvBytesPerToken();
        Assert.Equal(kv * prompt * (prompt - chunk) / (2L * chunk), chunked);
    }

    [Fact]
    public void Skewed_batches_are_slower_than_even_ones()
    {
        StepCost step = new RooflineCost(SampleDeployments.Of("dense")).CreateStep();
        var skewed = new Shape([(15_100, 1), .. Enumerable.Repeat((100, 1), 15)], []);
        step.Prepare(skewed.Build());
        long skewedBytes = step.MemoryBytesAt(0);
        double skewedSeconds = step.At(0).Seconds;
        step.Prepare(Shape.OfDecodes(16, 16_600 / 16).Build());
        Assert.InRange((double)skewedBytes / step.MemoryBytesAt(0), 0.999, 1.001);
        Assert.True(skewedSeconds > step.At(0).Seconds);
    }

    [Fact]
    public void Parallel_blocks_need_one_all_reduce_less()
    {
        ModelSpec falcon = Catalogue.Find("falcon-40b");
        StepCost parallel = new RooflineCost(Deployment.Create(falcon, Catalogue.H100, new(4))).CreateStep();
        StepCost serial = new RooflineCost(Deployment.Create(falcon with { ParallelBlock = false }, Catalogue.H100, new(4))).CreateStep();
        StepShape shape = Shape.OfDecodes(8, 500).Build();
        parallel.Prepare(shape);
        serial.Prepare(shape);
        double gather = new RooflineCost(Deployment.Create(falcon with { Layers = 1 }, Catalogue.H100, new(4))).CreateStep() is { } one ? Network(one, shape) : 0;
        double perLayer = (parallel.TermsAt(0).NetworkSeconds - gather) / (falcon.Layers - 1);
        Assert.Equal(falcon.Layers * perLayer, serial.TermsAt(0).NetworkSeconds - parallel.TermsAt(0).NetworkSeconds, 9);
    }

    /// <summary>Nothing overflows where a context is ten million tokens long, or where ten thousand sequences run for thousands of steps.</summary>
    [Theory]
    [InlineData("llama-4-scout", 10_000_000)]
    [InlineData("llama-3.1-405b", 1_000_000)]
    [InlineData("deepseek-v3", 1_000_000)]
    public void Extreme_shapes_have_finite_times_and_exact_work(string model, int context)
    {
        Deployment deployment = SampleDeployments.Make(model, "b200-sxm", new(8));
        StepCost step = new RooflineCost(deployment).CreateStep();
        foreach (Shape shape in (Shape[])[Shape.OfPrompt(1), Shape.OfPrompt(context), Shape.OfPrompt(1, context), Shape.OfDecodes(1, 1), Shape.OfDecodes(10_000, context)])
        {
            step.Prepare(shape.Build());
            Assert.InRange(step.At(0).Seconds, 1e-4, 1e6);
            Assert.All([step.TermsAt(0).ComputeSeconds, step.TermsAt(0).MemorySeconds], seconds => Assert.True(double.IsFinite(seconds) && seconds > 0));
            Assert.Equal(deployment.Model.Flops(shape.Build()), step.FlopsAt(0));
            Assert.True(step.MemoryBytesAt(0) > 0);
        }
        ModelSpec spec = deployment.Model;
        double full = (double)(spec.Layers - spec.WindowedLayers) * spec.PrefillFlopsPerPair * ((double)context * context / 2);
        Assert.True((double)spec.Flops(Shape.OfPrompt(context).Build()) > full);
        const int steps = 5000;
        (Int128 flops, Int128 bytes) = step.Totals(steps);
        Assert.True(flops > steps * step.FlopsAt(0));
        Assert.True(bytes > (Int128)steps * step.MemoryBytesAt(0));
    }

    [Fact]
    public void Preparing_and_asking_allocate_nothing()
    {
        StepCost step = new RooflineCost(SampleDeployments.Of("mixed-windows")).CreateStep();
        StepShape shape = new Shape([(10, 1), (3000, 1)], [new(200, 100, Finishes: true)]).Build();
        step.Prepare(shape);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long sum = 0;
        for (int i = 0; i < 100; i++)
        {
            step.Prepare(shape);
            sum += step.At(i).Nanoseconds + step.StageAt(i).Nanoseconds + (long)step.FlopsAt(i) + step.MemoryBytesAt(i);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(sum > 0);
    }

    private static IEnumerable<Shape> RandomShapes(string name)
    {
        RandomStream random = RandomStream.Root(Seed).Split(name);
        for (int i = 0; i < Rounds; i++) yield return Shape.Random(random);
    }

    private static double Time(StepCost step, Shape shape)
    {
        step.Prepare(shape.Build());
        return step.At(0).Seconds;
    }

    private static double Network(StepCost step, StepShape shape)
    {
        step.Prepare(shape);
        return step.TermsAt(0).NetworkSeconds;
    }

    private static class Catalogue
    {
        public static readonly World.Hardware.DeviceSpec H100 = World.Catalogue.Catalog.Device("h100-sxm");

        public static ModelSpec Find(string name) => World.Catalogue.Catalog.Model(name);
    }
}
