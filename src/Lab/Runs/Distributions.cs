using Orrery.Lab.Results;
using Orrery.Serving.Metrics;

namespace Orrery.Lab.Runs;

/// <summary>The sketches of a run under the names of results, and their curves.</summary>
public static class Distributions
{
    /// <summary>Points of a curve: every half per cent, and the far tail.</summary>
    private static readonly double[] Shares =
        [.. Enumerable.Range(0, 199).Select(i => i / 200.0), 0.995, 0.996, 0.997, 0.998, 0.999, 0.9995, 0.9999, 1];

    internal static IReadOnlyDictionary<string, DistributionCurve> Of(ServingMetrics metrics) => Of(ResultBuilder.Felt(metrics));

    public static IReadOnlyDictionary<string, DistributionCurve> Of(RunFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        Dictionary<string, DistributionCurve> curves = [];
        foreach (Metric metric in RunMetricTable.All)
        {
            if (metric.Samples?.Invoke(facts) is not { IsEmpty: false } sketch) continue;
            curves.Add(metric.Name, new(Shares, [.. Shares.Select(share => sketch.Quantile(share) / metric.SketchUnits)]));
        }
        return curves;
    }
}
