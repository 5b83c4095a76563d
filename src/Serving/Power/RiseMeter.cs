namespace Orrery.Serving.Power;

/// <summary>The largest rise of a series within so many samples, in one pass: what may come before a command can take effect.</summary>
/// <param name="samples">Steps from the low sample to the high one, at most.</param>
public sealed class RiseMeter(int samples)
{
    // Samples that may still be the lowest of a window, rising in value: each is lower than all that came after it.
    private readonly (long Index, double Value)[] _lows = new (long, double)[samples + 1];
    private int _head;
    private int _count;
    private long _next;

    /// <summary>The largest rise so far, at least 0.</summary>
    public double Largest { get; private set; }

    public void Add(double value)
    {
        long index = _next++;
        while (_count > 0 && _lows[_head].Index < index - samples) DropFirst();
        if (_count > 0) Largest = Math.Max(Largest, value - _lows[_head].Value);
        while (_count > 0 && _lows[Place(_count - 1)].Value >= value) _count--;
        _lows[Place(_count++)] = (index, value);
    }

    private void DropFirst()
    {
        _head = Place(1);
        _count--;
    }

    private int Place(int ordinal) => (_head + ordinal) % _lows.Length;
}

/// <summary>Thresholds from what a row's history shows.</summary>
/// <param name="First">Where the first cap is due.</param>
/// <param name="Second">Where more is due.</param>
public readonly record struct RowThresholds(double First, double Second)
{
    /// <summary>
    /// The second threshold leaves room for the largest rise within the actuators' delay (c: 11.8 % in 40 s gives 88 to 89 %); the first one
    /// stands below it by the largest rise between two readings, so that the first cap is out before the second threshold is passed (d: 9 %
    /// in 2 s gives 79 to 80 %, the published pair).
    /// </summary>
    /// <param name="riseWithinDelay">Largest rise while a command is under way, as a share of the budget.</param>
    /// <param name="riseBetweenReadings">Largest rise between two readings.</param>
    public static RowThresholds From(double riseWithinDelay, double riseBetweenReadings) =>
        new(Math.Max(0, 1 - riseWithinDelay - riseBetweenReadings), Math.Max(0, 1 - riseWithinDelay));
}
