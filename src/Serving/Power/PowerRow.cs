using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Resources;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Serving.Power;

/// <summary>A server on a row: what it drew, and its clock.</summary>
public interface IPoweredServer
{
    ServerPriority Priority { get; }

    /// <summary>Milliwatts times nanoseconds up to an instant not before the last change.</summary>
    Int128 EnergyUntil(Instant now);

    /// <summary>Sets the clock at the present instant; it holds from the server's next step on.</summary>
    void SetClock(double hertz);
}

/// <summary>
/// Servers behind one breaker: a sensor that reads their mean power at an interval and tells the manager late, an actuator for each server
/// that takes its time, and the brake, which puts all devices to their lowest clock when a reading reaches the budget.
/// </summary>
/// <remarks>O(servers) per reading. Readings are taken in the phase <see cref="Phase.React"/>; commands take effect in <see cref="Phase.Deliver"/>.</remarks>
public sealed class PowerRow : IRowControls
{
    private readonly Clock _clock;
    private readonly RowPowerOptions _options;
    private readonly RandomStream _random;
    private readonly List<IPoweredServer> _servers = [];
    private readonly IPowerManager _manager;
    private readonly bool _hasBrake;
    private readonly Func<bool> _isOver;
    private readonly List<DelayedActuator<double>> _clocks = [];
    private readonly double?[] _targets = new double?[Enum.GetValues<ServerPriority>().Length];
    private readonly DelayedActuator<bool> _brake;
    private readonly Queue<PowerSample> _underWay = new();
    private readonly double _budgetWatts;
    private Int128 _energy;

    /// <param name="clock">Whose time counts.</param>
    /// <param name="options">Sensor, actuators and brake.</param>
    /// <param name="budget">What the breaker carries.</param>
    /// <param name="spec">Makes the manager.</param>
    /// <param name="random">Draws how long commands take to each server.</param>
    /// <param name="isOver">True when nothing more is to be read; the sensor then ends.</param>
    public PowerRow(
        Clock clock, RowPowerOptions options, Watts budget, PowerManagerSpec spec, RandomStream random, Func<bool> isOver)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(random);
        _clock = clock;
        _options = options;
        _random = random;
        _manager = spec.Create();
        _hasBrake = spec.HasBrake;
        _isOver = isOver;
        _budgetWatts = budget.Value;
        Readings = new(options, spec.Watched);
        _brake = new(clock, "the power brake", false, options.BrakeDelay, OnBrake);
        clock.Spawn("row power", Read, background: true);
    }

    /// <summary>Readings that end up to this instant are not counted: the row warms up.</summary>
    public Instant CountsFrom { get; init; } = Instant.Zero;

    /// <summary>What the sensor has read, and what was done about it.</summary>
    public RowReadings Readings { get; }

    public bool IsSettled
    {
        get
        {
            foreach (DelayedActuator<double> clock in _clocks)
                if (clock.Pending > 0) return false;
            return true;
        }
    }

    /// <summary>Puts a server on the row. One that comes later finds the cap that its priority has.</summary>
    public void Add(IPoweredServer server)
    {
        ArgumentNullException.ThrowIfNull(server);
        int index = _servers.Count;
        Duration delay = Duration.FromSeconds(_options.CapDelay.Seconds * (1 - (_options.CapSpread * _random.Keyed(index, 0))));
        double hertz = _targets[(int)server.Priority] ?? _options.Laws.FullHertz;
        _servers.Add(server);
        _clocks.Add(new(_clock, "a server's clock", hertz, delay, _ => Apply(index)));
        if (hertz != _options.Laws.FullHertz || _brake.Value) Apply(index);
    }

    public void Cap(ServerPriority priority, double? hertz)
    {
        _targets[(int)priority] = hertz;
        double target = hertz ?? _options.Laws.FullHertz;
        bool isNews = false;
        for (int i = 0; i < _servers.Count; i++)
        {
            if (_servers[i].Priority != priority || _clocks[i].Target == target) continue;
            _clocks[i].Set(target);
            isNews = true;
        }
        if (isNews) Readings.Commands++;
    }

    private async ValueTask Read()
    {
        Instant next = _clock.Now + _options.Interval;
        while (true)
        {
            Instant wake = _underWay.TryPeek(out PowerSample oldest) ? Instant.Min(next, oldest.At + _options.TelemetryDelay) : next;
            await _clock.Until(wake, Phase.React);
            if (_clock.Now == next)
            {
                if (_isOver()) return;
                Sample();
                next += _options.Interval;
            }
            while (_underWay.TryPeek(out oldest) && oldest.At + _options.TelemetryDelay <= _clock.Now) Tell(_underWay.Dequeue());
        }
    }

    private void Sample()
    {
        const double milliwattsPerWatt = 1000;
        Int128 energy = 0;
        foreach (IPoweredServer server in _servers) energy += server.EnergyUntil(_clock.Now);
        double watts = (double)(energy - _energy) / (milliwattsPerWatt * _options.Interval.Nanoseconds);
        _energy = energy;
        if (_clock.Now > CountsFrom) Readings.Add(watts, watts / _budgetWatts, isBraking: _brake.Value);
        _underWay.Enqueue(new(_clock.Now, watts / _budgetWatts));
    }

    private void Tell(PowerSample sample)
    {
        if (_hasBrake && sample.Share >= 1)
        {
            if (_brake.Target) return;
            Readings.Brakes++;
            _brake.Set(true);
            return;
        }
        if (_brake.Target)
        {
            // The brake reads until it may be lifted; the manager waits meanwhile.
            if (!_brake.Value || sample.Share >= _manager.BrakeRelease) return;
            _brake.Set(false);
        }
        _manager.Observe(sample, this);
    }

    private void OnBrake(bool isOn)
    {
        for (int i = 0; i < _servers.Count; i++) Apply(i);
    }

    private void Apply(int server)
    {
        double hertz = _clocks[server].Value;
        _servers[server].SetClock(_brake.Value ? Math.Min(hertz, _options.BrakeHertz) : hertz);
    }
}
