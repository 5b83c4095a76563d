using Orrery.Lab.Fidelity;

namespace Orrery.Lab.Tests.Fidelity;

/// <summary>Figures of live runs with known errors.</summary>
public sealed class LiveLevelTests
{
    [Fact]
    public void A_perfect_prediction_has_no_error_and_leads()
    {
        RequestOutcome[] outcomes = [.. Enumerable.Range(1, 20).Select(i => new RequestOutcome($"{i}", 5, 0.1 * i, (0.1 * i) + 1))];
        FidelityFindings findings = LiveLevel.Evaluate([new("exact", outcomes, outcomes, 2, 2, [new("decode", 0.01, 0.01)], 1)]);
        Assert.All(findings.Rows.Where(row => row.Bar is not null), row => Assert.Equal((0, FidelityVerdict.Lead), (row.Value, row.Verdict)));
        Assert.Equal(2 * 3 * 5, findings.Rows.Count(row => row.Bar is not null));
        Assert.Equal(0, Value(findings, "exact", "predicted", FidelityMetric.Steps));
        Assert.Equal(2, Value(findings, "exact", "live", FidelityMetric.Preemptions));
        Assert.Empty(findings.Warnings);
    }

    [Fact]
    public void Times_ten_percent_too_long_reach_the_entry_and_count_by_size_in_the_mean()
    {
        RequestOutcome[] live = [.. Enumerable.Range(1, 20).Select(i => new RequestOutcome($"{i}", 5, 0.1 * i, (0.1 * i) + 1))];
        FidelityFindings findings = LiveLevel.Evaluate([Run("slow", 1.1), Run("fast", 0.8)]);
        Assert.Equal(0.1, Value(findings, "slow", "ttft", FidelityMetric.P95Error), 1e-9);
        Assert.Equal(FidelityVerdict.Entry, Row(findings, "slow", "tpot", FidelityMetric.Mean).Verdict);
        Assert.Equal(FidelityVerdict.Missed, Row(findings, "fast", "latency", FidelityMetric.P99).Verdict);
        Assert.Equal(0.15, Value(findings, FidelityRow.All, "latency", FidelityMetric.Mean), 1e-9);
        Assert.Equal(40, Row(findings, FidelityRow.All, "latency", FidelityMetric.Mean).Samples);

        LiveComparison Run(string name, double factor) => new(
            name, live, [.. live.Select(one => one with { TtftSeconds = factor * one.TtftSeconds, LatencySeconds = factor * one.LatencySeconds })], 0, 0, [], 0);
    }

    [Fact]
    public void Steps_show_their_own_error_apart_from_that_of_their_sum()
    {
        LiveStepTime[] steps = [new("decode", 1, 1.5), new("decode", 1, 0.5), new("mixed", 2, 2.2)];
        FidelityFindings findings = LiveLevel.Evaluate([new("run", [new("1", 2, 1, 2)], [new("1", 2, 1, 2)], 0, 0, steps, 4)]);
        Assert.Equal(0.5, Value(findings, "run", "decode", FidelityMetric.Mape), 1e-9);
        Assert.Equal(0, Value(findings, "run", "decode", FidelityMetric.Mean), 1e-9);
        Assert.Equal(0.05, Value(findings, FidelityRow.All, IterationLevel.EveryStep, FidelityMetric.Mean), 1e-9);
        Assert.Equal(1 / 3.0, Value(findings, "run", "predicted", FidelityMetric.Steps), 1e-9);
    }

    [Fact]
    public void Requests_that_the_prediction_lost_are_told()
    {
        RequestOutcome[] live = [new("1", 2, 1, 2), new("2", 2, 1, 2)];
        FidelityFindings findings = LiveLevel.Evaluate([new("run", live, [live[0]], 0, 0, [], 0)]);
        Assert.Contains("1 of 2", Assert.Single(findings.Warnings), StringComparison.Ordinal);
    }

    private static double Value(FidelityFindings findings, string group, string part, FidelityMetric metric) => Row(findings, group, part, metric).Value;

    private static FidelityRow Row(FidelityFindings findings, string group, string part, FidelityMetric metric) =>
        Assert.Single(findings.Rows, row => (row.Group, row.Part, row.Metric) == (group, part, metric));
}
