using Orrery.Lab.Fidelity;
using Orrery.Lab.Runs;
using Orrery.World.Catalogue;

namespace Orrery.Lab.Tests.Fidelity;

/// <summary>How often stated intervals hold what was measured.</summary>
public sealed class IntervalCoverageTests(ITestOutputHelper output)
{
    private const string DataVariable = "ORRERY_DATA";

    /// <summary>Cases of the published table that are looked at: every so many.</summary>
    private const int Stride = 20;

    [Fact]
    public void Inside_and_outside_are_counted()
    {
        IntervalPoint[] points = [new("a", "ttft", 1, new(0.8, 1.2), 1.1), new("a", "tpot", 1, new(0.5, 2), 3), new("b", "ttft", 1, new(0.9, 1.8), 0.9)];
        IntervalCoverage all = IntervalCoverage.Of(points);
        Assert.Equal((3, 2), (all.Points, all.Inside));
        Assert.Equal(2, all.MedianWidth, 12);
        Assert.Equal([0.5, 1], IntervalCoverage.By(points, point => point.Group).Select(group => group.Share));
    }

    [Fact]
    public void Published_runs_lie_in_their_intervals_about_as_often_as_stated()
    {
        string folder = Environment.GetEnvironmentVariable(DataVariable) ?? "";
        Assert.SkipUnless(Directory.Exists(folder), $"set {DataVariable} to a folder of measured runs");
        List<IntervalPoint> points = [];
        foreach (MeasuredRun run in VllmRuns.Find(folder).Where(run => run.OutcomePath is not null))
            points.AddRange(IntervalCoverage.OfRun(VllmRuns.Compare(run, VllmScenario.Build(run), new() { DrawRequests = IntervalSettings.MostRequests })));
        Assert.SkipWhen(points.Count == 0, "no measured outcome is here");
        foreach (IntervalPoint point in points)
            output.WriteLine($"{point.Group} {point.Metric}: {point.Predicted:G4} [{point.Interval.Low:G4}, {point.Interval.High:G4}] measured {point.Measured:G4} {(point.IsInside ? "" : "OUTSIDE")}");
        IntervalCoverage all = IntervalCoverage.Of(points);
        output.WriteLine(all.ToString());
        Assert.True(all.Share >= 0.85, all.ToString());
    }

    [Fact]
    public void Intervals_of_published_deployments_cover_what_was_reached()
    {
        string folder = Environment.GetEnvironmentVariable(DataVariable) ?? "";
        string path = Path.Combine(folder, "measured-e2e-aiconfigurator", "silicon_ttft_tpot.csv.gz");
        Assert.SkipUnless(File.Exists(path), $"set {DataVariable} to a folder with measured-e2e-aiconfigurator");
        (IReadOnlyList<DeploymentCase> cases, _) = DeploymentFidelity.Resolve(DeploymentReader.Read(path).Rows);
        DeploymentCase[] some = [.. cases.Where((_, i) => i % Stride == 0)];
        IReadOnlyList<IntervalPoint> points = IntervalCoverage.OfDeployments(some, one => Catalog.ProfileOf(one.Device), one => one.Engine);
        foreach (IntervalCoverage one in IntervalCoverage.By(points, point => point.Metric)) output.WriteLine(one.ToString());
        // Too narrow for whole deployments: what engines add and how they gather prompts has errors that no profile of a device knows.
        Assert.True(IntervalCoverage.Of([.. points.Where(point => point.Metric == "tpot")]).Share is > 0.6 and < 0.97);
        Assert.True(IntervalCoverage.Of([.. points.Where(point => point.Metric == "ttft")]).Share > 0.5);
    }
}
