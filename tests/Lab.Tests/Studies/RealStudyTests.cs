using System.Globalization;
using System.Text;
using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Lab.Reports;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Studies;
using Orrery.Lab.Tests.Runs;
using Comparison = Orrery.Lab.Studies.Comparison;

namespace Orrery.Lab.Tests.Studies;

/// <summary>Studies of real, small scenarios.</summary>
public sealed class RealStudyTests : IDisposable
{
    private const string Chat = """
        name: small-chat
        model: llama-2-7b
        fleet: [{device: a100-sxm-40gb, replicas: 1}]
        traffic:
          generator: poisson
          rate: 4/s
          requests: 400
          prompt: {lognormal: {median: 300, sigma: 0.6, min: 8, max: 1600}}
          output: {lognormal: {median: 60, sigma: 0.5, min: 2, max: 300}}
        slo: {ttft: 1s, tpot: 40ms}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-real-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void VariantsSeeTheSameTrafficOnAnyNumberOfThreads()
    {
        StudyResult one = Compare(new() { Workers = 1 });
        StudyResult many = Compare(new() { Workers = 4, FastForward = false });
        Assert.Equal(one.Runs.Select(Comparable), many.Runs.Select(Comparable));
        Assert.Equal(4, one.Runs.Count);
        Assert.Single(one.Runs.Select(run => run.Record.Result.Requests.Arrived).Distinct());
        Assert.True(one.Runs.Select(Comparable).Distinct().Count() >= 3);
    }

    [Fact]
    public void AStudyLeavesAFolderThatDiffReads()
    {
        StudyResult study = Compare(new() { Folder = _folder });
        Assert.Equal(4, Compare(new() { Folder = _folder }).Resumed);
        StudyFolder.Finish(study, TinyScenarios.Read(TinyScenarios.Everything), _folder, "A lesson <learnt>.");
        ResultDiff diff = ResultDiff.OfFiles(_folder, _folder);
        Assert.Equal(4, diff.Groups.Count);
        Assert.All(diff.Groups.SelectMany(group => group.Rows), row => Assert.Equal(0, row.Difference));
        string page = File.ReadAllText(Path.Combine(_folder, Report.FileName));
        Assert.Contains("A lesson &lt;learnt&gt;.", page, StringComparison.Ordinal);
        Assert.Contains("generator: gamma", page, StringComparison.Ordinal);
        if (Environment.GetEnvironmentVariable("ORRERY_REPORT_SAMPLES") is { } samples) File.WriteAllText(Path.Combine(samples, "real.html"), page);
    }

    [Fact]
    public void AVariantThatIsWrongIsFoundBeforeAnyRun()
    {
        Node tree = Document.Parse(TinyScenarios.Everything, "s.yaml");
        InputException failure = Assert.Throws<InputException>(() => Comparison.Run(tree, "", ["router=round-robin,rund-robin"], new() { Folder = _folder }));
        Assert.Contains("round-robin", failure.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void ACapacityIsMetBelowAndMissedAbove()
    {
        Node tree = Document.Parse(Chat, "s.yaml");
        CapacityResult result = Capacity.Find(tree, "", new() { Seeds = 2 });
        Assert.Equal(["attainment >= 0.9"], result.Goals);
        Assert.All(result.Searches, search => Assert.Equal(CapacityEnd.Found, search.End));
        Assert.True(result.RequestsPerSecond.Low < result.RequestsPerSecond.Mean && result.RequestsPerSecond.Mean < result.RequestsPerSecond.High);
        CapacitySearch first = result.Searches[0];
        Assert.True(Attainment(tree, first.Low) >= 0.9);
        Assert.True(Attainment(tree, first.High) < 0.9);
        Assert.Equal(first.Low, result.AtCapacity!.RequestsPerSecond);
        Assert.Contains("\"orrery.capacity/1\"", StudyJson.Text(result), StringComparison.Ordinal);
    }

    /// <summary>Four requests per second at twice the speed are the eight that the first probe has.</summary>
    [Fact]
    public void ATraceIsPlayedFaster()
    {
        var trace = new StringBuilder("arrival_seconds,prompt_tokens,output_tokens\n");
        for (int i = 0; i < 400; i++) trace.Append(CultureInfo.InvariantCulture, $"{i * 0.25},300,60\n");
        File.WriteAllText(Path.Combine(_folder, "trace.csv"), trace.ToString());
        string written = Chat[..Chat.IndexOf("traffic:", StringComparison.Ordinal)] + "traffic: {file: trace.csv, speed: 2}\n" + Chat[Chat.IndexOf("slo:", StringComparison.Ordinal)..];
        Expectation[] goals = [Expectation.Parse("p90(tpot) <= 30ms", "--goal", RunMetricTable.Infos), Expectation.Parse("p90(ttft) <= 2s", "--goal", RunMetricTable.Infos)];
        CapacityResult result = Capacity.Find(Document.Parse(written, "s.yaml"), _folder, new() { Seeds = 1, Goals = goals });
        CapacitySearch search = Assert.Single(result.Searches);
        Assert.Equal(CapacityEnd.Found, search.End);
        Assert.InRange(search.Probes[0].RequestsPerSecond, 7.9, 8.1);
        Assert.Contains(result.Notes, note => note.StartsWith("one seed", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutAGoalThereIsNoCapacity()
    {
        Node tree = Document.Parse(Chat[..Chat.IndexOf("slo:", StringComparison.Ordinal)], "s.yaml");
        Assert.Contains("a capacity needs a goal", Assert.Throws<InputException>(() => Capacity.Find(tree, "", new())).Message, StringComparison.Ordinal);
    }

    private static StudyResult Compare(StudySettings settings) => Comparison.Run(
        Document.Parse(TinyScenarios.Everything, "s.yaml"), "", ["fleet.0.replicas=2,3", "fleet.0.memory.utilization=0.5,0.8"], settings);

    private static string Comparable(StudyRun run) => TinyScenarios.Comparable(run.Record.Result);

    private static double Attainment(Node tree, double rate) => RunMetricTable.Lookup(
        Simulation.Run(Scenarios(tree, rate)), Statistic.Value, RunMetricTable.Infos.First(metric => metric.Name == "attainment"))!.Value;

    private static Lab.Scenarios.Scenario Scenarios(Node tree, double rate) => Lab.Scenarios.ScenarioReader.Read(
        Overrides.Apply(tree, string.Create(CultureInfo.InvariantCulture, $"traffic.rate={rate:0.#################}/s")), "");
}
