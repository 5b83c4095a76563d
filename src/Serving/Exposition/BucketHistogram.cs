using Orrery.Kernel.Statistics;

namespace Orrery.Serving.Exposition;

/// <summary>
/// A histogram of fixed buckets with exact counts and an exact sum: the order of observations, and whether equal ones come together, makes no
/// difference.
/// </summary>
public sealed class BucketHistogram(BucketEdges edges)
{
    private readonly long[] _counts = new long[edges.Buckets];
    private WideSum _sum;

    public BucketEdges Edges { get; } = edges;

    /// <summary>Observations.</summary>
    public long Count { get; private set; }

    /// <summary>Their sum in the unit that is written.</summary>
    public double Sum => (double)_sum.Value / Edges.PerUnit;

    /// <summary>Observations in each bucket alone, not in those below it; the last bucket is open.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <param name="value">In the small unit of the edges.</param>
    /// <param name="times">How often it was observed.</param>
    public void Add(long value, long times = 1)
    {
        _counts[Edges.BucketOf(value)] += times;
        Count += times;
        _sum.AddProduct(value, times);
    }
}
