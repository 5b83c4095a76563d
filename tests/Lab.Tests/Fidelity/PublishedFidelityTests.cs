using Orrery.Lab.Fidelity;

namespace Orrery.Lab.Tests.Fidelity;

/// <summary>Every level's own figures on the published measurements stay at what was reached, where <c>ORRERY_DATA</c> names them.</summary>
public sealed class PublishedFidelityTests(ITestOutputHelper output)
{
    private static readonly string? Data = Environment.GetEnvironmentVariable("ORRERY_DATA");

    private static readonly Lazy<FidelityData> Published = new(() => new FidelityData(Data!));

    /// <summary>The devices whose tables the bounds were found with; with others the means are over other things.</summary>
    private static readonly string[] Devices =
    [
        "a100-sxm-80gb", "a40", "a6000", "a800-sxm", "b200-sxm", "h100-sxm", "h800-sxm", "rtx-4090", "rtx-pro-6000", "tpu-v6e", "v100-pcie-16gb",
    ];

    public static TheoryData<string> Levels() => [.. FidelitySettings.AllLevels];

    [Theory]
    [MemberData(nameof(Levels))]
    public void Errors_stay_at_what_was_reached(string level)
    {
        Assert.SkipUnless(Directory.Exists(Data), "set ORRERY_DATA to the folder of the published measurements");
        Assert.SkipUnless(Published.Value.Devices.Select(device => device.Name).SequenceEqual(Devices), "the folder holds other devices than those that the bounds are of");
        FidelityReport report = FidelityRun.Of(Published.Value, new() { Levels = [level] });
        int judged = 0;
        foreach ((FidelityMode mode, string split, string part, FidelityMetric metric, double bound) in Bounds(level))
        {
            FidelityRow? row = report.Rows.FirstOrDefault(r => r.Group == FidelityRow.All && (r.Mode, r.Split, r.Part, r.Metric) == (mode, split, part, metric));
            if (row is null) continue;
            judged++;
            output.WriteLine($"{level} {mode} {split} {part} {metric}: {row.Value:0.0000}, bound {bound}");
            if (metric is FidelityMetric.Rank or FidelityMetric.Regret) Assert.InRange(row.Value, bound, 1);
            else Assert.InRange(Math.Abs(row.Value), 0, bound);
        }
        Assert.NotEqual(0, judged);
    }

    private static (FidelityMode Mode, string Split, string Part, FidelityMetric Metric, double Bound)[] Bounds(string level)
    {
        const FidelityMode own = FidelityMode.Interpolate;
        const FidelityMode other = FidelityMode.Transfer;
        const string named = $"all {OperatorLevel.OfEngines}";
        return level switch
        {
            OperatorLevel.Name =>
            [
                (own, OperatorLevel.Points, "all", FidelityMetric.Weighted, 0.045), (own, OperatorLevel.Points, named, FidelityMetric.Weighted, 0.045),
                (own, OperatorLevel.Shipped, "all", FidelityMetric.Weighted, 0.05), (own, OperatorLevel.Shipped, named, FidelityMetric.Weighted, 0.045),
                (own, OperatorLevel.Model, named, FidelityMetric.Weighted, 0.08),
                (other, OperatorLevel.Device, "all", FidelityMetric.Weighted, 0.45), (other, OperatorLevel.Device, named, FidelityMetric.Weighted, 0.29),
            ],
            IterationLevel.Name =>
            [
                (own, IterationLevel.Layer, "every step", FidelityMetric.Mape, 0.075), (own, IterationLevel.Layer, "mixed", FidelityMetric.Mape, 0.05),
                (own, IterationLevel.Attention, "every step", FidelityMetric.Mape, 0.065), (own, IterationLevel.Model, "every step", FidelityMetric.Mape, 0.37),
                (other, IterationLevel.Layer, "every step", FidelityMetric.Mape, 0.31), (other, IterationLevel.Layer, "mixed", FidelityMetric.Mape, 0.18),
                (other, IterationLevel.Attention, "every step", FidelityMetric.Mape, 0.20), (other, IterationLevel.Model, "every step", FidelityMetric.Mape, 0.42),
            ],
            DeploymentLevel.Name =>
            [
                (own, DeploymentLevel.Split, "ttft", FidelityMetric.Mape, 0.42), (own, DeploymentLevel.Split, "tpot", FidelityMetric.Mape, 0.155),
                (own, DeploymentLevel.Split, "ttft", FidelityMetric.Rank, 0.84), (own, DeploymentLevel.Split, "tpot", FidelityMetric.Rank, 0.93),
                (own, DeploymentLevel.Split, DeploymentLevel.Plans, FidelityMetric.Regret, 0.55),
                (other, DeploymentLevel.Split, "ttft", FidelityMetric.Mape, 0.50), (other, DeploymentLevel.Split, "tpot", FidelityMetric.Mape, 0.34),
                (other, DeploymentLevel.Split, "ttft", FidelityMetric.Rank, 0.84), (other, DeploymentLevel.Split, "tpot", FidelityMetric.Rank, 0.86),
                (other, DeploymentLevel.Split, DeploymentLevel.Plans, FidelityMetric.Regret, 0.42),
            ],
            RequestLevel.Name =>
            [
                (own, RequestLevel.Split, "ttft", FidelityMetric.Mean, 0.145), (own, RequestLevel.Split, "ttft", FidelityMetric.P99, 0.11),
                (own, RequestLevel.Split, "tpot", FidelityMetric.Mean, 0.03), (own, RequestLevel.Split, "latency", FidelityMetric.Mean, 0.037),
                (other, RequestLevel.Split, "tpot", FidelityMetric.Mean, 0.55), (other, RequestLevel.Split, "latency", FidelityMetric.Mean, 0.6),
            ],
            _ =>
            [
                (own, EnergyLevel.Split, "power", FidelityMetric.Mape, 0.11), (own, EnergyLevel.Split, "energy per token", FidelityMetric.Mape, 0.28),
                (other, EnergyLevel.Split, "power", FidelityMetric.Mape, 0.17), (other, EnergyLevel.Split, "energy per token", FidelityMetric.Mape, 0.32),
            ],
        };
    }
}
