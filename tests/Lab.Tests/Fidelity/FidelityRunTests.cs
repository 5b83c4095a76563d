using System.Text.Json;
using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.Lab.Reports;
using Orrery.Lab.Results;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Fidelity;

/// <summary>Figures and bars, and the levels over a made-up data folder.</summary>
public sealed class FidelityRunTests : IDisposable
{
    private readonly FidelityFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Plain_and_weighted_errors_differ_by_the_size_of_what_was_measured()
    {
        FitErrors errors = new();
        errors.Add(predicted: 1.5, measured: 1);
        errors.Add(predicted: 9, measured: 9);
        ErrorSummary summary = ErrorSummary.Of(errors);
        Assert.Equal(0.25, summary.MeanAbsolute, 12);
        Assert.Equal(0.05, summary.TimeWeighted, 12);
        Assert.Equal(0.475, summary.P95, 12);
        Assert.Equal(0.25, summary.Bias, 12);
        ErrorSummary mean = ErrorSummary.Mean([summary, ErrorSummary.Of([(1, 1), (2, 2), (3, 3)])]);
        Assert.Equal((5, 0.125, 0.025), (mean.Count, mean.MeanAbsolute, mean.TimeWeighted));
    }

    [Fact]
    public void Wasserstein_of_a_shift_is_the_shift()
    {
        DistributionComparison shifted = DistributionComparison.Of("x", [1, 2, 3, 4], [2, 3, 4, 5]);
        Assert.Equal(1 / 2.5, shifted.WassersteinOverMean, 12);
        Assert.Equal(1 / 2.5, shifted.MeanError, 12);
    }

    [Theory]
    [InlineData(0.01, FidelityVerdict.Lead)]
    [InlineData(-0.04, FidelityVerdict.Entry)]
    [InlineData(0.051, FidelityVerdict.Missed)]
    [InlineData(double.NaN, FidelityVerdict.Missed)]
    public void Errors_are_held_against_bars_by_their_size(double value, FidelityVerdict verdict) =>
        Assert.Equal(verdict, FidelityBars.OperatorInterpolate.Judge(value));

    [Fact]
    public void Correlations_are_good_when_high()
    {
        Assert.Equal(FidelityVerdict.Lead, FidelityBars.DeploymentRank.Judge(0.96));
        Assert.Equal(FidelityVerdict.Entry, FidelityBars.DeploymentRank.Judge(0.93));
        Assert.Equal(FidelityVerdict.Missed, FidelityBars.PlanRegret.Judge(0.94));
    }

    [Fact]
    public void A_device_without_a_shipped_profile_is_fitted_to_its_tables_and_an_unknown_one_warned_of()
    {
        _folder.AddOperators("l40s", 2);
        _folder.AddOperators("rtx4090", 3);
        _folder.AddOperators("warp_drive_9", 2);
        _folder.Write("broken/gemm_perf.csv", "version,gemm_dtype,m,n,k,latency", "0.24.0,bfloat16,x,1,1,1");
        FidelityReport report = FidelityRun.Of(_folder.Path, new() { Levels = [OperatorLevel.Name] });
        Assert.Contains(report.Warnings, warning => warning.Contains("warp_drive_9", StringComparison.Ordinal));
        Assert.Contains(report.Warnings, warning => warning.Contains("broken", StringComparison.Ordinal));
        foreach (string part in (string[])["matrices", "prefill", "decode"])
        {
            Assert.InRange(Value(report, OperatorLevel.Points, "l40s", part, FidelityMetric.Weighted), 0, 0.05);
            Assert.InRange(Value(report, OperatorLevel.Shipped, "l40s", part, FidelityMetric.Mape), 0, 0.02);
            // What is shipped was learnt on other devices, and the other device here is predicted from this one.
            Assert.True(Value(report, OperatorLevel.Device, "l40s", part, FidelityMetric.Bias) != 0);
            Assert.True(Value(report, OperatorLevel.Device, "rtx-4090", part, FidelityMetric.Bias) != 0);
        }
        Assert.Equal(FidelityMode.Transfer, report.Rows.First(row => row.Split == OperatorLevel.Device).Mode);
        Assert.DoesNotContain(report.Rows, row => row.Split == OperatorLevel.Model);
        Assert.NotEmpty(report.Points);

        string json = JsonText.Of(writer => FidelityJson.Write(report, writer));
        Assert.Equal(json, JsonText.Of(writer => FidelityJson.Write(FidelityRun.Of(_folder.Path, new() { Levels = [OperatorLevel.Name] }), writer)));
        using JsonDocument document = JsonDocument.Parse(json);
        Assert.Equal(["schema", "partial", "rows", "warnings"], document.RootElement.EnumerateObject().Select(key => key.Name));
        JsonElement barred = document.RootElement.GetProperty("rows").EnumerateArray().First(row => row.TryGetProperty("entry", out _));
        Assert.Equal(["level", "mode", "split", "group", "part", "metric", "value", "samples", "entry", "lead", "verdict"], barred.EnumerateObject().Select(key => key.Name));

        string page = FidelityPage.Page(report);
        Assert.Contains("predicted against measured", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.Equal(FidelityTable.Of(report).Count, FidelityTable.Of(report).DistinctBy(table => (table.Level, table.Mode, table.Split)).Count());
    }

    [Fact]
    public void Only_what_is_asked_for_is_judged()
    {
        _folder.AddOperators("l40s", 2);
        FidelityReport model = FidelityRun.Of(_folder.Path, new() { Levels = [OperatorLevel.Name], LeaveOut = LeaveOut.Model });
        Assert.Empty(model.Rows);
        FidelityReport transfer = FidelityRun.Of(_folder.Path, new() { Modes = [FidelityMode.Transfer] });
        Assert.NotEmpty(transfer.Rows);
        Assert.All(transfer.Rows, row => Assert.Equal((OperatorLevel.Name, FidelityMode.Transfer), (row.Level, row.Mode)));
    }

    [Fact]
    public void Stopped_before_it_began_it_says_that_it_is_partial()
    {
        _folder.AddOperators("l40s", 2);
        using CancellationTokenSource stop = new();
        stop.Cancel();
        FidelityReport report = FidelityRun.Of(_folder.Path, new() { Cancel = stop.Token });
        Assert.True(report.IsPartial);
        Assert.Empty(report.Rows);
    }

    [Fact]
    public void Whole_iterations_are_predicted_from_phases_and_polynomials()
    {
        _folder.Write(
            "phases/perf_model.csv", "model,hardware,prompt_size,batch_size,token_size,peak_power,average_power,prompt_time,token_time,e2e_time,tensor_parallel",
            "llama2-70b,h100-80gb,512,1,128,0,0,85,37,4784,2", "no-such-model,h100-80gb,512,1,128,0,0,85,37,4784,2");
        _folder.Write(
            "fits/profiler-a100-80g.vllm.json",
            """{"facebook/opt-13b": {"1": {"prefill": [10, 0.1, 0], "decoding_smallbs": [10, 0.001, 0.1], "decoding_largebs": [10, 0.001, 0.1], "decoding_large_small_bs_threshold": 64}}}""");
        FidelityReport report = FidelityRun.Of(_folder.Path, new() { Levels = [IterationLevel.Name], Modes = [FidelityMode.Interpolate] });
        Assert.All(report.Rows, row => Assert.Equal(IterationLevel.Model, row.Split));
        Assert.Equal(["a100-sxm-80gb opt-13b", "all", "h100-sxm llama-2-70b"], report.Rows.Select(row => row.Group).Distinct().Order(StringComparer.Ordinal));
        Assert.Equal(2, report.Rows.First(row => row.Group == "h100-sxm llama-2-70b" && row.Part == IterationLevel.EveryStep).Samples);
        Assert.Contains(report.Warnings, warning => warning.Contains("no-such-model", StringComparison.Ordinal));
    }

    [Fact]
    public void A_donor_is_not_predicted_from_what_it_taught()
    {
        _folder.Write(
            "phases/perf_model.csv", "model,hardware,prompt_size,batch_size,token_size,peak_power,average_power,prompt_time,token_time,e2e_time,tensor_parallel",
            "llama2-70b,h100-80gb,512,1,128,0,0,85,37,4784,2", "llama2-70b,l40s,512,1,128,0,0,85,37,4784,8");
        FidelityReport report = FidelityRun.Of(_folder.Path, new() { Levels = [IterationLevel.Name], Modes = [FidelityMode.Transfer] });
        Assert.Equal(["l40s llama-2-70b", "all"], report.Rows.Select(row => row.Group).Distinct());
        Assert.Contains(report.Warnings, warning => warning.Contains("h100-sxm is a donor", StringComparison.Ordinal));
    }

    [Fact]
    public void A_malformed_table_costs_itself_and_not_its_folder()
    {
        _folder.AddOperators("h200_sxm", 2);
        _folder.Write("tables/h200_sxm/gemm_perf.other.csv", "version,gemm_dtype,m,n,k,latency", "0.24.0,bfloat16,1,1024,4096,NaN");
        FidelityReport report = FidelityRun.Of(_folder.Path, new() { Levels = [OperatorLevel.Name], Modes = [FidelityMode.Interpolate] });
        Assert.Contains(report.Rows, row => row.Group == "h200-sxm" && row.Part == "matrices");
        Assert.Contains(report.Rows, row => row.Group == "h200-sxm" && row.Part == "decode");
        Assert.Contains(report.Warnings, warning => warning.Contains("gemm_perf.other.csv", StringComparison.Ordinal) && warning.EndsWith("this table is left out", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_without_measurements_is_told_of()
    {
        Directory.CreateDirectory(Path.Combine(_folder.Path, "empty"));
        FidelityReport report = FidelityRun.Of(Path.Combine(_folder.Path, "empty"), new());
        Assert.Empty(report.Rows);
        Assert.Contains("nothing in this folder", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_setting_of_the_hardware_that_is_not_modelled_is_told_of()
    {
        _folder.Write(
            "phases/perf_model.csv", "model,hardware,prompt_size,batch_size,token_size,peak_power,average_power,prompt_time,token_time,e2e_time,tensor_parallel",
            "llama2-70b,h100-80gb,512,1,128,0,0,85,37,4784,2", "llama2-70b,h100-80gb-pcap,512,1,128,0,0,85,37,4784,8");
        FidelityReport report = FidelityRun.Of(_folder.Path, new() { Levels = [IterationLevel.Name], Modes = [FidelityMode.Interpolate] });
        Assert.Contains("'h100-80gb-pcap' is read as h100-sxm; what 'pcap' says", Assert.Single(report.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_data_every_shipped_profile_states_its_errors()
    {
        FidelityReport stated = FidelityRun.Stated();
        Assert.Equal(
            World.Catalogue.Catalog.Profiles.Where(profile => profile.Errors.Count > 0).Select(profile => profile.Name).Order(StringComparer.Ordinal),
            stated.Rows.Where(row => row.Level == OperatorLevel.Name).Select(row => row.Group).Distinct().Order(StringComparer.Ordinal));
        Assert.All(stated.Rows, row => Assert.True(double.IsFinite(row.Value)));
    }

    [Fact]
    public void A_folder_that_is_not_there_is_refused() => Assert.Throws<InputException>(() => FidelityRun.Of("/no/such/folder", new()));

    private static double Value(FidelityReport report, string split, string group, string part, FidelityMetric metric) =>
        report.Rows.Single(row => row.Split == split && row.Group == group && row.Part == part && row.Metric == metric).Value;
}
