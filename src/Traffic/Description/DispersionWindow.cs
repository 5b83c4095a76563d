namespace Orrery.Traffic.Description;

/// <summary>
/// Index of dispersion of counts: variance over mean of the arrivals per window of one length; 1 for a Poisson process, more for
/// bursts. Empty windows count; the last, unfinished one does not.
/// </summary>
public sealed class DispersionWindow(double seconds)
{
    private readonly long _nanoseconds = (long)(seconds * 1e9);
    private long _current;
    private long _count;
    private long _windows;
    private double _sum;
    private double _squares;

    public double Seconds => seconds;

    /// <summary>NaN before two windows are full.</summary>
    public double Index
    {
        get
        {
            if (_windows < 2 || _sum == 0) return double.NaN;
            double mean = _sum / _windows;
            return ((_squares / _windows) - (mean * mean)) / mean;
        }
    }

    internal void Add(long nanoseconds)
    {
        long window = nanoseconds / _nanoseconds;
        if (window > _current)
        {
            _sum += _count;
            _squares += (double)_count * _count;
            _windows += window - _current;
            _current = window;
            _count = 0;
        }
        _count++;
    }
}
