using Orrery.Kernel.Random;
using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Tests.Cost;

/// <summary>Steps priced from shipped profiles, measured and transferred.</summary>
public sealed class MeasuredCostTests
{
    private const int Rounds = 40;

    public static TheoryData<string> Deployments => SampleDeployments.Theory;

    private static readonly int[] Steps = [0, 1, 2, 7, 120, 1000, 5000];

    /// <summary>What fast-forward rests on.</summary>
    [Theory]
    [MemberData(nameof(Deployments))]
    public void A_later_step_of_a_run_equals_the_first_of_grown_contexts(string name)
    {
        RooflineCost cost = new(Measured(name));
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
            }
        }
    }

    /// <summary>Every time comes from a family: when all of them take twice as long, so does the device.</summary>
    [Theory]
    [MemberData(nameof(Deployments))]
    public void Factors_reach_every_operator(string name)
    {
        EngineProfile engine = EngineProfile.Generic.WithoutCpu();
        Deployment plain = Measured(name, engine);
        Deployment slow = Measured(name, engine, new()
        {
            Matrices = 2,
            Vectors = 2,
            Prefill = 2,
            Decode = 2,
            Mixed = 2,
            Experts = 2,
            Collectives = 2,
        });
        StepCost one = new RooflineCost(plain).CreateStep();
        StepCost two = new RooflineCost(slow).CreateStep();
        foreach (Shape shape in RandomShapes(name))
        {
            one.Prepare(shape.Build());
            two.Prepare(shape.Build());
            Assert.Equal(2, two.At(0).Seconds / one.At(0).Seconds, 0.02);
        }
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void More_work_takes_no_less_time(string name)
    {
        StepCost step = new RooflineCost(Measured(name)).CreateStep();
        double Seconds(Shape shape)
        {
            step.Prepare(shape.Build());
            return step.At(0).Seconds;
        }
        for (int tokens = 64; tokens <= 8192; tokens *= 2)
            Assert.True(Seconds(Shape.OfPrompt(2 * tokens)) >= 0.95 * Seconds(Shape.OfPrompt(tokens)), $"a prompt of {2 * tokens} tokens");
        for (int decodes = 8; decodes <= 256; decodes *= 2)
            Assert.True(Seconds(Shape.OfDecodes(2 * decodes, 1000)) >= 0.95 * Seconds(Shape.OfDecodes(decodes, 1000)), $"{2 * decodes} decodes");
        for (int context = 64; context <= 32768; context *= 2)
            Assert.True(Seconds(Shape.OfDecodes(32, 2 * context)) >= 0.98 * Seconds(Shape.OfDecodes(32, context)), $"contexts of {2 * context}");
    }

    /// <summary>One dense model on one card, written out from the families.</summary>
    [Theory]
    [InlineData(1, 700, 0)]
    [InlineData(64, 1024, 0)]
    [InlineData(0, 0, 1500)]
    [InlineData(40, 900, 512)]
    public void A_step_is_the_sum_of_its_operators(int decodes, int context, int prompt)
    {
        DeviceSpec device = Catalog.Device("rtx-pro-6000");
        ModelSpec model = Catalog.Model("llama-3.1-8b");
        EngineProfile engine = EngineProfile.Generic.WithoutCpu();
        CostProfile profile = Catalog.ProfileOf(device);
        StepCost step = new RooflineCost(Deployment.Create(model, device, profile: profile, engine: engine)).CreateStep();
        Shape shape = prompt == 0 ? Shape.OfDecodes(decodes, context) : new(
            [.. Enumerable.Repeat((context, 1), decodes)], [new PrefillChunk(prompt, 300, Finishes: true)]);
        step.Prepare(shape.Build());

        DeviceProfile p = profile.Measured!;
        double rows = engine.PaddedTokens(decodes + prompt);
        double samples = engine.PaddedTokens(decodes + (prompt > 0 ? 1 : 0));
        double h = model.Hidden;
        double q = model.Heads * model.HeadWidth;
        double kv = 2.0 * model.KvHeads * model.HeadWidth;
        double ffn = model.FfnWidth;
        double Product(double outputs, double inputs, double count) => p.Matrices!.Seconds(device, Precision.Bf16, (long)count, (long)outputs, (long)inputs, 2);
        double Vector(string kind, double bytesPerRow, double count) => p.Vectors!.Seconds(device, kind, bytesPerRow, count);
        AttentionSite site = AttentionSite.Of(device, model.Heads, model.KvHeads, model.HeadWidth);
        PrefillWork work = default;
        if (prompt > 0) work.Add(prompt, 300);
        double prefill = p.Prefill!.Seconds(site, work);
        double alone = p.Decode!.Seconds(site, decodes, context);
        double attention = p.Mixed!.Seconds(site, work, prefill, decodes, context, context, alone);
        double layer = Product(q + kv, h, rows) + Product(h, q, rows) + Product(2 * ffn, h, rows) + Product(h, ffn, rows)
            + (2 * Vector("norm", 8 * h, rows)) + Vector("position", (4 * (q + kv)) + (2 * kv), rows) + Vector("activation", 6 * ffn, rows) + attention;
        double total = (model.Layers * layer) + Vector("embedding", 4 * h, rows)
            + Vector("norm", 8 * h, samples) + Product(model.Vocabulary, h, samples) + Vector("sampling", 4.0 * model.Vocabulary, samples);
        Assert.Equal(1, step.At(0).Seconds / total, 0.003);
    }

    [Fact]
    public void What_was_never_measured_is_said()
    {
        RooflineCost cost = new(Measured("dense"));
        StepCost step = cost.CreateStep();
        step.Prepare(Shape.OfDecodes(8, 1000).Build());
        step.Totals(1);
        Assert.DoesNotContain(ProfileFamily.Matrices, cost.Extrapolated);
        step.Prepare(Shape.OfPrompt(3_000_000).Build());
        Assert.Contains(ProfileFamily.Matrices, cost.Extrapolated);
    }

    [Theory]
    [MemberData(nameof(Deployments))]
    public void Before_the_first_step_nothing_lies_beyond_the_tables(string name) => Assert.Empty(new RooflineCost(Measured(name)).Extrapolated);

    /// <summary>31 of 32 decodes find 4,000 of their 4,096 tokens read already: as long as 32 of the mean of what is left, 221.</summary>
    [Fact]
    public void Equal_contexts_with_a_common_beginning_are_not_skewed()
    {
        StepCost step = new RooflineCost(Measured("dense")).CreateStep();
        StepShape shared = Shape.OfDecodes(32, 4096).Build();
        shared.ShareContext(4000, 32);
        step.Prepare(shared);
        double seconds = step.At(0).Seconds;
        step.Prepare(Shape.OfDecodes(32, 221).Build());
        Assert.Equal(step.At(0).Seconds, seconds);
    }

    /// <summary>All heads over one latent cache are bound by products, which a common beginning does not spare.</summary>
    [Fact]
    public void Sharing_what_latent_decodes_read_does_not_spare_their_products()
    {
        DeviceSpec device = Catalog.Device("b200-sxm");
        StepCost step = new RooflineCost(Deployment.Create(
            Catalog.Model("deepseek-v3"), device, new(1, 1, 32, 32), new(Precision.Fp8, Precision.Fp8, Precision.Fp8), profile: Catalog.ProfileOf(device))).CreateStep();
        StepShape shape = Shape.OfDecodes(1024, 8192).Build();
        step.Prepare(shape);
        double apart = step.At(0).Seconds;
        shape.ShareContext(8000, 1024);
        step.Prepare(shape);
        Assert.Equal(apart, step.At(0).Seconds);
    }

    private static Deployment Measured(string name, EngineProfile? engine = null, ProfileFactors? factors = null)
    {
        Deployment d = SampleDeployments.Of(name);
        return Deployment.Create(
            d.Model, d.Device, d.Parallel, d.Precision, d.Interconnect, Catalog.ProfileOf(d.Device) with { Factors = factors ?? ProfileFactors.None }, engine);
    }

    private static IEnumerable<Shape> RandomShapes(string name)
    {
        RandomStream random = RandomStream.Root(77).Split(name);
        for (int i = 0; i < Rounds; i++) yield return Shape.Random(random.Split(i.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }
}
