using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Tests.Studies;

public sealed class ComparisonTests : IDisposable
{
    private static readonly string[] Varies = ["a=1,2,3", "b.c=[x, y],z"];

    private readonly string _folder = Directory.CreateTempSubdirectory("orrery-study-").FullName;
    private readonly Node _tree = Document.Parse("a: 0\nb: {c: 0}\n", "test.yaml");

    private string Journal => Path.Combine(_folder, StudyJournal.FileName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void TheFirstFlagIsTheOutermostLoop()
    {
        StudyResult study = Run(new());
        Assert.Equal(
            ["1|[x, y]", "1|z", "2|[x, y]", "2|z", "3|[x, y]", "3|z"],
            study.Runs.Select(run => string.Join('|', run.Vary.Values)));
        Assert.All(study.Runs, run => Assert.Equal(["a", "b.c"], run.Vary.Keys));
        Assert.Contains("a: 2", study.Runs[2].Record.Result.Scenario, StringComparison.Ordinal);
        Assert.False(study.IsPartial);
    }

    [Fact]
    public void NothingVariedIsOneRun() => Assert.Empty(Assert.Single(Run(new(), []).Runs).Vary);

    [Fact]
    public void ThreadsDoNotChangeTheResult()
    {
        string[] one = Texts(Run(new() { Workers = 1, Seeds = 3 }));
        Assert.Equal(18, one.Length);
        Assert.Equal(one, Texts(Run(new() { Workers = 8, Seeds = 3 })));
    }

    [Fact]
    public void ReplicationsCountUpFromTheSeed()
    {
        StudyResult study = Run(new() { Seed = 40, Seeds = 3 }, ["a=1,2"]);
        Assert.Equal([40UL, 41, 42, 40, 41, 42], study.Runs.Select(run => run.Record.Result.Seed));
        Assert.Equal(40UL, study.Seed);
    }

    [Fact]
    public void VariantsOfEqualIdentityRunOnce()
    {
        int executed = 0;
        PrepareRun prepare = (_, _) => new("same", 1, "whatever was varied", _ =>
        {
            Interlocked.Increment(ref executed);
            return SampleRuns.Record();
        });
        Assert.Equal(6, Comparison.Run(_tree, Varies, new() { Workers = 4 }, prepare).Runs.Count);
        Assert.Equal(1, executed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(40)]
    public void AKillInTheMiddleOfALineNeitherLosesNorRepeatsARun(int bytesOfTheTornLine)
    {
        string[] whole = Texts(Run(new() { Folder = _folder, Workers = 1 }));
        byte[] journal = File.ReadAllBytes(Journal);
        int third = NthLineEnd(journal, 3);
        File.WriteAllBytes(Journal, journal[..(third + bytesOfTheTornLine)]);

        var executed = new List<string>();
        StudyResult resumed = Comparison.Run(_tree, Varies, new() { Folder = _folder }, SampleRuns.Counting(executed));
        Assert.Equal(3, executed.Count);
        Assert.Equal(3, resumed.Resumed);
        Assert.Equal(whole, Texts(resumed));

        executed.Clear();
        Assert.Equal(whole, Texts(Comparison.Run(_tree, Varies, new() { Folder = _folder }, SampleRuns.Counting(executed))));
        Assert.Empty(executed);
        Assert.Equal(6, File.ReadAllLines(Journal).Length);
    }

    [Fact]
    public void OnlyDrawnRunsKeepTheirSeriesAndARunThatComesToBeDrawnIsDoneAgain()
    {
        string many = "a=" + string.Join(',', Enumerable.Range(0, 14));
        StudyResult study = Run(new() { Folder = _folder, Seeds = 2 }, [many]);
        Assert.Equal(StudyResult.MostDrawn, study.Runs.Count(run => run.Record.Series.Timeline.Count > 0));
        Assert.All(study.Runs.Select((run, i) => (run, i)), at => Assert.Equal(at.i < 24 && at.i % 2 == 0, at.run.Record.Series.Timeline.Count > 0));
        var executed = new List<string>();
        StudyResult last = Comparison.Run(_tree, ["a=13"], new() { Folder = _folder }, SampleRuns.Counting(executed));
        Assert.Single(executed);
        Assert.NotEmpty(last.Runs[0].Record.Series.Timeline);
        Assert.Equal(28, Run(new() { Folder = _folder, Seeds = 2 }, [many]).Resumed);
    }

    [Fact]
    public void ADamagedLineIsDoneAgain()
    {
        string[] whole = Texts(Run(new() { Folder = _folder, Workers = 1 }));
        string[] lines = File.ReadAllLines(Journal);
        lines[2] = "{\"Key\": 7}";
        File.WriteAllLines(Journal, lines);
        var executed = new List<string>();
        Assert.Equal(whole, Texts(Comparison.Run(_tree, Varies, new() { Folder = _folder }, SampleRuns.Counting(executed))));
        Assert.Single(executed);
    }

    [Fact]
    public void AnotherSeedIsAnotherRun()
    {
        Run(new() { Folder = _folder });
        Assert.Equal(0, Run(new() { Folder = _folder, Seed = 9 }).Resumed);
        Assert.Equal(6, Run(new() { Folder = _folder, Seed = 9 }).Resumed);
    }

    [Fact]
    public void AnInterruptKeepsWhatHadFinished()
    {
        using var stop = new CancellationTokenSource();
        StudyResult partial = Run(new()
        {
            Folder = _folder,
            Workers = 1,
            Cancel = stop.Token,
            Progress = progress =>
            {
                if (progress.Finished == 2) stop.Cancel();
            },
        });
        Assert.True(partial.IsPartial);
        Assert.Equal(2, partial.Runs.Count);
        StudyResult whole = Run(new() { Folder = _folder });
        Assert.Equal(2, whole.Resumed);
        Assert.Equal(6, whole.Runs.Count);
    }

    [Fact]
    public void TheFirstFailureIsThrownAsItWas()
    {
        PrepareRun prepare = (tree, seed) => new("s", 1, YamlText.Write(tree), _ => throw new InputException("the trace ends in the middle of line 7"));
        InputException failure = Assert.Throws<InputException>(() => Comparison.Run(_tree, Varies, new() { Workers = 4 }, prepare));
        Assert.Equal("the trace ends in the middle of line 7", failure.Message);
    }

    [Fact]
    public void MistakesNameTheFlag()
    {
        Assert.Contains("--vary a: the path is varied twice", Assert.Throws<InputException>(() => Run(new(), ["a=1,2", "a=3"])).Message, StringComparison.Ordinal);
        Assert.Contains("--seeds 0", Assert.Throws<InputException>(() => Run(new() { Seeds = 0 })).Message, StringComparison.Ordinal);
        string many = "x=" + string.Join(',', Enumerable.Range(0, 200));
        Assert.Contains("more than 10000", Assert.Throws<InputException>(() => Run(new(), [many, "y" + many[1..]])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoStudiesDoNotShareAFolderAtOnce()
    {
        using StudyJournal open = StudyJournal.Open(_folder);
        Assert.Contains("journal", Assert.Throws<InputException>(() => Run(new() { Folder = _folder })).Message, StringComparison.Ordinal);
    }

    private static int NthLineEnd(byte[] bytes, int n)
    {
        int at = 0;
        for (int i = 0; i < n; i++) at = Array.IndexOf(bytes, (byte)'\n', at) + 1;
        return at;
    }

    private static string[] Texts(StudyResult study) =>
        [.. study.Runs.Select(run => System.Text.Json.JsonSerializer.Serialize(new JournalLine(string.Join('|', run.Vary), run.Record), JournalContext.Default.JournalLine))];

    private StudyResult Run(StudySettings settings, string[]? varies = null) =>
        Comparison.Run(_tree, varies ?? Varies, settings, SampleRuns.Counting([]));
}
