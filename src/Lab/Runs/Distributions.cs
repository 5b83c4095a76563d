using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Serving.Metrics;

namespace Orrery.Lab.Runs;

/// <summary>The sketches of a run under the names of results, and their curves.</summary>
internal static class Distributions
{
    /// <summary>Points of a curve: every half per cent, and the far tail.</summary>
    private static readonly double[] Shares =
        [.. Enumerable.Range(0, 199).Select(i => i / 200.0), 0.995, 0.996, 0.997, 0.998, 0.999, 0.9995, 0.9999, 1];

    public static IReadOnlyDictionary<string, DistributionCurve> Of(ServingMetrics metrics)
    {
        Dictionary<string, DistributionCurve> curves = [];
        Add("ttft", metrics.Ttft, Duration.NanosecondsPerSecond);
        Add("tpot", metrics.Tpot, Duration.NanosecondsPerSecond);
        Add("gap", metrics.Gaps, Duration.NanosecondsPerSecond);
        Add("e2e", metrics.EndToEnd, Duration.NanosecondsPerSecond);
        Add("queue", metrics.Queue, Duration.NanosecondsPerSecond);
        Add("normalized", metrics.NormalizedLatency, Duration.NanosecondsPerSecond);
        Add("qoe", metrics.Qoe, ServingMetrics.QoePartsPerOne);
        return curves;

        void Add(string name, QuantileSketch sketch, double unitsPerOne)
        {
            if (!sketch.IsEmpty) curves.Add(name, new(Shares, [.. Shares.Select(share => sketch.Quantile(share) / unitsPerOne)]));
        }
    }
}
