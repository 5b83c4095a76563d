using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.Polca;

/// <summary>Latencies in cells of ten milliseconds: fine enough to tell one per cent of a second's latency, in bounded memory.</summary>
/// <param name="from">Requests that arrive before it are not counted.</param>
public sealed class LatencyTally(Instant from = default)
{
    private const long CellNanoseconds = 10_000_000;

    /// <summary>An hour; longer ones count as that.</summary>
    private const int Cells = 360_000;

    private readonly int[] _counts = new int[Cells];

    public long Count { get; private set; }

    /// <summary>Those of an hour or more: quantiles among them are no more than a lower bound.</summary>
    public int Longest => _counts[Cells - 1];

    /// <summary>Counts a request, unless it came before the tally began.</summary>
    /// <param name="arrival">In nanoseconds.</param>
    /// <param name="end">In nanoseconds.</param>
    public void Add(long arrival, long end)
    {
        if (arrival < from.Nanoseconds) return;
        long nanoseconds = end - arrival;
        _counts[Math.Min(nanoseconds / CellNanoseconds, Cells - 1)]++;
        Count++;
    }

    /// <summary>Seconds that a share of the latencies do not exceed: middle of the cell; not a number without any.</summary>
    public double Quantile(double share)
    {
        if (Count == 0) return double.NaN;
        long rank = Math.Max(1, (long)Math.Ceiling(share * Count));
        int cell = 0;
        for (long seen = _counts[0]; seen < rank; seen += _counts[cell]) cell++;
        return (cell + 0.5) * CellNanoseconds / 1e9;
    }
}
