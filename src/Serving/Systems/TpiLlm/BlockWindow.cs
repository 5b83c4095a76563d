namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>
/// The memory scheduler of one node (b): a loader walks the ring of blocks for ever and begins the next whenever fewer than w are held;
/// whoever computes waits for its block, drops all before it and runs. So load j begins when load j−1 has ended and run j−w+1 has begun.
/// </summary>
/// <remarks>
/// In the steady state, with loads d, runs t and an allreduce a after each run: every load is hidden for w = 2 when the next d is at
/// most t + a block by block, and a pass then takes Σ(t + a); when every t + a is at most the next d, it takes Σd (d).
/// </remarks>
public sealed class BlockWindow
{
    private readonly double[] _loadSeconds;
    private readonly double[] _runStarts;
    private readonly int _window;
    private long _next;
    private double _loadEnd;

    /// <param name="loadSeconds">Of every block of the ring.</param>
    /// <param name="window">w, at least 2. A window over the whole ring loads every block once.</param>
    public BlockWindow(IReadOnlyList<double> loadSeconds, int window)
    {
        ArgumentNullException.ThrowIfNull(loadSeconds);
        ArgumentOutOfRangeException.ThrowIfLessThan(window, 2);
        _loadSeconds = [.. loadSeconds];
        _window = window;
        _runStarts = new double[window];
    }

    /// <summary>Seconds that runs have waited for the disk so far.</summary>
    public double WaitSeconds { get; private set; }

    private bool HoldsAll => _window >= _loadSeconds.Length;

    /// <summary>When the next block of the ring begins to run, if its input is there at <paramref name="ready"/>.</summary>
    public double Begin(double ready)
    {
        bool isLoaded = HoldsAll && _next >= _loadSeconds.Length;
        if (!isLoaded)
        {
            // The slot of run j+1 still holds run j−w+1, whose beginning dropped the block before it.
            double room = _next >= _window ? _runStarts[(_next + 1) % _window] : 0;
            _loadEnd = Math.Max(_loadEnd, room) + _loadSeconds[_next % _loadSeconds.Length];
        }
        double start = isLoaded ? ready : Math.Max(ready, _loadEnd);
        WaitSeconds += start - ready;
        _runStarts[_next % _window] = start;
        _next++;
        return start;
    }

    /// <summary>Most bytes that w blocks in a row of a ring have.</summary>
    public static double PeakBytes(IReadOnlyList<double> blockBytes, int window)
    {
        ArgumentNullException.ThrowIfNull(blockBytes);
        if (window >= blockBytes.Count) return blockBytes.Sum();
        double peak = 0;
        for (int first = 0; first < blockBytes.Count; first++)
        {
            double held = 0;
            for (int i = 0; i < window; i++) held += blockBytes[(first + i) % blockBytes.Count];
            peak = Math.Max(peak, held);
        }
        return peak;
    }
}
