using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;

namespace Orrery.Lab.Results;

/// <summary>The value of every metric of a run, by the names of <see cref="RunMetricTable"/>. What was not measured is absent.</summary>
public sealed record RunFigures(IReadOnlyDictionary<string, double> Numbers, IReadOnlyDictionary<string, Summary> Distributions)
{
    /// <summary>Nothing measured.</summary>
    public static RunFigures Empty { get; } = new(new Dictionary<string, double>(), new Dictionary<string, Summary>());

    /// <summary>A single number; null when it was not measured.</summary>
    public double? Number(string name) => Numbers.TryGetValue(name, out double value) ? value : null;

    /// <summary>A distribution; null without samples.</summary>
    public Summary? Distribution(string name) => Distributions.GetValueOrDefault(name);

    /// <summary>The figure in the metric's plain unit; null when it was not measured. A distribution without samples counts zero of them.</summary>
    /// <exception cref="ArgumentException">A distribution without a statistic.</exception>
    public double? Of(string name, bool isDistribution, Statistic statistic)
    {
        if (!isDistribution) return Number(name);
        if (Distribution(name) is not { } summary) return statistic == Statistic.Count ? 0 : null;
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
            _ => throw new ArgumentException($"'{name}' has many values; a statistic must be named", nameof(statistic)),
        };
    }
}
