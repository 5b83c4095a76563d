using System.Text;
using System.Text.Json;
using Orrery.Kernel;
using Orrery.Lab.Claims;
using Orrery.Lab.Reports;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Tests.Claims;

public sealed class GridClaimTests
{
    /// <summary>Llama-2-13b has 26 GB of weights and does not fit one card of 24 GiB; on two it does.</summary>
    private const string File = """
        study: toy
        paper: "A paper"
        scenario:
          model: llama-2-7b
          fleet: [{device: a10g, scheduler: {use: hf-static, timeout: 1ms}}]
          traffic: {generator: constant, rate: 1000000/s, requests: 16, prompt: {fixed: 100}, output: {fixed: 5}, maxTokens: 8}
        cells:
          a10g: {}
          l4: {fleet.0.device: l4}
        grid:
          gpus: {path: fleet.0.tensor, values: [1, 2]}
          batch: {path: fleet.0.scheduler.maxBatchSize, values: [1, 4, 16]}
        each: {path: model, values: [llama-2-7b, llama-2-13b]}
        seeds: 2
        quick: {grid: {batch: [1, 16]}, each: [llama-2-13b], seeds: 1}
        claims:
          - name: gain
            value: "best(outputTokensPerSecond(l4)) / carried(outputTokensPerSecond, a10g, l4)"
            plot: {kind: heat, y: outputTokensPerSecond, cells: [a10g]}
          - name: where
            value: "argmax(gpus, outputTokensPerSecond, a10g)"
            each: {path: model, values: [llama-2-13b]}
          - name: finished
            value: "worst(finished(a10g))"
          - name: swept
            sweep: {path: fleet.0.scheduler.maxBatchSize, values: [1, 16]}
            each: {path: model, values: [llama-2-7b, llama-3-8b]}
            value: "at(finished(a10g), 16)"
        """;

    [Fact]
    public void What_does_not_fit_is_absent_and_everything_else_runs_once()
    {
        Reproduction found = ClaimRunner.Run([ClaimText.Read(File)], new() { Workers = 2 });
        ClaimResult gain = found.Claims[0];
        Assert.True(gain.File.IsStudy);
        Assert.True(gain.Measured!.Value.Mean >= 1);
        Assert.Equal(["llama-2-7b", "llama-2-13b"], gain.Each.Select(each => each.Key));
        Assert.Equal(gain.Measured.Value.Mean, gain.Each.Average(each => each.Value!.Value), 12);
        Assert.Equal(2, gain.Maps.Count);
        Assert.DoesNotContain(null, gain.Maps[0].Values);
        Assert.Equal([true, true, true, false, false, false], gain.Maps[1].Values.Select(value => value is null));
        Assert.Equal(2, found.Claims[1].Measured!.Value.Mean);
        Assert.Equal(16, found.Claims[2].Measured!.Value.Mean);
        // Both cells, six points of the small model and three of the large one, two seeds; the sweep adds two points of another model.
        Assert.Equal((2 * 9 * 2) + (2 * 2), found.Runs);
    }

    [Fact]
    public void A_sum_over_each_leaves_out_what_has_no_figure()
    {
        string text = File.Replace("values: [1, 2]}", "values: [1]}", StringComparison.Ordinal);
        ClaimResult gain = ClaimRunner.Run([Only(text, "gain")], new()).Claims[0];
        Assert.Null(gain.Each[1].Value);
        Assert.Equal(gain.Each[0].Value!.Value, gain.Measured!.Value.Mean, 12);
    }

    [Fact]
    public void A_grid_of_which_nothing_fits_is_a_mistake()
    {
        string text = File.Replace("values: [1, 2]}", "values: [1]}", StringComparison.Ordinal);
        var mistake = Assert.Throws<InputException>(() => ClaimRunner.Run([Only(text, "where")], new()));
        Assert.True(mistake.IsInfeasible);
        Assert.Contains("does not fit", mistake.Message, StringComparison.Ordinal);
        Assert.StartsWith("claims.yaml:", mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_quick_grid_the_page_and_the_JSON_show_the_table()
    {
        Reproduction found = ClaimRunner.Run([Only(File, "gain")], new() { Quick = true });
        Assert.Equal(4, found.Claims[0].Maps.Single().Values.Count);
        string page = ClaimPage.Page(found.Claims);
        Assert.Contains("<h1>Study toy</h1>", page, StringComparison.Ordinal);
        Assert.Contains("a10g &#183; llama-2-13b", page, StringComparison.Ordinal);
        Assert.Contains("gpus 1, batch 16: none", page, StringComparison.Ordinal);
        Assert.Contains("fill:url(#claim-0-0)", page, StringComparison.Ordinal);
        Assert.Single(page.Split("fill:var(--accent)\"").Skip(1));
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream)) ClaimJson.Write(found, writer);
        using JsonDocument json = JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray()));
        Assert.True(json.RootElement.GetProperty("claims")[0].GetProperty("each").GetProperty("llama-2-13b").GetDouble() >= 1);
    }

    [Theory]
    [InlineData("quick: {grid: {batch: [1, 16]}", "quick: {grid: {bath: [1, 16]}", "the grid has no axis 'bath'; did you mean 'batch'")]
    [InlineData("quick: {grid: {batch: [1, 16]}", "quick: {grid: {batch: [x, y]}", "of the kind that the axis has")]
    [InlineData("kind: heat", "kind: bars", "a grid is drawn as kind: heat")]
    [InlineData("values: [1, 2]}", "values: [2, 1]}", "must rise")]
    [InlineData("path: fleet.0.tensor", "path: fleet.0.scheduler.maxBatchSize", "two axes vary the same path")]
    [InlineData("  gpus:", "  g-pus:", "no name of an axis")]
    [InlineData("  - name: where", "  - name: where\n    sweep: {path: a, values: [1]}\n    grid: {gpus: {path: b, values: [1]}}", "a sweep or a grid")]
    [InlineData("use: hf-static", "use: hf-statick", "unknown scheduler 'hf-statick'")]
    public void A_mistake_in_the_file_names_file_and_line(string right, string wrong, string part) => ClaimText.AssertRefused(File, right, wrong, part);

    [Fact]
    public void The_published_study_of_settings_is_shipped_and_its_large_model_does_not_fit_one_card()
    {
        ClaimFile file = ClaimCatalogue.Find(["vllm-hyperparameters"]).Single();
        Assert.True(file.IsStudy);
        Reproduction found = ClaimRunner.Run([file], new() { Quick = true });
        ClaimMap large = found.Claims.Single(claim => claim.Claim.Name == "hf-upgrade").Maps.Single(map => map is { Cell: "hf-v100", Each: "codellama-34b" });
        Assert.Equal([true, true, true, false, false, false], large.Values.Select(value => value is null));
        Assert.All(found.Claims, claim => Assert.True(claim.Measured is not null, claim.Claim.Name));
    }

    [Fact]
    public void A_comparison_of_two_keys_shows_maps_over_both()
    {
        string folder = Directory.CreateTempSubdirectory("orrery-maps-").FullName;
        try
        {
            string path = Path.Combine(folder, "s.yaml");
            System.IO.File.WriteAllText(path, """
                model: llama-2-7b
                fleet: [{device: a100-sxm-80gb, scheduler: {use: hf-static, timeout: 1ms}}]
                traffic: {generator: constant, rate: 1000000/s, requests: 16, prompt: {fixed: 100}, output: {fixed: 5}, maxTokens: 8}
                """);
            string[] both = ["fleet.0.tensor=1,2", "fleet.0.scheduler.maxBatchSize=1,4,16"];
            string Page(string[] vary) => Report.Page(new ReportInput { Study = Comparison.Run(path, [], vary, new StudySettings { Seeds = 1 }) });
            Assert.Contains("tensor 2, maxBatchSize 16: ", Page(both), StringComparison.Ordinal);
            Assert.DoesNotContain("Over both keys", Page(both[..1]), StringComparison.Ordinal);
            Assert.DoesNotContain("Over both keys", Page([both[0], "seed=1"]), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static ClaimFile Only(string text, string name)
    {
        ClaimFile file = ClaimText.Read(text);
        return file with { Claims = [.. file.Claims.Where(claim => claim.Name == name)] };
    }
}
