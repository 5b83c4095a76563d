using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Orrery.Kernel;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Claims;
using Orrery.Lab.Reports;

namespace Orrery.Lab.Tests.Claims;

public sealed class ClaimTests
{
    private const string File = """
        system: toy
        paper: "A paper"
        scenario:
          model: llama-2-7b
          fleet: [{device: a100-sxm-80gb, scheduler: vllm-v1}]
          traffic: {generator: poisson, rate: 2/s, requests: 40, prompt: {fixed: 200}, output: {fixed: 20}}
        cells:
          v0: {fleet.0.scheduler: vllm-v0}
          v1: {}
        seeds: 2
        quick: {set: {traffic.requests: 20}, seeds: 1}
        claims:
          - {name: in, doc: It works., value: "finished(v1)", paperValue: 40, mark: b, band: [40, 40]}
          - {name: out, value: "finished(v0) / finished(v1)", band: [2, null], why: because}
          - {name: free, value: "p50(ttft, v1)"}
          - {name: apart, value: "finished(v1)", band: [0, 1], notComparable: "other hardware"}
          - name: windowed
            window: {from: 0s, to: 5s}
            value: "arrived(v1)"
          - name: curve
            sweep: {path: traffic.rate, values: [1/s, 2/s]}
            value: "best(p99(gap, v0))"
            plot: {kind: lines, x: sweep, y: "p99(gap)"}
          - name: across
            sweep: {path: traffic.rate, values: [1/s, 2/s]}
            window: {from: 0s, to: 10s}
            value: "at(p99(gap, v1), 2)"
            band: [null, 1]
            bandMark: d
            plot: {kind: lines, x: "requestsPerSecond", y: "p99(gap)"}
          - name: limit
            capacity: {goals: ["p99(ttft) <= 60ms"], tolerance: 0.3}
            value: "capacity(v1)"
            seeds: 1
            quick: {tolerance: 0.4}
        """;

    [Fact]
    public void Every_status_occurs_and_shared_runs_are_made_once()
    {
        Reproduction found = ClaimRunner.Run([ClaimText.Read(File)], new() { Workers = 2 });
        Assert.Equal(
            [ClaimStatus.InBand, ClaimStatus.Missed, ClaimStatus.NoBand, ClaimStatus.NotComparable, ClaimStatus.NoBand, ClaimStatus.NoBand, ClaimStatus.InBand, ClaimStatus.NoBand],
            found.Claims.Select(claim => claim.Status));
        Assert.False(found.IsMet);
        Assert.Equal("because", found.Claims[1].Why);
        Assert.Equal(1, found.Claims[1].Measured!.Value.Mean);
        Assert.Equal([1ul, 2ul], found.Claims[2].Seeds);
        Assert.True(double.IsFinite(found.Claims[2].Measured!.Value.HalfWidth));
        Assert.Equal(40, found.Claims[4].Whole!.Value.Mean);
        Assert.InRange(found.Claims[4].Measured!.Value.Mean, 1, 39);
        Assert.Equal(["v0", "v1"], found.Claims[5].Curves.Select(curve => curve.Cell));
        Assert.True(found.Claims[7].Measured!.Value.Mean > 2);
        Reproduction alone = ClaimRunner.Run([Only("in", "out", "free", "apart")], new());
        Assert.Equal(4, alone.Runs);
    }

    [Fact]
    public void A_window_may_count_the_requests_of_one_priority()
    {
        Reproduction found = ClaimRunner.Run([ClaimText.Read("""
            system: toy
            paper: "A paper"
            scenario:
              model: llama-2-7b
              fleet: [{device: a100-sxm-80gb, scheduler: {use: priority, maxSequences: 8}}]
              traffic: {generator: poisson, rate: 40/s, requests: 200, prompt: {fixed: 200}, output: {fixed: 20}, priorities: [{priority: -1, weight: 0.2}, {priority: 0, weight: 0.8}]}
            cells: {it: {}}
            seeds: 1
            claims:
              - {name: all, value: "finished(it)"}
              - {name: urgent, window: {priority: -1}, value: "finished(it)"}
              - {name: normal, window: {priority: 0}, value: "finished(it)"}
              - {name: early, window: {from: 0s, to: 2s, priority: 0}, value: "finished(it)"}
              - {name: sooner, window: {priority: -1}, value: "mean(queue, it)"}
              - {name: later, window: {priority: 0}, value: "mean(queue, it)"}
              - {name: rate, window: {priority: 0}, value: "requestsPerSecond(it)"}
            """)], new());
        InputException mistake = Assert.Throws<InputException>(() => ClaimText.Read(File.Replace("window: {from: 0s, to: 10s}", "window: {priority: 0}", StringComparison.Ordinal)));
        Assert.Contains("'gap' is not told apart by priority", mistake.Message, StringComparison.Ordinal);
        double[] figures = [.. found.Claims.Select(claim => claim.Measured!.Value.Mean)];
        Assert.Equal(200, figures[0]);
        Assert.Equal(200, figures[1] + figures[2]);
        Assert.InRange(figures[1], 20, 60);
        Assert.InRange(figures[3], 10, figures[2] - 10);
        Assert.True(figures[4] < figures[5], "urgent requests wait less");
        Assert.InRange(figures[6], 10, 40);
    }

    [Fact]
    public void A_plot_against_another_figure_and_a_band_of_ours_are_shown()
    {
        Reproduction found = ClaimRunner.Run([Only("across")], new());
        ClaimCurve curve = found.Claims[0].Curves[1];
        Assert.Equal(("v1", 2), (curve.Cell, curve.Across.Count));
        Assert.True(curve.Across[0] < curve.Across[1], "twice the load is more throughput");
        Assert.All(curve.Y, y => Assert.True(y > 0));
        Assert.NotEqual(found.Claims[0].Whole!.Value.Mean, found.Claims[0].Measured!.Value.Mean);
        using JsonDocument document = JsonDocument.Parse(Json(found));
        Assert.Equal("d", document.RootElement.GetProperty("claims")[0].GetProperty("bandMark").GetString());
        string page = ClaimPage.Page(found.Claims);
        Assert.Contains("≤ 1 (d)", System.Net.WebUtility.HtmlDecode(page), StringComparison.Ordinal);
        Assert.Contains("against requestsPerSecond", page, StringComparison.Ordinal);
        Assert.Contains("<title>v1, 2/s</title>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("\"kind\":\"curve\"", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(33)]
    [InlineData(40)]
    public void The_words_under_the_strip_stay_inside_it(double measured)
    {
        const double LetterWidth = 6;
        const double StripWidth = 620;
        ClaimResult result = ClaimRunner.Run([Only("in")], new() { Quick = true }).Claims[0];
        var interval = new ConfidenceInterval(measured, measured - 0.5, measured + 0.5, ConfidenceInterval.DefaultLevel);
        string page = ClaimPage.Page([result with { Claim = result.Claim with { Unit = "output tokens per second and device" }, Measured = interval }]);
        Match word = Regex.Match(page, "<text x=\"([0-9.]+)\" y=\"58.0\" text-anchor=\"(start|middle|end)\">([^<]+)</text>");
        Assert.True(word.Success);
        double width = LetterWidth * System.Net.WebUtility.HtmlDecode(word.Groups[3].Value).Length;
        double left = double.Parse(word.Groups[1].Value, CultureInfo.InvariantCulture) - (word.Groups[2].Value switch { "start" => 0, "middle" => width / 2, _ => width });
        Assert.InRange(left, 0, StripWidth - width);
    }

    [Fact]
    public void A_rerun_takes_everything_from_the_journal_and_gives_the_same()
    {
        string folder = Directory.CreateTempSubdirectory("orrery-claims-").FullName;
        try
        {
            Reproduction first = ClaimRunner.Run([Only("in", "out")], new() { Folder = folder });
            Reproduction all = ClaimRunner.Run([ClaimText.Read(File)], new() { Folder = folder, Workers = 2 });
            Reproduction again = ClaimRunner.Run([ClaimText.Read(File)], new() { Folder = folder, Workers = 1 });
            Assert.Equal(0, first.Resumed);
            Assert.Equal(4, all.Resumed);
            Assert.Equal(0, again.Runs);
            Assert.Equal(Json(all), Json(again));
            Assert.Equal(Json(ClaimRunner.Run([ClaimText.Read(File)], new())), Json(again));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void An_interrupted_reproduction_is_partial()
    {
        using var cancel = new CancellationTokenSource();
        Reproduction found = ClaimRunner.Run([ClaimText.Read(File)], new() { Workers = 1, Cancel = cancel.Token, Progress = step => { if (step.Finished == 2) cancel.Cancel(); } });
        Assert.True(found.IsPartial);
        Assert.True(found.Claims.Count < 8);
    }

    [Fact]
    public void The_quick_grid_is_smaller_and_one_seed_has_no_interval()
    {
        Reproduction found = ClaimRunner.Run([ClaimText.Read(File)], new() { Quick = true, Seed = 9 });
        Assert.Equal(20, found.Claims[0].Measured!.Value.Mean);
        Assert.Equal([9ul], found.Claims[0].Seeds);
        Assert.True(double.IsInfinity(found.Claims[0].Measured!.Value.HalfWidth));
    }

    [Fact]
    public void The_JSON_has_the_promised_keys_and_the_page_every_claim()
    {
        Reproduction found = ClaimRunner.Run([ClaimText.Read(File)], new() { Quick = true });
        using JsonDocument document = JsonDocument.Parse(Json(found));
        Assert.Equal("orrery.claims/1", document.RootElement.GetProperty("schema").GetString());
        JsonElement first = document.RootElement.GetProperty("claims")[0];
        foreach (string key in new[] { "system", "claim", "source", "paper", "measured", "interval", "band", "status", "why" })
            Assert.True(first.TryGetProperty(key, out _), key);
        Assert.Equal("A paper (b)", first.GetProperty("source").GetString());
        Assert.Equal("missed", document.RootElement.GetProperty("claims")[1].GetProperty("status").GetString());
        string page = ClaimPage.Page(found.Claims, isQuick: true);
        foreach (ClaimResult claim in found.Claims) Assert.Contains(claim.Claim.Name, page, StringComparison.Ordinal);
        Assert.Contains("\"kind\":\"curve\"", page, StringComparison.Ordinal);
        Assert.Contains("<span>over traffic.rate (/s)</span>", page, StringComparison.Ordinal);
        Assert.Contains(" 1 seed</p>", page, StringComparison.Ordinal);
        Assert.DoesNotContain("1 seeds", page, StringComparison.Ordinal);
        Assert.Contains(" 2 seeds</p>", ClaimPage.Page(ClaimRunner.Run([Only("in")], new()).Claims), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name: in,", "nam: in,", "'name' is missing; is 'nam' a misspelling")]
    [InlineData("mark: b", "mark: e", "unknown source mark 'e'")]
    [InlineData("paperValue: 40, mark: b", "paperValue: 40", "needs its source")]
    [InlineData("band: [40, 40]", "band: [41, 40]", "the lower end comes first")]
    [InlineData("band: [40, 40]", "bnd: [40, 40]", "unknown key; did you mean 'band'")]
    [InlineData("finished(v0) /", "finished(v2) /", "unknown cell 'v2'")]
    [InlineData("values: [1/s, 2/s]", "values: [2/s, 1/s]", "must rise")]
    [InlineData("name: free", "name: out", "two claims are named 'out'")]
    [InlineData("to: 5s", "to: 0s", "ends after it begins")]
    [InlineData("p99(ttft) <= 60ms", "p99(tft) <= 1s", "did you mean 'ttft'")]
    [InlineData("v0: {fleet.0.scheduler: vllm-v0}", "v0: {fleet.0.scheduler: vllm-v9}", "unknown scheduler 'vllm-v9'")]
    [InlineData("bandMark: d", "bandMark: e", "unknown source mark 'e'")]
    [InlineData("    band: [null, 1]\n", "", "there is no band")]
    [InlineData("x: \"requestsPerSecond\"", "x: \"requestPerSecond\"", "did you mean 'requestsPerSecond'")]
    [InlineData("kind: lines, x: \"requestsPerSecond\"", "kind: bars, x: \"requestsPerSecond\"", "only lines with a sweep")]
    [InlineData("kind: lines, x: sweep", "kind: pies, x: sweep", "unknown kind 'pies'")]
    public void A_mistake_in_the_file_names_file_and_line(string right, string wrong, string part) => ClaimText.AssertRefused(File, right, wrong, part);

    [Fact]
    public void Every_shipped_file_is_sound_and_unknown_systems_get_the_nearest()
    {
        Assert.NotEmpty(ClaimCatalogue.All());
        Assert.Contains("did you mean 'vtc'", Assert.Throws<InputException>(() => ClaimCatalogue.Find(["vtd"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_clients_with_backlog_get_equal_service_from_fair_queues()
    {
        Reproduction found = ClaimRunner.Run(ClaimCatalogue.Find(["vtc"]), new() { Quick = true });
        Assert.All(found.Claims, claim => Assert.True(claim.Measured is not null, claim.Claim.Name));
        Assert.Equal(ClaimStatus.InBand, found.Claims.Single(claim => claim.Claim.Name == "equal-service").Status);
    }

    private static ClaimFile Only(params string[] names)
    {
        ClaimFile file = ClaimText.Read(File);
        return file with { Claims = [.. file.Claims.Where(claim => names.Contains(claim.Name))] };
    }

    private static string Json(Reproduction found)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) ClaimJson.Write(found, writer);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
