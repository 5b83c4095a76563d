using Orrery.Lab.Fidelity;
using Orrery.World.Catalogue;

namespace Orrery.Lab.Tests.Fidelity;

public sealed class DeploymentFidelityTests
{
    private const string DataVariable = "ORRERY_DATA";

    [Fact]
    public void Errors_of_known_pairs()
    {
        ErrorSummary summary = ErrorSummary.Of([(1, 1.1), (2, 1.8), (4, 5), (8, 8)]);
        Assert.Equal(4, summary.Count);
        Assert.Equal((0.1 + 0.1 + 0.25 + 0) / 4, summary.MeanAbsolute, 12);
        Assert.Equal(0.1, summary.MedianAbsolute, 12);
        Assert.Equal(0.05, summary.Bias, 12);
        Assert.Equal(1, summary.RankCorrelation, 12);
        // Ranks 1 2 3 4 against 4 2.5 2.5 1: −0.9487.
        Assert.Equal(-0.9486832980505138, ErrorSummary.Of([(1, 9), (2, 5), (3, 5), (4, 1)]).RankCorrelation, 12);
        Assert.True(double.IsNaN(ErrorSummary.Of([(1, 1), (2, 2)]).RankCorrelation));
    }

    [Fact]
    public void The_plan_predicted_best_is_judged_by_its_measurement()
    {
        DeploymentCase Case(int batch) => DeploymentCase.Resolve(new(
            "test:1", "vllm", "", "meta-llama/Llama-3.1-70B", "h200_sxm", "fp8", "fp8", 1024, 100, new(1, 8, 1, 1, 8, 1, batch), null, null, 0.1, 0.01 * batch));
        DeploymentPoint Point(int batch, double tpot) => new(Case(batch), new(0.1, tpot, 1));
        // Limits are the medians: batches 1 and 2 meet them, 2 has more throughput but the same per token.
        PlanRegret right = Assert.Single(PlanRegret.Of([Point(1, 0.01), Point(2, 0.015), Point(4, 0.05)]));
        Assert.Equal(3, right.Plans);
        Assert.Equal(1, right.Ratio, 12);
        PlanRegret wrong = Assert.Single(PlanRegret.Of([Point(1, 0.01), Point(2, 0.015), Point(4, 0.01)]));
        Assert.Equal(0, wrong.Ratio);
    }

    [Fact]
    public void Errors_on_published_deployments_stay_at_what_was_reached()
    {
        string folder = Environment.GetEnvironmentVariable(DataVariable) ?? "";
        string path = Path.Combine(folder, "measured-e2e-aiconfigurator", "silicon_ttft_tpot.csv.gz");
        Assert.SkipUnless(File.Exists(path), $"set {DataVariable} to a folder with measured-e2e-aiconfigurator");
        (IReadOnlyList<DeploymentCase> cases, _) = DeploymentFidelity.Resolve(DeploymentReader.Read(path).Rows);
        DeploymentErrors total = DeploymentFidelity.Of(cases, point => Catalog.ProfileOf(point.Device), point => point.Engine).Total;
        Assert.True(total.Tpot.MeanAbsolute < 0.15, $"TPOT {total.Tpot}");
        Assert.True(total.Tpot.RankCorrelation > 0.9, $"TPOT {total.Tpot}");
        Assert.True(total.Ttft.MeanAbsolute < 0.4, $"TTFT {total.Ttft}");
    }
}
