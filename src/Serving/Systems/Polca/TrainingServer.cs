using Orrery.Kernel.Processes;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Power;

namespace Orrery.Serving.Systems.Polca;

/// <summary>
/// A server of one large training job: all of them compute together near their rated power, and wait together while gradients are
/// exchanged.
/// </summary>
/// <remarks>Levels from production rows (c): 97 % of the rated power at the peak, 37.5 % of it less in between. Lengths of both phases are our choice (d).</remarks>
public sealed class TrainingServer : IPoweredServer
{
    /// <summary>Peak over rated power (POLCA, c).</summary>
    public const double PeakShare = 0.97;

    /// <summary>Fall between two phases, of the rated power (POLCA, c).</summary>
    public const double Swing = 0.375;

    private static readonly Duration Compute = Duration.FromSeconds(8);
    private static readonly Duration Exchange = Duration.FromSeconds(2);

    private readonly Clock _clock;
    private readonly RowPowerOptions _options;
    private readonly TimeWeighted _milliwatts;
    private bool _computes = true;
    private long _next = Compute.Nanoseconds;
    private double _hertz;

    public TrainingServer(Clock clock, RowPowerOptions options)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(options);
        _clock = clock;
        _options = options;
        _hertz = options.Laws.FullHertz;
        _milliwatts = new(clock.Now, Milliwatts());
    }

    /// <summary>All jobs may be slowed down.</summary>
    public ServerPriority Priority => ServerPriority.Low;

    public Int128 EnergyUntil(Instant now)
    {
        Advance(now.Nanoseconds);
        return _milliwatts.Integral(now);
    }

    public void SetClock(double hertz)
    {
        Advance(_clock.Now.Nanoseconds);
        _hertz = hertz;
        _milliwatts.Set(_clock.Now, Milliwatts());
    }

    private void Advance(long now)
    {
        while (_next <= now)
        {
            _computes = !_computes;
            _milliwatts.Set(Instant.FromNanoseconds(_next), Milliwatts());
            _next += (_computes ? Compute : Exchange).Nanoseconds;
        }
    }

    private long Milliwatts()
    {
        double watts = _options.ServerRatedWatts * (_computes ? PeakShare : PeakShare - Swing);
        double idle = _options.ServerIdleWatts;
        return (long)Math.Round(1000 * (idle + ((watts - idle) * _options.Laws.PowerShare(_hertz))));
    }
}
