namespace Orrery.Traffic.Description;

/// <summary>
/// Counts over time in a bounded number of equal bins; when the time outgrows them, neighbours merge and the width doubles.
/// </summary>
public sealed class RateBins
{
    /// <summary>Bins at most: enough for a plot 120 characters wide with two dots each.</summary>
    public const int MostBins = 256;

    private const long FirstWidthNanoseconds = 1_000_000_000;

    private readonly long[] _counts = new long[MostBins];
    private int _used;

    /// <summary>Width of a bin in seconds.</summary>
    public double WidthSeconds => _width / 1e9;

    /// <summary>Arrivals per bin, up to the last arrival.</summary>
    public ReadOnlySpan<long> Counts => _counts.AsSpan(0, _used);

    /// <summary>Arrivals per second in each bin.</summary>
    public double[] RatesPerSecond()
    {
        double[] rates = new double[_used];
        for (int i = 0; i < _used; i++) rates[i] = _counts[i] / WidthSeconds;
        return rates;
    }

    private long _width = FirstWidthNanoseconds;

    internal void Add(long nanoseconds)
    {
        while (nanoseconds / _width >= MostBins) Halve();
        int bin = (int)(nanoseconds / _width);
        _counts[bin]++;
        _used = Math.Max(_used, bin + 1);
    }

    private void Halve()
    {
        for (int i = 0; i < MostBins / 2; i++) _counts[i] = _counts[2 * i] + _counts[(2 * i) + 1];
        Array.Clear(_counts, MostBins / 2, MostBins / 2);
        _used = (_used + 1) / 2;
        _width *= 2;
    }
}
