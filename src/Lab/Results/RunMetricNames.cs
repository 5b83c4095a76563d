using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;

namespace Orrery.Lab.Results;

/// <summary>The names that <c>expect:</c>, goals and tables use for the figures of a run.</summary>
public static class RunMetricNames
{
    /// <summary>Every metric with what its values measure.</summary>
    public static IReadOnlyList<MetricInfo> All { get; } =
    [
        new("ttft", Quantity.Duration, true),
        new("tpot", Quantity.Duration, true),
        new("gap", Quantity.Duration, true),
        new("e2e", Quantity.Duration, true),
        new("queue", Quantity.Duration, true),
        new("normalized", Quantity.Duration, true),
        new("qoe", Quantity.Number, true),
        new("outputTokensPerSecond", Quantity.Rate, false),
        new("requestsPerSecond", Quantity.Rate, false),
        new("attainment", Quantity.Number, false),
        new("goodput", Quantity.Rate, false),
        new("busy", Quantity.Number, false),
        new("mfu", Quantity.Number, false),
        new("mbu", Quantity.Number, false),
        new("kvMean", Quantity.Number, false),
        new("kvMax", Quantity.Number, false),
        new("arrived", Quantity.Number, false),
        new("finished", Quantity.Number, false),
        new("rejected", Quantity.Number, false),
        new("cancelled", Quantity.Number, false),
        new("timedOut", Quantity.Number, false),
        new("preemptions", Quantity.Number, false),
        new("prompt", Quantity.Number, false),
        new("prefilled", Quantity.Number, false),
        new("cached", Quantity.Number, false),
        new("energy", Quantity.Energy, false),
        new("carbon", Quantity.Mass, false),
        new("water", Quantity.Volume, false),
        new("money", Quantity.Money, false),
    ];

    /// <summary>The measured value in the plain unit of the metric's kind; null where there is no sample.</summary>
    /// <exception cref="ArgumentException">The metric is none of <see cref="All"/>.</exception>
    public static double? Lookup(RunResult result, Statistic statistic, MetricInfo metric)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(metric);
        if (!metric.IsDistribution) return Number(result, metric.Name);
        Summary? summary = Distribution(result.Metrics, metric.Name);
        if (summary is null) return statistic == Statistic.Count ? 0 : null;
        return statistic switch
        {
            Statistic.Count => summary.Count,
            Statistic.Mean => summary.Mean,
            Statistic.Std => summary.Std,
            Statistic.Min => summary.Min,
            Statistic.P10 => summary.P10,
            Statistic.P25 => summary.P25,
            Statistic.P50 => summary.P50,
            Statistic.P75 => summary.P75,
            Statistic.P90 => summary.P90,
            Statistic.P95 => summary.P95,
            Statistic.P99 => summary.P99,
            Statistic.P999 => summary.P999,
            Statistic.Max => summary.Max,
            _ => throw new ArgumentException($"'{metric.Name}' has many values; a statistic must be named", nameof(statistic)),
        };
    }

    private static Summary? Distribution(RunMetrics metrics, string name) => name switch
    {
        "ttft" => metrics.TtftSeconds,
        "tpot" => metrics.TpotSeconds,
        "gap" => metrics.GapSeconds,
        "e2e" => metrics.E2eSeconds,
        "queue" => metrics.QueueSeconds,
        "normalized" => metrics.NormalizedLatencySeconds,
        "qoe" => metrics.Qoe,
        _ => throw new ArgumentException($"'{name}' is no metric of a run", nameof(name)),
    };

    private static double Number(RunResult result, string name) => name switch
    {
        "outputTokensPerSecond" => result.Metrics.OutputTokensPerSecond,
        "requestsPerSecond" => result.Metrics.RequestsPerSecond,
        "attainment" => result.Metrics.SloAttainment,
        "goodput" => result.Metrics.GoodputRequestsPerSecond,
        "busy" => result.Metrics.BusyFraction,
        "mfu" => result.Metrics.ModelFlopsUtilization,
        "mbu" => result.Metrics.MemoryBandwidthUtilization,
        "kvMean" => result.Metrics.KvUtilizationMean,
        "kvMax" => result.Metrics.KvUtilizationMax,
        "arrived" => result.Requests.Arrived,
        "finished" => result.Requests.Finished,
        "rejected" => result.Requests.Rejected,
        "cancelled" => result.Requests.Cancelled,
        "timedOut" => result.Requests.TimedOut,
        "preemptions" => result.Requests.Preemptions,
        "prompt" => result.Tokens.Prompt,
        "prefilled" => result.Tokens.Prefilled,
        "cached" => result.Tokens.Cached,
        "energy" => result.Cost.EnergyJoules,
        "carbon" => result.Cost.CarbonGrams,
        "water" => result.Cost.WaterLitres,
        "money" => result.Cost.MoneyDollars,
        _ => throw new ArgumentException($"'{name}' is no metric of a run", nameof(name)),
    };
}
