using Orrery.Lab.Results;


namespace Orrery.Lab.Studies;

/// <summary>What a measure's numbers count, in plain units: seconds, shares of one, joules, grams, litres, dollars.</summary>
public enum MeasureUnit
{
    Seconds,
    PerSecond,
    Share,
    Count,
    JoulesPerToken,
    Joules,
    Grams,
    Litres,
    Dollars,
}

/// <summary>Which end of a measure is the good one.</summary>
public enum Better
{
    /// <summary>Neither: it describes.</summary>
    Neither,
    Lower,
    Higher,
}

/// <summary>One figure that tables show of a run.</summary>
/// <param name="Header">Column head, without unit.</param>
/// <param name="Priority">Columns of a narrow table are taken in this order, 1 first.</param>
/// <param name="OnlyWhenSeen">Left out of tables where every run has zero.</param>
/// <param name="Of">The figure in the plain unit; null where the run has no samples.</param>
public sealed record Measure(string Header, MeasureUnit Unit, Better Better, int Priority, bool OnlyWhenSeen, Func<RunResult, double?> Of);

/// <summary>The figures that tables of runs show, in the order of their columns.</summary>
public static class Measures
{
    private const double TokensPerMillion = 1e6;

    public static IReadOnlyList<Measure> All { get; } =
    [
        Time("TTFT p50", 1, m => m.TtftSeconds?.P50),
        Time("TTFT p99", 2, m => m.TtftSeconds?.P99),
        Time("TPOT p50", 7, m => m.TpotSeconds?.P50),
        Time("TPOT p99", 12, m => m.TpotSeconds?.P99),
        Time("gap p99", 3, m => m.GapSeconds?.P99),
        Time("queue p99", 14, m => m.QueueSeconds?.P99),
        Time("E2E p50", 8, m => m.E2eSeconds?.P50),
        Time("E2E p99", 11, m => m.E2eSeconds?.P99),
        new("QoE mean", MeasureUnit.Share, Better.Higher, 13, false, r => r.Metrics.Qoe?.Mean),
        new("tokens", MeasureUnit.PerSecond, Better.Higher, 5, false, r => r.Metrics.OutputTokensPerSecond),
        new("SLO met", MeasureUnit.Share, Better.Higher, 4, false, r => r.Metrics.SloAttainment),
        new("goodput", MeasureUnit.PerSecond, Better.Higher, 9, false, r => r.Metrics.GoodputRequestsPerSecond),
        new("busy", MeasureUnit.Share, Better.Neither, 18, false, r => r.Metrics.BusyFraction),
        new("KV max", MeasureUnit.Share, Better.Neither, 16, false, r => r.Metrics.KvUtilizationMax),
        new("energy", MeasureUnit.JoulesPerToken, Better.Lower, 10, false, r => PerToken(r, r.Cost.EnergyJoules)),
        new("cost per Mtok", MeasureUnit.Dollars, Better.Lower, 6, true, r => PerToken(r, r.Cost.MoneyDollars) * TokensPerMillion),
        new("preempted", MeasureUnit.Count, Better.Lower, 17, true, r => r.Requests.Preemptions),
        new("rejected", MeasureUnit.Count, Better.Lower, 15, true, r => r.Requests.Rejected),
        new("cancelled", MeasureUnit.Count, Better.Neither, 20, true, r => r.Requests.Cancelled),
        new("timed out", MeasureUnit.Count, Better.Lower, 19, true, r => r.Requests.TimedOut),
    ];

    private static Measure Time(string header, int priority, Func<RunMetrics, double?> of) =>
        new(header, MeasureUnit.Seconds, Better.Lower, priority, false, r => of(r.Metrics));

    private static double? PerToken(RunResult run, double amount) => run.Tokens.Output == 0 ? null : amount / run.Tokens.Output;
}
