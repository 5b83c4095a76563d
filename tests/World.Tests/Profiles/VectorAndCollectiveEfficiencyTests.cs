using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.World.Tests.Profiles;

public sealed class VectorAndCollectiveEfficiencyTests
{
    private static readonly DeviceSpec Device = Catalog.Device("h100-sxm");

    [Fact]
    public void A_kernel_moves_its_bytes_after_its_launch()
    {
        VectorEfficiency vector = new(new Dictionary<string, EfficiencySurface>
        {
            [VectorEfficiency.Any] = Flat(1),
            ["norm"] = Flat(3),
        });
        Assert.Equal((33.5e6 / 3350e9) + VectorEfficiency.FloorSeconds, vector.Seconds(Device, "add", 3350, 1e4), 1e-15);
        Assert.Equal(3 * vector.Seconds(Device, "add", 1000, 1e3), vector.Seconds(Device, "norm", 1000, 1e3), 1e-15);
        Assert.Equal(0, vector.Seconds(Device, "add", 1000, 0));
        string text = YamlText.Write(vector.Write());
        Assert.Equal(text, YamlText.Write(VectorEfficiency.Read(Document.Parse(text, "v.yaml")).Write()));
        Assert.Contains("'any' is missing", Assert.Throws<InputException>(() => VectorEfficiency.Read(Document.Parse("{}", "v.yaml"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CollectiveKind.AllReduce, 8, 1.75)]
    [InlineData(CollectiveKind.AllGather, 4, 0.75)]
    [InlineData(CollectiveKind.PointToPoint, 2, 1)]
    public void At_ratio_one_a_collective_is_its_volume_over_the_link_after_a_floor(CollectiveKind kind, int devices, double share)
    {
        Interconnect links = Interconnect.Usual(Device);
        CollectiveEfficiency collective = new(new Dictionary<CollectiveKind, EfficiencySurface> { [CollectiveKind.AllReduce] = Surface(1) });
        Assert.Equal((share * 1e9 / 450e9) + CollectiveEfficiency.FloorSeconds, collective.Seconds(kind, links, devices, 1e9), 1e-12);
        Assert.Equal(0, collective.Seconds(kind, links, 1, 1e9));
        // Two machines are limited by the link between them.
        Assert.Equal((15.0 / 8 * 1e9 / 25e9) + CollectiveEfficiency.FloorSeconds, collective.Seconds(CollectiveKind.AllReduce, links, 16, 1e9), 1e-12);
    }

    [Fact]
    public void Between_machines_another_surface_holds_and_a_kind_falls_back_to_its_like()
    {
        Interconnect links = Interconnect.Usual(Device);
        CollectiveEfficiency collective = new(
            new Dictionary<CollectiveKind, EfficiencySurface> { [CollectiveKind.AllReduce] = Surface(1), [CollectiveKind.AllGather] = Surface(2) },
            new Dictionary<CollectiveKind, EfficiencySurface> { [CollectiveKind.AllReduce] = Surface(4) });
        Assert.Equal(2, Ratio(CollectiveKind.ReduceScatter, 8), 1e-9);
        Assert.Equal(4, Ratio(CollectiveKind.AllReduce, 16), 1e-9);
        Assert.Equal(2, Ratio(CollectiveKind.AllToAll, 16), 1e-9);
        string text = YamlText.Write(collective.Write());
        Assert.Equal(text, YamlText.Write(CollectiveEfficiency.Read(Document.Parse(text, "c.yaml")).Write()));

        double Ratio(CollectiveKind kind, int devices) => collective.Seconds(kind, links, devices, 1e6)
            / CollectiveEfficiency.IdealSeconds(kind, links.For(devices).Bandwidth.Value, devices, 1e6);
    }

    [Fact]
    public void An_error_is_written_and_read()
    {
        FitError error = new(0.0312, 0.0215, 0.11, -0.004, 0.05, 1200);
        Assert.Equal(error, FitError.Read(Document.Parse(YamlText.Write(error.Write()), "e.yaml")));
    }

    private static EfficiencySurface Flat(double ratio) =>
        new([.. VectorEfficiency.Coordinates.Select(name => new SurfaceAxis(name, 1))], [Math.Log2(ratio)]);

    private static EfficiencySurface Surface(double ratio) =>
        new([.. CollectiveEfficiency.Coordinates.Select(name => new SurfaceAxis(name, 1))], [Math.Log2(ratio)]);
}
