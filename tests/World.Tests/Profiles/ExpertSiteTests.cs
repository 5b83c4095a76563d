using Orrery.World.Catalogue;
using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Tests.Profiles;

public sealed class ExpertSiteTests
{
    [Fact]
    public void After_an_exchange_as_many_experts_are_touched_and_foreign_visits_cost_nothing()
    {
        ExpertSite all = ExpertSite.Of(Catalog.Device("b200-sxm"), Precision.Fp8, 1, 7168, 2048, 8, 256, expertRanks: 32);
        ExpertSite local = all.AfterExchange();
        Assert.Equal(8, local.LocalExperts);
        const long tokens = 1024;
        const long arriving = tokens * 8 / 32;
        Assert.Equal(all.ExpectedTouched(tokens), local.ExpectedTouched(arriving), 1e-6);
        Assert.True(ExpertEfficiency.IdealSeconds(local, arriving, 8, 0) < ExpertEfficiency.IdealSeconds(all, tokens, 8, 0));
    }

    [Fact]
    public void A_format_that_was_not_measured_takes_the_surface_nearest_in_width()
    {
        ExpertSite Site(Precision format) => ExpertSite.Of(Catalog.Device("h100-sxm"), format, 2, 2048, 768, 8, 128);
        ExpertEfficiency family = new(
            1e-6,
            new Dictionary<Precision, EfficiencySurface> { [Precision.Fp8] = Times(4), [Precision.Bf16] = Times(2) },
            EfficiencySurface.Constant("rows", 1));
        Assert.Equal(family.Seconds(Site(Precision.Bf16), 100), family.Seconds(Site(Precision.Fp16), 100));

        static EfficiencySurface Times(double ratio) =>
            new([.. ExpertEfficiency.AxisNames.Select(axis => new SurfaceAxis(axis, 1))], [Math.Log2(ratio)]);
    }

    /// <summary>All 128 heads over one cache: 2·128·(2·512 + 64) FLOP per pair at two thirds of 16-bit peak.</summary>
    [Fact]
    public void Long_latent_decodes_take_the_time_of_their_products()
    {
        Deployment deployment = Deployment.Create(
            Catalog.Model("deepseek-v3"), Catalog.Device("b200-sxm"), new(1, 1, 32, 32), new(Precision.Fp8, Precision.Fp8, Precision.Fp8),
            profile: Catalog.ProfileOf(Catalog.Device("b200-sxm")));
        StepCost step = new RooflineCost(deployment).CreateStep();
        double Seconds(int context)
        {
            StepShape shape = new();
            for (int i = 0; i < 32 * 64; i++) shape.AddDecode(context);
            step.Prepare(shape);
            return step.At(0).Seconds;
        }

        double peak = Catalog.Device("b200-sxm").PeakRate(Precision.Bf16)!.Value.Value * 660 / 989;
        double expected = 61 * 64 * 4096 * (2.0 * 128 * ((2 * 512) + 64)) / peak;
        Assert.Equal(expected, Seconds(8192) - Seconds(4096), 1e-6);
    }
}
