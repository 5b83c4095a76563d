using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Profiles;

namespace Orrery.World.Tests.Profiles;

public sealed class EfficiencySurfaceTests
{
    private static readonly SurfaceAxis Rows = new("rows", 1, 3, 16, 1000);
    private static readonly SurfaceAxis Width = new("width", 64, 100, 4096);
    private static readonly SurfaceAxis Depth = new("depth", 0.5, 2);

    [Fact]
    public void Grid_points_are_met_exactly()
    {
        EfficiencySurface surface = Sample();
        int next = 0;
        foreach (double r in Rows.Points)
            foreach (double w in Width.Points)
                foreach (double d in Depth.Points) Assert.Equal(surface.Log2Ratios[next++], surface.Log2RatioAt(r, w, d));
    }

    [Fact]
    public void A_power_law_is_met_everywhere()
    {
        EfficiencySurface surface = Over((r, w, d) => 7 * Math.Pow(r, -0.5) * Math.Pow(w, 0.25) * d);
        foreach ((double r, double w, double d) in new[] { (2.0, 70.0, 1.0), (999.0, 101.0, 0.6), (5.5, 4000.0, 1.999) })
            Assert.Equal(7 * Math.Pow(r, -0.5) * Math.Pow(w, 0.25) * d, surface.RatioAt(r, w, d), 1e-9);
    }

    [Fact]
    public void Beyond_the_grid_the_edge_holds_and_is_reported()
    {
        EfficiencySurface surface = Sample();
        Assert.Equal(surface.Log2RatioAt(1, 100, 2), surface.Log2RatioAt(0.1, 100, 9));
        Assert.Equal(surface.Log2RatioAt(1000, 4096, 1), surface.Log2RatioAt(1e9, 5000, 1));
        Assert.True(surface.IsInside(1000, 64, 2));
        Assert.False(surface.IsInside(1001, 64, 2));
        Assert.False(surface.IsInside(1000, 63, 2));
    }

    [Fact]
    public void Between_two_points_the_value_lies_between_theirs()
    {
        EfficiencySurface surface = new([Rows], [0, 1, -2, 4]);
        Assert.Equal(0.5, surface.Log2RatioAt(Math.Sqrt(3)), 1e-12);
        Assert.Equal(-0.5, surface.Log2RatioAt(Math.Sqrt(48)), 1e-12);
    }

    [Fact]
    public void Writing_and_reading_gives_the_rounded_surface_and_the_same_text()
    {
        EfficiencySurface surface = Sample();
        string text = YamlText.Write(surface.Write());
        EfficiencySurface read = EfficiencySurface.Read(Document.Parse(text, "surface.yaml"), "rows", "width", "depth");
        Assert.Equal(surface.Rounded().Log2Ratios, read.Log2Ratios);
        Assert.Equal(surface.Axes.SelectMany(axis => axis.Points), read.Axes.SelectMany(axis => axis.Points));
        Assert.Equal(text, YamlText.Write(read.Write()));
        Assert.All(surface.Log2Ratios.Zip(read.Log2Ratios), pair => Assert.Equal(pair.First, pair.Second, 0.005001));
    }

    [Theory]
    [InlineData("{axes: {rows: [1, 2]}, values: [1 2 3]}", "a row of this surface has 2 values, not 3")]
    [InlineData("{axes: {rows: [1, 2]}, values: [1 2, 3 4]}", "the axes ask for 1 rows of values, not 2")]
    [InlineData("{axes: {rows: [2, 2]}, values: [1 2]}", "the point 2 is not larger than the one before it")]
    [InlineData("{axes: {rows: [0, 2]}, values: [1 2]}", "the point 0 is not positive and finite")]
    [InlineData("{axes: {row: [1, 2]}, values: [1 2]}", "the key 'rows' is missing")]
    [InlineData("{axes: {rows: [1, 2]}, values: [1 x]}", "'x' is no whole number of hundredths of an octave")]
    [InlineData("{axes: {rows: [1, 2]}, values: [1 2], value: 3}", "unknown key")]
    public void A_wrong_document_is_one_sentence(string text, string sentence)
    {
        InputException problem = Assert.Throws<InputException>(() => EfficiencySurface.Read(Document.Parse(text, "surface.yaml"), "rows"));
        Assert.Contains(sentence, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_wrong_grid_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new EfficiencySurface([Rows], [1, 2]));
        Assert.Throws<ArgumentException>(() => new EfficiencySurface([], []));
        Assert.Throws<ArgumentException>(() => new EfficiencySurface([Rows], [1, 2, 3, double.NaN]));
        Assert.Throws<ArgumentException>(() => Sample().Log2RatioAt(1, 2));
    }

    private static EfficiencySurface Sample() => Over((r, w, d) => 1.5 + Math.Sin(r + (2 * w) + (3 * d)));

    private static EfficiencySurface Over(Func<double, double, double, double> ratio)
    {
        var values = new List<double>();
        foreach (double r in Rows.Points)
            foreach (double w in Width.Points)
                foreach (double d in Depth.Points) values.Add(Math.Log2(ratio(r, w, d)));
        return new([Rows, Width, Depth], values);
    }
}
