using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Tests.Studies;

public sealed class ResultDiffTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-diff-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void RunsAreComparedMetricByMetric()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "run"));
        string a = Write("run/result.json", RunJson.Text(SampleRuns.Record().Result));
        string b = Write("b.json", RunJson.Text(SampleRuns.Record(scale: 2, seed: 4).Result));
        ResultDiff diff = ResultDiff.OfFiles(Path.GetDirectoryName(a)!, b);
        DiffRow p99 = Row(diff, "ttftSeconds.p99");
        Assert.Equal(MeasureUnit.Seconds, p99.Unit);
        Assert.Equal(1.0, p99.Difference!.Value, 9);
        Assert.Equal("+100 %", p99.TextDifference);
        Assert.EndsWith(" s", p99.TextA, StringComparison.Ordinal);
        Assert.Equal("=", Row(diff, "requests.arrived").TextDifference);
        Assert.DoesNotContain(diff.Groups[0].Rows, row => row.Metric.Contains("wall", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("the seed differs: 1 and 4", diff.Notes);
    }

    [Fact]
    public void StudiesAreMatchedByWhatWasVaried()
    {
        string a = Write("a.json", StudyJson.Text(SampleRuns.Study(("vllm-v1", 1), ("orca", 2))));
        string b = Write("b.json", StudyJson.Text(SampleRuns.Study(("orca", 3), ("ft", 1))));
        ResultDiff diff = ResultDiff.OfFiles(a, b);
        Assert.Equal("fleet.0.scheduler.use=orca", Assert.Single(diff.Groups).Label);
        Assert.Equal(0.5, Row(diff, "gapSeconds.p50").Difference!.Value, 9);
        Assert.Equal(2, diff.Notes.Count(note => note.Contains("only in", StringComparison.Ordinal)));
    }

    [Fact]
    public void WhatIsMissingIsADash()
    {
        string a = Write("a.json", """{"schema":"orrery.run/1","metrics":{"ttftSeconds":null,"x":1}}""");
        string b = Write("b.json", """{"schema":"orrery.run/1","metrics":{"ttftSeconds":{"p50":0.2},"x":0}}""");
        ResultDiff diff = ResultDiff.OfFiles(a, b);
        DiffRow row = Row(diff, "ttftSeconds.p50");
        Assert.Equal(("–", "200 ms", "–"), (row.TextA, row.TextB, row.TextDifference));
    }

    [Theory]
    [InlineData("{", "this is no JSON")]
    [InlineData("[1]", "expected a JSON object")]
    [InlineData("{}", "there is no schema")]
    [InlineData("""{"schema":"orrery.claims/1"}""", "the schema 'orrery.claims/1' cannot be compared")]
    [InlineData("""{"schema":"orrery.study/1","runs":3}""", "this is a study and")]
    public void MistakesAreSentences(string text, string sentence)
    {
        string good = Write("good.json", RunJson.Text(SampleRuns.Record().Result));
        string bad = Write("bad.json", text);
        string message = Assert.Throws<InputException>(() => ResultDiff.OfFiles(good, bad)).Message;
        Assert.Contains("bad.json", message, StringComparison.Ordinal);
        Assert.Contains(sentence, message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFilesAndEmptyFoldersAreSentences()
    {
        Write("result.jsn", "{}");
        Assert.Contains("no result.json", Assert.Throws<InputException>(() => ResultDiff.OfFiles(_folder, _folder)).Message, StringComparison.Ordinal);
        string missing = Path.Combine(_folder, "resul.jsn");
        Assert.Contains("did you mean 'result.jsn'", Assert.Throws<InputException>(() => ResultDiff.OfFiles(missing, missing)).Message, StringComparison.Ordinal);
    }

    private static DiffRow Row(ResultDiff diff, string metric) => diff.Groups[0].Rows.Single(row => row.Metric == metric);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
