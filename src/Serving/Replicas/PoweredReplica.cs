using Orrery.Kernel.Processes;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Execution;
using Orrery.Serving.Power;

namespace Orrery.Serving.Replicas;

/// <summary>
/// A replica as a server on a row: its power follows the phase of its steps, and a clock that is set slows its steps down. Both change when
/// the next step starts, so that the energy is the same with and without fast-forward.
/// </summary>
public sealed class PoweredReplica : IPoweredServer, IStepObserver
{
    private readonly Clock _clock;
    private readonly ServerPowerModel _power;
    private readonly ClockLaws _laws;
    private readonly double _servers;
    private readonly TimeWeighted _milliwatts;
    private Replica? _replica;
    private double _hertz;
    private int _inFlight;

    /// <param name="clock">Whose time counts.</param>
    /// <param name="priority">Whose work the replica does.</param>
    /// <param name="options">What servers draw.</param>
    /// <param name="devices">Devices of the replica: its part of a server, or several servers.</param>
    public PoweredReplica(Clock clock, ServerPriority priority, RowPowerOptions options, int devices)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(options);
        _clock = clock;
        _power = new(options);
        _laws = options.Laws;
        _servers = (double)devices / options.ServerDevices;
        _hertz = options.Laws.FullHertz;
        _milliwatts = new(clock.Now, _power.Milliwatts(ServerPhase.Idle, 0, _hertz, _servers));
        Priority = priority;
    }

    public ServerPriority Priority { get; }

    public Int128 EnergyUntil(Instant now) => _milliwatts.Integral(now);

    public void SetClock(double hertz)
    {
        _hertz = hertz;
        _replica?.SetPace(_laws.PaceAt(hertz));
    }

    public void Planned(Replica replica, StepPlan plan)
    {
        ArgumentNullException.ThrowIfNull(replica);
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.IsEmpty) return;
        if (_replica is null)
        {
            _replica = replica;
            replica.SetPace(_laws.PaceAt(_hertz));
        }
        _inFlight++;
        Enter(plan.IsDecodeOnly ? ServerPhase.Decodes : ServerPhase.Prompts, plan.Tokens);
    }

    public void Ended(Replica replica, StepRun run)
    {
        if (--_inFlight == 0) Enter(ServerPhase.Idle, 0);
    }

    private void Enter(ServerPhase phase, int stepTokens) => _milliwatts.Set(_clock.Now, _power.Milliwatts(phase, stepTokens, _hertz, _servers));
}

/// <summary>Several observers of one replica, told in their order.</summary>
public sealed class StepObservers(params IReadOnlyList<IStepObserver> observers) : IStepObserver
{
    public void Planned(Replica replica, StepPlan plan)
    {
        foreach (IStepObserver observer in observers) observer.Planned(replica, plan);
    }

    public void Ended(Replica replica, StepRun run)
    {
        foreach (IStepObserver observer in observers) observer.Ended(replica, run);
    }
}
