namespace Orrery.Serving.Power;

/// <summary>Power of a whole server from the phase and the clock of its devices.</summary>
/// <remarks>
/// P = idle + gain · Σ (device − idle device). With gain 1 the rest of the server draws the same whatever its devices do; at full swing
/// fans, processors and conversion losses follow the devices, so that a server whose devices draw their thermal design power draws its
/// rated power. Rows of inference that peak at 79 % of the rated power (c) are possible with the latter alone: with a constant rest a
/// DGX A100 would draw two thirds of its rating at most.
/// </remarks>
public sealed class ServerPowerModel
{
    private const double MilliwattsPerWatt = 1000;

    private readonly RowPowerOptions _options;
    private readonly PhasePower _phases;
    private readonly double _gain;
    private readonly double _swing;
    private double _hertz;
    private double _clockShare = 1;

    public ServerPowerModel(RowPowerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _phases = PhasePower.Find(options.PhasePower);
        double devices = options.ServerDevices * (options.DeviceWatts - options.DeviceIdleWatts);
        double full = (options.ServerRatedWatts - options.ServerIdleWatts) / devices;
        _gain = 1 + (options.HostSwing * (full - 1));
        _swing = _gain * options.ServerDevices;
        _hertz = options.Laws.FullHertz;
    }

    /// <summary>Power of a server in watts.</summary>
    /// <param name="phase">What its devices do.</param>
    /// <param name="stepTokens">Tokens of the step, for a step with prompts.</param>
    /// <param name="hertz">Their clock.</param>
    public double Watts(ServerPhase phase, int stepTokens, double hertz)
    {
        if (phase == ServerPhase.Idle) return _options.ServerIdleWatts;
        double device = _phases.Share(phase, stepTokens) * _options.DeviceWatts;
        return _options.ServerIdleWatts + (_swing * (device - _options.DeviceIdleWatts) * ClockShare(hertz));
    }

    /// <summary>The same for a part of a server, in whole milliwatts: levels whose integral is exact.</summary>
    /// <param name="servers">How many servers, a fraction where replicas share one.</param>
    public long Milliwatts(ServerPhase phase, int stepTokens, double hertz, double servers = 1) =>
        (long)Math.Round(servers * MilliwattsPerWatt * Watts(phase, stepTokens, hertz));

    /// <summary>Clocks change seldom; powers are asked for at every step.</summary>
    private double ClockShare(double hertz)
    {
        if (hertz == _hertz) return _clockShare;
        _hertz = hertz;
        _clockShare = _options.Laws.PowerShare(hertz);
        return _clockShare;
    }
}
