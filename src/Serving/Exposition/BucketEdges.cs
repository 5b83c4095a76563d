using System.Globalization;
using Orrery.Kernel.Time;
using Orrery.Serving.Metrics;

namespace Orrery.Serving.Exposition;

/// <summary>Upper edges of a histogram's buckets: whole numbers of a small unit, so that counts are exact. Made once, shared by many histograms.</summary>
public sealed class BucketEdges
{
    private readonly long[] _edges;
    private readonly string[] _labels;

    /// <param name="perUnit">So many of the whole numbers make one of the unit that is written: 10⁹ nanoseconds for seconds.</param>
    /// <param name="edges">In the unit that is written, rising, each a whole number of the small unit.</param>
    private BucketEdges(long perUnit, IEnumerable<double> edges)
    {
        PerUnit = perUnit;
        double[] written = [.. edges];
        _edges = [.. written.Select(edge => (long)Math.Round(edge * perUnit))];
        _labels = [.. written.Select(edge => edge.ToString("R", CultureInfo.InvariantCulture)), "+Inf"];
    }

    /// <summary>Time to first token: vLLM's edges (b).</summary>
    public static BucketEdges TimeToFirstToken { get; } =
        Seconds(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560);

    /// <summary>Time per token: vLLM's edges (b).</summary>
    public static BucketEdges TimePerToken { get; } =
        Seconds(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80);

    /// <summary>Times of whole requests and their parts: vLLM's edges (b).</summary>
    public static BucketEdges RequestTime { get; } =
        Seconds(0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680);

    /// <summary>Tokens of one step: vLLM's edges (b).</summary>
    public static BucketEdges StepTokens { get; } = Counts(1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384);

    /// <summary>Answers asked for in one request: vLLM's edges (b).</summary>
    public static BucketEdges Answers { get; } = Counts(1, 2, 5, 10, 20);

    /// <summary>Times from a tenth of a millisecond: small models on a CPU, and gaps within a batch of drafts (our choice, d).</summary>
    public static BucketEdges FineTime { get; } = Seconds(
        0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.075,
        0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 2.5, 5, 10);

    /// <summary>Quality of experience from 0 to 1, finer near 1 (our choice, d).</summary>
    public static BucketEdges Quality { get; } =
        new((long)ServingMetrics.QoePartsPerOne, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1]);

    /// <summary>See the constructor.</summary>
    internal long PerUnit { get; }

    /// <summary>Buckets, the open one at the end included.</summary>
    internal int Buckets => _labels.Length;

    /// <summary>1, 2, 5, 10, … up to a model's longest sequence: vLLM's edges for tokens of a request (b).</summary>
    public static BucketEdges RequestTokens(int maxModelTokens)
    {
        List<double> edges = [];
        for (long decade = 1; ; decade *= 10)
        {
            foreach (long mantissa in (ReadOnlySpan<long>)[1, 2, 5])
            {
                if (mantissa * decade > Math.Max(1, maxModelTokens)) return Counts([.. edges]);
                edges.Add(mantissa * decade);
            }
        }
    }

    /// <summary>The value of a bucket's label <c>le</c>.</summary>
    internal string Label(int bucket) => _labels[bucket];

    /// <summary>The first bucket whose edge is not below the value.</summary>
    internal int BucketOf(long value)
    {
        int index = Array.BinarySearch(_edges, value);
        return index >= 0 ? index : ~index;
    }

    private static BucketEdges Seconds(params double[] edges) => new(Duration.NanosecondsPerSecond, edges);

    private static BucketEdges Counts(params double[] edges) => new(1, edges);
}
