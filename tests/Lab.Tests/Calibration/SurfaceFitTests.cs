using Orrery.Documents;
using Orrery.Lab.Calibration;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Calibration;

public sealed class SurfaceFitTests
{
    private static readonly SurfaceAxis[] Axes = [new("rows", 1, 8, 64, 512), new("width", 64, 256, 4096), new("depth", 1, 2, 4, 8)];

    [Fact]
    public void A_surface_of_the_grid_itself_is_found_again()
    {
        EfficiencySurface found = SurfaceFit.Fit(Axes, Sampled(Truth, 3000), 0.01);
        Assert.All(found.Log2Ratios.Zip(Truth.Log2Ratios), pair => Assert.Equal(pair.Second, pair.First, 0.02));
    }

    [Fact]
    public void A_few_wild_measurements_hardly_move_it()
    {
        FitPoints points = Sampled(Truth, 3000);
        for (int i = 0; i < 60; i++) points.Add([1 + (i * 8), 64 + (60 * i), 1 + (i % 8)], 1, 64);
        EfficiencySurface found = SurfaceFit.Fit(Axes, points, 0.01);
        Assert.All(found.Log2Ratios.Zip(Truth.Log2Ratios), pair => Assert.Equal(pair.Second, pair.First, 0.2));
    }

    [Fact]
    public void Cells_without_measurements_continue_their_neighbours()
    {
        FitPoints points = new(3);
        for (int i = 0; i < 500; i++) points.Add([1 + (i % 8), 64 + (i % 190), 1 + (i % 2)], 1, 3);
        EfficiencySurface found = SurfaceFit.Fit(Axes, points);
        Assert.All(found.Log2Ratios, value => Assert.Equal(Math.Log2(3), value, 0.006));
    }

    [Fact]
    public void The_same_points_give_the_same_text()
    {
        string Text() => YamlText.Write(SurfaceFit.Fit(Axes, Sampled(Truth, 500)).Write());
        Assert.Equal(Text(), Text());
    }

    [Fact]
    public void Points_of_a_set_weigh_what_the_set_weighs()
    {
        FitPoints many = new(1);
        for (int i = 0; i < 1000; i++) many.Add([4], 1, 4);
        FitPoints few = new(1);
        few.Add([4], 1, 1);
        FitPoints all = new(1);
        all.AddAll(many, 1);
        all.AddAll(few, 1);
        EfficiencySurface found = SurfaceFit.Fit([new("rows", 4)], all, outlier: 100);
        Assert.Equal(1, found.Log2Ratios[0], 0.002);
    }

    [Fact]
    public void Errors_are_shares_of_the_measured_time()
    {
        FitErrors errors = new();
        errors.Add(1.1, 1);
        errors.Add(1.8, 2);
        errors.Add(3, 3);
        FitError error = errors.Summary();
        Assert.Equal(0.2 / 3, error.Mape, 1e-12);
        Assert.Equal(0.3 / 6, error.TimeWeightedMape, 1e-12);
        Assert.Equal(0, error.Bias, 1e-12);
        Assert.Equal(0.1, error.P95, 1e-12);
        double a = Math.Log(1 / 1.1);
        double b = Math.Log(2 / 1.8);
        double mean = (a + b) / 3;
        Assert.Equal(Math.Sqrt((((a - mean) * (a - mean)) + ((b - mean) * (b - mean)) + (mean * mean)) / 2), error.Spread, 1e-12);
        Assert.Equal(3, error.Samples);
    }

    private static EfficiencySurface Truth { get; } =
        new(Axes, [.. Enumerable.Range(0, 48).Select(i => 1 + Math.Sin(i * 1.7))]);

    private static FitPoints Sampled(EfficiencySurface truth, int count)
    {
        FitPoints points = new(3);
        for (int i = 0; i < count; i++)
        {
            // Irrational steps cover the grid evenly.
            double[] at = [Math.Pow(512, i * 0.6180339887 % 1), 64 * Math.Pow(64, i * 0.7548776662 % 1), Math.Pow(8, i * 0.5698402910 % 1)];
            points.Add(at, 1, truth.RatioAt(at));
        }
        return points;
    }
}
