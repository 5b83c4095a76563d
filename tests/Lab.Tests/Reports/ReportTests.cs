using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Lab.Reports;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;
using Orrery.Lab.Tests.Studies;

namespace Orrery.Lab.Tests.Reports;

public sealed partial class ReportTests
{
    private const string Hostile = "<script>alert('x')</script> & \"q\"";

    [Fact]
    public void EverythingFromUsersIsEscaped()
    {
        RunRecord run = SampleRuns.Record(scenario: Hostile);
        RunRecord rude = run with
        {
            Result = run.Result with
            {
                Notes = [Hostile + " note"],
                Expectations = [new("x", null, false, Hostile + " goal")],
                RejectionReasons = new Dictionary<string, long> { [Hostile + " reason"] = 1 },
            },
        };
        string page = Report.Page([(Hostile + " a", rude), (Hostile + " b", rude)], Hostile + " lock");
        Assert.DoesNotContain(Hostile, page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        foreach (string part in new[] { " a", " b", " note", " goal", " reason", " lock" })
            Assert.Contains(WebUtility.HtmlEncode(Hostile + part), page, StringComparison.Ordinal);
        Assert.Equal(Hostile + " a", Data(page).GetProperty("labels")[0].GetString());
    }

    [Fact]
    public void ThePageAsksNothingOfTheNetworkAndStaysSmall()
    {
        string page = Report.Page(SampleRuns.Record(), "name: chat\n");
        Assert.DoesNotContain(" src=", page.Replace(Report.Asset("report.js"), "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain("<link", page, StringComparison.Ordinal);
        Assert.DoesNotContain("@import", page, StringComparison.Ordinal);
        Assert.InRange(page.Length, 50_000, 300_000);
        string twelve = Report.Page(new ReportInput { Study = SampleRuns.Study([.. Enumerable.Range(1, 12).Select(i => ($"s{i}", 1 + i / 10.0))]) });
        Assert.InRange(twelve.Length, page.Length, 600_000);
    }

    [Fact]
    public void ChartsShareTheirAxes()
    {
        JsonElement data = Data(Report.Page(new ReportInput { Study = SampleRuns.Study(("a", 1), ("b", 2)), TtftLimitSeconds = 1 }));
        JsonElement[] charts = [.. data.GetProperty("charts").EnumerateArray()];
        Assert.Equal(
            ["ttft", "tpot", "gap", "e2e", "arrivals", "tokens", "waiting", "running", "kv", "busy"],
            charts.Select(chart => chart.GetProperty("id").GetString()));
        foreach (JsonElement chart in charts)
        {
            double[] x = [.. chart.GetProperty("x").EnumerateArray().Select(v => v.GetDouble())];
            Assert.True(x.Zip(x.Skip(1)).All(pair => pair.First < pair.Second));
            Assert.Equal(2, chart.GetProperty("y").GetArrayLength());
            Assert.All(chart.GetProperty("y").EnumerateArray(), column => Assert.Equal(x.Length, column.GetArrayLength()));
        }
        double[] shares = [.. charts[0].GetProperty("y")[0].EnumerateArray().Select(v => v.GetDouble())];
        Assert.True(shares.Zip(shares.Skip(1)).All(pair => pair.First <= pair.Second));
        Assert.Equal(1, shares[^1]);
        Assert.Equal(1, charts[0].GetProperty("marks")[0].GetProperty("at").GetDouble());
    }

    [Fact]
    public void CumulativeCountsBecomeRates()
    {
        TimelineRow[] rows = [.. Enumerable.Range(1, 50).Select(i => new TimelineRow(i * 2.0, i * 10, 0, 0, i, 0, 0, 0, 0, 0))];
        RunRecord run = SampleRuns.Record() with { Series = new(rows, new Dictionary<string, DistributionCurve>()) };
        Chart rate = ChartData.Rate("r", "", "", [run], row => row.Arrived)!;
        Assert.All(rate.Y[0], value => Assert.Equal(5, value!.Value, 9));
        Chart gauge = ChartData.Gauge("g", "", "", "count", [run], row => row.Waiting)!;
        Assert.Equal([1, 2, 3], gauge.Y[0].Take(3).Select(value => value!.Value));
        Assert.Equal(100, gauge.X[^1]);
    }

    [Fact]
    public void ARunWithoutSamplesStillHasAPage()
    {
        RunRecord run = SampleRuns.Record();
        RunRecord empty = new(run.Result with { Figures = RunFigures.Empty, Expectations = [], Notes = [], RejectionReasons = new Dictionary<string, long>() }, RunSeries.Empty);
        string page = Report.Page(empty);
        Assert.Empty(Data(page).GetProperty("charts").EnumerateArray());
        Assert.DoesNotContain("NaN", page.Replace(Report.Asset("report.js"), "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void WorkBesidePromptsAndOutputsIsToldWhereItHappened()
    {
        RunRecord plain = SampleRuns.Record();
        Assert.DoesNotContain("Beside prompts", Report.Page(plain), StringComparison.Ordinal);
        Dictionary<string, double> numbers = new(plain.Result.Figures.Numbers)
        {
            ["swappedOutTokens"] = 12_345,
            ["swappedInTokens"] = 6_789,
            ["swapWait"] = 0.125,
            ["draftedTokens"] = 4_000,
            ["acceptedTokens"] = 3_000,
            ["acceptedShare"] = 0.75,
            ["draftLength"] = 2.5,
            ["trainedTokens"] = 163_840,
            ["trainedTokensPerSecond"] = 4_043,
            ["finetuneBytes"] = 1.5e9,
            ["handOvers"] = 1_000,
            ["handOverBytes"] = 4.6e9,
            ["hiddenShare"] = 0.886,
            ["handOverTime"] = 0.0027,
            ["migrations"] = 42,
            ["abortedMigrations"] = 3,
            ["migrationBytes"] = 8.1e9,
            ["downtime"] = 0.0155,
            ["longestDowntime"] = 0.031,
            ["startedReplicas"] = 2,
            ["stoppedReplicas"] = 1,
            ["mostReplicas"] = 5,
            ["replicaHours"] = 3.25,
            ["evictions"] = 7,
            ["lostTokens"] = 8_900,
            ["rowPeak"] = 0.972,
            ["rowMean"] = 0.804,
            ["capCommands"] = 24,
            ["brakes"] = 0,
            ["brakedSeconds"] = 0,
        };
        RunRecord busy = plain with { Result = plain.Result with { Figures = plain.Result.Figures with { Numbers = numbers } } };
        string[] lines =
        [
            "swaps: 12,345 tokens out to host memory, 6,789 back; waiting for copies 12.5 % of the time",
            "drafts: 4,000 tokens proposed, 3,000 accepted (75.0 %); 2.5 proposed per sequence and step",
            "training: 163,840 tokens, 4,043 tokens/s; 1.5 GB per device beside the frozen weights",
            "hand-overs: KV of 1,000 prompts to other replicas, 4.6 GB, 88.6 % of it while they were read; 2.7 ms from a prompt's end to the other replica on average",
            "migrations: 42 running requests to other replicas, 3 given up, 8.1 GB; stopped for 15.5 ms on average, 31 ms at most",
            "replicas: 2 started, 1 stopped, at most 5 served at once; 3.25 replica-hours; 7 requests lost their KV with a machine (8,900 tokens)",
            "row power: at most 97.2 % of the budget, 80.4 % on average; 24 clocks sent, 0 brakes (0 s)",
        ];
        Assert.Equal(lines, SideWork.Of(busy.Result.Figures).Select(line => $"{line.Label}: {line.Text}"));
        string alone = WebUtility.HtmlDecode(Report.Page(busy));
        Assert.All(lines, line => Assert.Contains($"<li>{line}</li>", alone, StringComparison.Ordinal));
        string both = WebUtility.HtmlDecode(Report.Page([("plain", plain), ("busy", busy)], ""));
        Assert.All(lines, line => Assert.Contains($"<li>{line} <span class=\"who\">busy</span></li>", both, StringComparison.Ordinal));
    }

    [Fact]
    public void AnInterruptedRunSaysSo() =>
        Assert.Contains("class=\"banner\"", Report.Page(SampleRuns.Record(isPartial: true)), StringComparison.Ordinal);

    [Fact]
    public void EveryTagIsClosed()
    {
        string page = Report.Page(new ReportInput { Study = SampleRuns.Study(("a", 1), ("b", 2)), LockText = "a: b" });
        page = page.Replace(Report.Asset("report.js"), "", StringComparison.Ordinal);
        foreach (string tag in new[] { "div", "table", "tr", "td", "th", "ul", "li", "figure", "span", "p", "details", "button", "script", "style", "main", "h2", "svg" })
            Assert.Equal(Regex.Count(page, $"<{tag}[ >]"), Regex.Count(page, $"</{tag}>"));
        if (Environment.GetEnvironmentVariable("ORRERY_REPORT_SAMPLES") is { } folder) WriteSamples(folder);
    }

    /// <summary>Pages to look at: the switch is for whoever works on the page.</summary>
    private static void WriteSamples(string folder)
    {
        StudyResult study = SampleRuns.Study(("vllm-v1", 1), ("orca", 2.4), ("sarathi-serve", 0.85), ("vllm-v0", 1.3));
        File.WriteAllText(Path.Combine(folder, "study.html"), Report.Page(new ReportInput { Study = study, LockText = "name: chat\nmodel: llama-3-70b\n", TtftLimitSeconds = 1, TpotLimitSeconds = 0.05, Lesson = "Chunked prefill keeps the gaps short at the same throughput." }));
        File.WriteAllText(Path.Combine(folder, "run.html"), Report.Page(SampleRuns.Record(), "name: chat\nmodel: llama-3-70b\n"));
    }

    private static JsonElement Data(string page) => JsonDocument.Parse(DataBlock().Match(page).Groups[1].Value).RootElement;

    [GeneratedRegex("<script type=\"application/json\" id=\"data\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex DataBlock();
}
