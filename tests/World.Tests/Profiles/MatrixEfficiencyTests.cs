using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Profiles;

namespace Orrery.World.Tests.Profiles;

public sealed class MatrixEfficiencyTests
{
    private static readonly DeviceSpec Device = Catalog.Device("h100-sxm");

    [Fact]
    public void At_ratio_one_the_time_is_the_roofline_plus_the_launch()
    {
        MatrixEfficiency matrix = Constant(1);
        double compute = 2.0 * 8192 * 4096 * 4096 / 989e12;
        double memory = ((4096.0 * 4096) + 4096 + 4096) * 2 / 3350e9;
        Assert.Equal(compute + MatrixEfficiency.FloorSeconds, matrix.Seconds(Device, Precision.Bf16, 8192, 4096, 4096), 1e-15);
        Assert.Equal(memory + MatrixEfficiency.FloorSeconds, matrix.Seconds(Device, Precision.Bf16, 1, 4096, 4096), 1e-15);
        Assert.Equal(0, matrix.Of(Device, Precision.Bf16, 4096, 4096).Seconds(0));
    }

    [Fact]
    public void Weights_of_fewer_bits_are_read_faster_and_computed_alike()
    {
        MatrixEfficiency matrix = Constant(1);
        double four = matrix.Seconds(Device, Precision.Bf16, 1, 4096, 4096, 0.5);
        Assert.Equal((((4096.0 * 4096 * 0.5) + (2 * 4096) + (2 * 4096)) / 3350e9) + MatrixEfficiency.FloorSeconds, four, 1e-15);
        Assert.Equal(matrix.Seconds(Device, Precision.Bf16, 8192, 4096, 4096), matrix.Seconds(Device, Precision.Bf16, 8192, 4096, 4096, 0.5));
    }

    [Fact]
    public void A_measured_shape_is_met_exactly_and_others_follow_the_surface()
    {
        MatrixCurve curve = new(Precision.Bf16, 4096, 1024, new([new("rows", 1, 64)], [1, 2]));
        MatrixEfficiency matrix = new(new Dictionary<Precision, EfficiencySurface> { [Precision.Bf16] = Surface(8) }, [curve]);
        double ideal = MatrixIdeal.Of(Device, Precision.Bf16, 4096, 1024).Seconds(64);
        Assert.Equal(4 * ideal, matrix.Seconds(Device, Precision.Bf16, 64, 4096, 1024), 1e-18);
        Assert.Equal(8 * MatrixIdeal.Of(Device, Precision.Bf16, 4096, 2048).Seconds(64), matrix.Seconds(Device, Precision.Bf16, 64, 4096, 2048), 1e-18);
        Assert.False(matrix.IsInside(Device, Precision.Bf16, 65, 4096, 1024));
    }

    [Fact]
    public void Outputs_are_counted_per_multiprocessor()
    {
        SurfaceAxis outputs = new("outputs", 1, 1024);
        EfficiencySurface surface = new([new("rows", 1), outputs, new("inputs", 1), new("power", 1)], [0, 10]);
        MatrixEfficiency matrix = new(new Dictionary<Precision, EfficiencySurface> { [Precision.Bf16] = surface });
        double ratio = matrix.Seconds(Device, Precision.Bf16, 16, 4096, 4096) / MatrixIdeal.Of(Device, Precision.Bf16, 4096, 4096).Seconds(16);
        Assert.Equal(4096.0 / Device.Multiprocessors, ratio, 1e-9);
        DeviceSpec unknown = Device with { Multiprocessors = 0 };
        Assert.Equal(4096.0 / MatrixEfficiency.UsualMultiprocessors, MatrixIdeal.Of(unknown, Precision.Bf16, 4096, 4096).OutputsPerMultiprocessor);
    }

    [Fact]
    public void A_format_without_a_surface_takes_the_nearest()
    {
        MatrixEfficiency matrix = new(new Dictionary<Precision, EfficiencySurface> { [Precision.Bf16] = Surface(2), [Precision.Fp8] = Surface(4) });
        Assert.Equal(4, Ratio(Precision.Int8), 1e-9);
        Assert.Equal(2, Ratio(Precision.Fp16), 1e-9);

        double Ratio(Precision format) =>
            matrix.Seconds(Device, format, 16, 4096, 4096) / MatrixIdeal.Of(Device, format, 4096, 4096).Seconds(16);
    }

    [Fact]
    public void Writing_and_reading_gives_the_same_family_and_text()
    {
        MatrixCurve curve = new(Precision.Fp8, 4096, 1024, new([new("rows", 1, 64)], [1, 2]));
        MatrixEfficiency matrix = new(new Dictionary<Precision, EfficiencySurface> { [Precision.Fp8] = Surface(4), [Precision.Bf16] = Surface(2) }, [curve]);
        string text = YamlText.Write(matrix.Write());
        MatrixEfficiency read = MatrixEfficiency.Read(Document.Parse(text, "matrix.yaml"));
        Assert.Equal(text, YamlText.Write(read.Write()));
        Assert.Equal(matrix.Seconds(Device, Precision.Bf16, 5, 300, 700), read.Seconds(Device, Precision.Bf16, 5, 300, 700));
        Assert.Equal(matrix.Seconds(Device, Precision.Fp8, 5, 4096, 1024), read.Seconds(Device, Precision.Fp8, 5, 4096, 1024));
    }

    [Fact]
    public void Wrong_input_is_refused_in_a_sentence()
    {
        InputException unknown = Assert.Throws<InputException>(() => MatrixEfficiency.Read(Document.Parse("surfaces: {bf17: {}}", "m.yaml")));
        Assert.Contains("bf16", unknown.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Constant(1).Seconds(Catalog.Device("a100-sxm-80gb"), Precision.Fp8, 1, 64, 64));
        Assert.Throws<ArgumentException>(() => new MatrixEfficiency(new Dictionary<Precision, EfficiencySurface>
        {
            [Precision.Bf16] = EfficiencySurface.Constant("rows", 1),
        }));
    }

    private static MatrixEfficiency Constant(double ratio) => new(new Dictionary<Precision, EfficiencySurface> { [Precision.Bf16] = Surface(ratio) });

    private static EfficiencySurface Surface(double ratio) =>
        new([.. MatrixEfficiency.Coordinates.Select(name => new SurfaceAxis(name, 1))], [Math.Log2(ratio)]);
}
