using Orrery.Kernel.Time;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>Starts of one region: those of the last minute, of the present window, and in all.</summary>
internal sealed class RegionLoad(double exponent)
{
    private static readonly Duration Minute = Duration.FromSeconds(60);

    // Bounds of the slowdown: a burst does not make starts take for ever, an idle night does not make them free.
    private const double Fastest = 0.5;
    private const double Slowest = 4;

    private readonly Queue<Instant> _lastMinute = new();
    private long _window = -1;
    private int _inWindow;

    public long Starts { get; private set; }

    public void Add(Instant now, Duration window)
    {
        Starts++;
        _inWindow = InWindow(now, window) + 1;
        _lastMinute.Enqueue(now);
    }

    public int InWindow(Instant now, Duration window)
    {
        long index = now.Nanoseconds / window.Nanoseconds;
        if (index != _window) (_window, _inWindow) = (index, 0);
        return _inWindow;
    }

    /// <summary>Factor on allocation and scheduling: (starts in the last minute / the mean so far)^exponent.</summary>
    public double Slowdown(Instant now)
    {
        while (_lastMinute.TryPeek(out Instant at) && now - at > Minute) _lastMinute.Dequeue();
        double minutes = Math.Max(1, now.Seconds / Minute.Seconds);
        double mean = Starts / minutes;
        return mean <= 0 || exponent <= 0 ? 1 : Math.Clamp(Math.Pow((_lastMinute.Count + 1) / (mean + 1), exponent), Fastest, Slowest);
    }
}
