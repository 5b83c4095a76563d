using System.Text.Json;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Lab.Reports;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Tests.Runs;

public sealed class ExperimentRunTests : IDisposable
{
    private const string Text = "name: night\nexperiment: {use: sleep-time-compute, premium: 8}\nexpect: [breakEvenQuestions <= 3, breakEvenQuestions > 3]\nseed: 4\n";

    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-experiment-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void AScenarioOfAnExperimentReadsLocksAndReadsBack()
    {
        var scenario = Assert.IsType<ExperimentScenario>(ScenarioReader.ReadAny(Document.Parse(Text, "s.yaml"), ""));
        Assert.Equal(("night", "sleep-time-compute", 4UL), (scenario.Name, scenario.Use, scenario.Seed));
        string text = ScenarioLock.Write(scenario);
        Assert.Contains("premium: 8", text, StringComparison.Ordinal);
        var again = Assert.IsType<ExperimentScenario>(ScenarioReader.ReadAny(Document.Parse(text, "lock"), ""));
        Assert.Equal(scenario.Experiment, again.Experiment);
        Assert.Equal(text, ScenarioLock.Write(again));
        Assert.Equal(9UL, ScenarioReader.ReadAny(Document.Parse(Text, "s.yaml"), "", seed: 9).Seed);
        Assert.Equal("sleep-time-compute", ScenarioReader.ReadAny(Document.Parse("experiment: sleep-time-compute", "s.yaml"), "").Name);
    }

    [Fact]
    public void GoalsAreJudgedAndAResultReadsBack()
    {
        RunResult result = ExperimentRun.Run((ExperimentScenario)ScenarioReader.ReadAny(Document.Parse(Text, "s.yaml"), "")).Result;
        Assert.Equal([true, false], result.Expectations.Select(outcome => outcome.IsMet));
        string text = RunJson.Text(result);
        using JsonDocument document = JsonDocument.Parse(text);
        RunResult read = RunJson.Read(document.RootElement);
        Assert.Equal(result.Experiment!.Values, read.Experiment!.Values);
        Assert.Equal(text, RunJson.Text(read));
    }

    [Theory]
    [InlineData("experiment:\n  use: tpi-llm\n  ratios: 1,2\n", "s.yaml:3:11: experiment.ratios: '1,2' has 2 numbers")]
    [InlineData("experiment: {use: polca, days: 0}", "s.yaml:1:32: experiment.days: the row needs some time")]
    [InlineData("experiment: {use: polca, policy: polca, capSpread: 0.1, firstThreshold: 0.03}", "experiment: hysteresis: power never falls")]
    public void AMistakeThatShowsInTheRunHasItsPlace(string text, string message)
    {
        var scenario = (ExperimentScenario)ScenarioReader.ReadAny(Document.Parse(text, "s.yaml"), "");
        Assert.Contains(message, Assert.Throws<InputException>(() => ExperimentRun.Run(scenario)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sleep-time-compute", "contextLife: 1ns")]
    [InlineData("sleep-time-compute", "contextLife: 0s")]
    [InlineData("sn40l-coe", "peerHbm: 0GB")]
    [InlineData("sn40l-coe", "slowMemory: 0GB")]
    [InlineData("tpi-llm", "memory: 0GB")]
    [InlineData("spotserve", "storage: 1B/s")]
    [InlineData("spotserve", "network: 1B/s")]
    [InlineData("polca", "peakRate: 1e-300/s")]
    [InlineData("polca", "interval: 1ns")]
    [InlineData("intelligent-load-balancing", "interval: 1ns")]
    [InlineData("serverless-cold-starts", "podCreation: 1ns")]
    public void WhatWouldNeverEndOrDivideByNothingIsOutOfRange(string use, string option)
    {
        Node tree = Document.Parse($"experiment: {{use: {use}, {option}}}", "s.yaml");
        InputException mistake = Assert.Throws<InputException>(() => ScenarioReader.ReadAny(tree, ""));
        Assert.Contains($"experiment.{option[..option.IndexOf(':', StringComparison.Ordinal)]}: ", mistake.Message, StringComparison.Ordinal);
        Assert.Contains("out of range", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AMistakeOfOneVariantSaysWhich()
    {
        Node tree = Document.Parse("experiment: {use: tpi-llm}", "s.yaml");
        InputException mistake = Assert.Throws<InputException>(() => Comparison.Run(tree, "", ["experiment.nodes=2,4,9"], new()));
        Assert.Contains("experiment.nodes: 'llama-2-70b' has 8 key/value heads", mistake.Message, StringComparison.Ordinal);
        Assert.EndsWith("(in the variant nodes 9)", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HugeNumbersHaveAnExponent()
    {
        Assert.Equal(["12.5", "-3", "999999999999999", "1e+15", "1.25e+57", "-"], new[] { 12.5, -3, 999_999_999_999_999, 1e15, 1.2499e57, double.PositiveInfinity }.Select(value => ExperimentTable.Cell(value, 2)));
        Assert.Equal("1.25e+57", ReportText.Digits(1.25e57));
    }

    [Fact]
    public void WhatIsInfiniteIsAbsentAndWhatIsNoFigureIsAMistakeOfTheExperiment()
    {
        Toy toy = new(new Dictionary<string, double> { ["a"] = 1, ["b"] = double.PositiveInfinity });
        RunResult result = ExperimentRun.Run(Of(toy)).Result;
        Assert.Equal((1.0, null), (result.Experiment!.Value("a"), result.Experiment.Value("b")));
        Assert.Contains("\"b\": null", RunJson.Text(result), StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => ExperimentRun.Run(Of(new Toy(new Dictionary<string, double> { ["c"] = 1 }))));
        Assert.Throws<OperationCanceledException>(() => ExperimentRun.Run(Of(toy), new CancellationToken(canceled: true)));
    }

    [Fact]
    public void APageShowsFiguresAndTablesAndEscapesWords()
    {
        ExperimentScenario scenario = Of(new Toy(new Dictionary<string, double> { ["a"] = 1.25 }));
        string page = Report.Page(ExperimentRun.Run(scenario), (ExperimentScenario)ScenarioReader.ReadAny(Document.Parse(Text, "s.yaml"), ""));
        Assert.Contains("1.25 s", page, StringComparison.Ordinal);
        Assert.Contains("<td class=\"name\">&lt;one&gt;</td>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<one>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void AStudyVariesOptionsAndResumesFromItsJournal()
    {
        Node tree = Document.Parse("experiment: sleep-time-compute\n", "s.yaml");
        string[] varies = ["experiment.premium=1,5,10"];
        StudyResult first = Comparison.Run(tree, "", varies, new() { Folder = _folder });
        StudyResult second = Comparison.Run(tree, "", varies, new() { Folder = _folder });
        Assert.Equal((0, 3), (first.Resumed, second.Resumed));
        Assert.Equal(first.Runs.Select(run => run.Record.Result.Experiment!.Values), second.Runs.Select(run => run.Record.Result.Experiment!.Values));
        StudyTable table = StudyTable.Of(second);
        Assert.Equal("premium", table.Columns[0].Header);
        Assert.Contains(table.Columns, column => column.Header == "breakEvenQuestions");
        Assert.Equal(["1", "5", "10"], table.Rows.Select(row => row[0].Text));
    }

    private static ExperimentScenario Of(ExperimentSpec spec) => new() { Name = "toy", Experiment = spec, Use = "toy" };

    private sealed record Toy(IReadOnlyDictionary<string, double> Values) : ExperimentSpec
    {
        public override IReadOnlyList<ExperimentFigure> Figures => [new("a", "s", "First."), new("b", "", "Second.")];

        public override ExperimentResult Run(RandomStream random, CancellationToken cancel)
        {
            cancel.ThrowIfCancellationRequested();
            return new(Values) { Tables = [new("Rows", ["name", "value"], [["<one>", "1"]])] };
        }
    }
}
