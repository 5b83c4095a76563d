using Orrery.Lab.Calibration;
using Orrery.World.Catalogue;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Calibration;

public sealed class EngineTimesFitTests
{
    /// <summary>The shipped engine is what the published table gives, to its rounding.</summary>
    [Fact]
    public void The_shipped_times_are_those_of_the_table()
    {
        string? data = Environment.GetEnvironmentVariable("ORRERY_DATA");
        Assert.SkipWhen(string.IsNullOrEmpty(data), "ORRERY_DATA names no folder of published tables");
        IReadOnlyList<PowerRow> rows = PowerTable.Read(Path.Combine(data!, "ml-energy", "llm.csv"), _ => { });
        (double step, double sequence, double error) = EngineTimesFit.Fit(rows);
        EngineProfile shipped = Catalog.Engine(PowerTable.EngineName);
        Assert.True(
            Math.Abs(shipped.StepCpuSeconds - step) < 0.05e-3 && Math.Abs(shipped.SequenceCpuSeconds - sequence) < 0.5e-6 && error < 0.2,
            $"fitted {step * 1e3:0.00} ms and {sequence * 1e6:0.0} us, error {error:P1}");
    }

    [Fact]
    public void Nothing_measured_gives_nothing() => Assert.Equal((0, 0, 0), EngineTimesFit.Fit([]));
}
