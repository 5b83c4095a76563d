using Orrery.Lab.Studies;

namespace Orrery.Lab.Tests.Studies;

public sealed class StudyTableTests
{
    private static readonly StudyResult Three = SampleRuns.Study(("vllm-v1", 1), ("orca", 2.5), ("sarathi-serve", 0.8));

    [Fact]
    public void TheBestOfEachColumnIsMarkedByItsDirection()
    {
        StudyTable table = StudyTable.Of(Three);
        Assert.Equal("scheduler", table.Columns[0].Header);
        Assert.Equal([2], BestRows(table, "TTFT p99"));
        Assert.Equal([2], BestRows(table, "tokens"));
        Assert.Empty(BestRows(table, "busy"));
        Assert.Equal("sarathi-serve", table.Rows[2][0].Text);
    }

    [Fact]
    public void EqualRowsHaveNoBest()
    {
        StudyTable table = StudyTable.Of(SampleRuns.Study(("a", 1), ("b", 1)));
        Assert.DoesNotContain(table.Rows.SelectMany(row => row), cell => cell.IsBest);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(100)]
    [InlineData(140)]
    public void ColumnsAreChosenToFit(int width)
    {
        StudyTable table = StudyTable.Of(Three).Fit(width);
        Assert.True(1 + Enumerable.Range(0, table.Columns.Count).Sum(i => table.WidthOf(i) + 3) <= width);
        Assert.Equal(["scheduler", "TTFT p50", "TTFT p99"], table.Columns.Take(3).Select(column => column.Header));
        Assert.All(table.Rows, row => Assert.Equal(table.Columns.Count, row.Count));
    }

    [Fact]
    public void ReplicationsAreOneRowWithAnInterval()
    {
        StudyRun[] runs = [.. new[] { 1.0, 1.1, 0.9 }.Select((scale, i) => new StudyRun(new Dictionary<string, string> { ["a"] = "x" }, SampleRuns.Record(seed: (ulong)i, scale: scale)))];
        StudyTable table = StudyTable.Of(new("chat", 0, runs, false));
        Assert.Single(table.Rows);
        Assert.Contains("±", table.Rows[0][1].Text, StringComparison.Ordinal);
    }

    [Fact]
    public void MishapsAppearOnlyWhenSeen()
    {
        string[] heads = [.. StudyTable.Of(Three).Columns.Select(column => column.Header)];
        Assert.Contains("rejected", heads);
        Assert.DoesNotContain("timed out", heads);
    }

    [Fact]
    public void ShortLabelsStayTellable()
    {
        Assert.Equal(["scheduler", "rate"], VaryLabels.Short(["fleet.0.scheduler.use", "traffic.rate"]));
        Assert.Equal(["fleet.0.replicas", "fleet.1.replicas"], VaryLabels.Short(["fleet.0.replicas", "fleet.1.replicas"]));
    }

    [Fact]
    public void NamesSpeakForThemselvesAndNumbersFollowTheirKey() => Assert.Equal(
        "vllm-v1 · replicas 4 · prefixCache true",
        VaryLabels.Describe(new Dictionary<string, string> { ["fleet.0.scheduler.use"] = "vllm-v1", ["fleet.0.replicas"] = "4", ["fleet.0.memory.prefixCache"] = "true" }));

    private static int[] BestRows(StudyTable table, string header)
    {
        int column = table.Columns.Select(c => c.Header).ToList().IndexOf(header);
        return [.. Enumerable.Range(0, table.Rows.Count).Where(row => table.Rows[row][column].IsBest)];
    }
}
