using Orrery.Kernel.Time;

namespace Orrery.Serving.Power;

/// <summary>What a row's sensor has read, and what was done about it. Shares are of the row's budget.</summary>
public sealed class RowReadings
{
    private readonly Duration _interval;
    private readonly (double First, double Second) _watched;
    private readonly RiseMeter _between = new(1);
    private readonly RiseMeter _within;
    private double _wattSum;
    private double _shareSum;
    private long _overFirst;
    private long _overSecond;
    private long _braked;

    public RowReadings(RowPowerOptions options, (double First, double Second) watched)
    {
        ArgumentNullException.ThrowIfNull(options);
        _interval = options.Interval;
        _watched = watched;
        _within = new(Math.Max(1, (int)Math.Round(options.CapDelay.Seconds / options.Interval.Seconds)));
    }

    /// <summary>Readings so far.</summary>
    public long Count { get; private set; }

    /// <summary>Times that the brake was set: each a breach of what servers were promised.</summary>
    public int Brakes { get; internal set; }

    /// <summary>Clocks sent to a group of servers.</summary>
    public int Commands { get; internal set; }

    public double PeakShare { get; private set; }

    public double MeanShare => Count == 0 ? 0 : _shareSum / Count;

    public double EnergyJoules => _wattSum * _interval.Seconds;

    public double SecondsOverFirst => _overFirst * _interval.Seconds;

    public double SecondsOverSecond => _overSecond * _interval.Seconds;

    /// <summary>Time under the brake, in whole readings.</summary>
    public double BrakedSeconds => _braked * _interval.Seconds;

    /// <summary>Largest rise from one reading to the next.</summary>
    public double RiseBetweenReadings => _between.Largest;

    /// <summary>Largest rise within the delay of a cap.</summary>
    public double RiseWithinDelay => _within.Largest;

    internal void Add(double watts, double share, bool isBraking)
    {
        Count++;
        _wattSum += watts;
        _shareSum += share;
        PeakShare = Math.Max(PeakShare, share);
        if (share >= _watched.First) _overFirst++;
        if (share >= _watched.Second) _overSecond++;
        if (isBraking) _braked++;
        _between.Add(share);
        _within.Add(share);
    }
}
