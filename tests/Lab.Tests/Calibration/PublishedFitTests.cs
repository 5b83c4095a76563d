using Orrery.Lab.Calibration;
using Orrery.Lab.Import;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Calibration;

/// <summary>Errors reached on published tables, rounded up, where <c>ORRERY_DATA</c> names a folder of them.</summary>
public sealed class PublishedFitTests
{
    private static readonly string? Data = Environment.GetEnvironmentVariable("ORRERY_DATA");

    /// <summary>Every second number of rows left out, products of serving sizes.</summary>
    [Theory]
    [InlineData("profiles-aiconfigurator/h100_sxm", Precision.Bf16, 0.05)]
    [InlineData("profiles-aiconfigurator/h100_sxm", Precision.Fp8, 0.05)]
    [InlineData("profiles-aiconfigurator/a100_sxm", Precision.Bf16, 0.05)]
    [InlineData("profiles-vidur/compute/h100/meta-llama__Llama-2-70b-hf", Precision.Bf16, 0.035)]
    [InlineData("profiles-llmservingsim/perf/RTX4090", Precision.Bf16, 0.015)]
    [InlineData("profiles-llmservingsim/perf/RTXPRO6000/meta-llama", Precision.Bf16, 0.02)]
    public void Products_left_out_are_predicted(string folder, Precision format, double bound)
    {
        foreach (CalibrationSource source in CalibrationSource.Pool(Sources(folder)))
        {
            FitError error = MatrixFit.LeaveOut(source.Device, source.Set.Matrices.Where(sample => sample.Format == format && IsServingSize(sample))).Summary();
            Assert.True(error.TimeWeightedMape < bound, error.ToString());
        }
    }

    /// <summary>Every second size left out.</summary>
    [Theory]
    [InlineData("profiles-vidur/compute/h100/meta-llama__Llama-2-70b-hf", 0.05)]
    [InlineData("profiles-llmservingsim/perf/RTX4090", 0.05)]
    [InlineData("profiles-llmservingsim/perf/RTXPRO6000", 0.08)]
    public void Elementwise_kernels_left_out_are_predicted(string folder, double bound)
    {
        foreach (CalibrationSource source in CalibrationSource.Pool(Sources(folder)))
        {
            FitError error = VectorFit.LeaveOut(source.Device, source.Set.Vectors).Summary();
            Assert.True(error.TimeWeightedMape < bound, error.ToString());
        }
    }

    /// <summary>Every second size left out.</summary>
    [Theory]
    [InlineData("profiles-aiconfigurator/h100_sxm", 0.02)]
    [InlineData("profiles-aiconfigurator/b200_sxm", 0.04)]
    [InlineData("profiles-vidur/network/h100_dgx", 0.03)]
    public void Collectives_left_out_are_predicted(string folder, double bound)
    {
        foreach (CalibrationSource source in CalibrationSource.Pool(Sources(folder)))
        {
            FitError error = CollectiveFit.LeaveOut(Interconnect.Usual(source.Device), source.Set.Collectives).Summary();
            Assert.True(error.TimeWeightedMape < bound, error.ToString());
        }
    }

    [Fact]
    public void A_device_is_predicted_by_the_others()
    {
        List<CalibrationSource> sources = [];
        foreach (string folder in new[] { "profiles-aiconfigurator/a100_sxm", "profiles-aiconfigurator/b200_sxm", "profiles-aiconfigurator/h100_sxm", "profiles-llmservingsim/perf" })
            sources.AddRange(Sources(folder));
        Assert.All(MatrixFit.LeaveDeviceOut(sources), pair => Assert.True(pair.Errors.Summary().TimeWeightedMape < 0.4, $"{pair.Source.Device.Name} {pair.Errors.Summary()}"));
        Assert.All(CollectiveFit.LeaveDeviceOut(sources), pair => Assert.True(pair.Errors.Summary().TimeWeightedMape < 0.25, $"{pair.Source.Device.Name} {pair.Errors.Summary()}"));
    }

    private static bool IsServingSize(MatrixSample sample) => sample.Rows <= 8192 && sample.Outputs * sample.Inputs <= 1L << 28;

    private static IEnumerable<CalibrationSource> Sources(string folder)
    {
        Assert.SkipWhen(string.IsNullOrEmpty(Data), "ORRERY_DATA names no folder of published tables");
        return MeasurementImport.Read(Path.Combine(Data!, folder)).Select(set => new CalibrationSource(Catalog.Device(set.Device), set));
    }
}
