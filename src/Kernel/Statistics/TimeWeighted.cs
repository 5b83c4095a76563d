using Orrery.Kernel.Time;

namespace Orrery.Kernel.Statistics;

/// <summary>The time average of a level that changes in steps (queue length, busy devices, blocks in use), from an exact integer
/// integral.</summary>
/// <remarks>Levels are whole numbers and may be negative. The integral is level × nanoseconds in 128 bits, so it never overflows or
/// rounds.</remarks>
public sealed class TimeWeighted(Instant start, long level = 0)
{
    private WideSum _integral;
    private Instant _since = start;

    /// <summary>Where the average begins.</summary>
    public Instant Start { get; private set; } = start;

    /// <summary>When the level was set last.</summary>
    public Instant LastChange => _since;

    /// <summary>The present level.</summary>
    public long Level { get; private set; } = level;

    /// <summary>The highest level so far, even one that lasted no time.</summary>
    public long Max { get; private set; } = level;

    /// <summary>The level is this from the instant on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The instant is earlier than the last change.</exception>
    public void Set(Instant at, long level)
    {
        if (at != _since)
        {
            if (at < _since)
                throw new ArgumentOutOfRangeException(nameof(at), at, $"levels change in the order of time; the last change was at {_since}");
            _integral.AddProduct(Level, at.Nanoseconds - _since.Nanoseconds);
            _since = at;
        }
        Level = level;
        if (level > Max) Max = level;
    }

    /// <summary>Changes the level by an amount.</summary>
    /// <inheritdoc cref="Set"/>
    public void Add(Instant at, long change) => Set(at, checked(Level + change));

    /// <summary>Level × nanoseconds from the start to an instant not before the last change.</summary>
    public Int128 Integral(Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(now, _since);
        return _integral.Value + ((Int128)Level * (now.Nanoseconds - _since.Nanoseconds));
    }

    /// <summary>The average from the start to now; the present level when no time has passed.</summary>
    public double Mean(Instant now) => now == Start ? Level : (double)Integral(now) / (now.Nanoseconds - Start.Nanoseconds);

    /// <summary>Begins the average anew at an instant, with the present level: the end of a warm-up.</summary>
    public void Restart(Instant at)
    {
        Set(at, Level);
        Start = at;
        Max = Level;
        _integral = default;
    }
}
