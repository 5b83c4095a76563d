using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Resources;

/// <summary>A setting that takes effect some time after it is made: a frequency cap, a replica count, a routing table on its way.</summary>
/// <remarks>
/// Settings take effect in the order they were made. The last one wins: a later setting that arrives no later than an earlier one
/// replaces it, so an old value never overwrites a newer one. At one instant the new value holds for every phase.
/// </remarks>
public sealed class DelayedActuator<T>
{
    private readonly Clock _clock;
    private readonly string _name;
    private readonly Action<T>? _applied;
    private readonly Process? _pump;

    // Ring of settings under way, ascending in time.
    private (Instant At, T Value)[] _pending = new (Instant, T)[4];
    private int _head;
    private T _value;

    /// <param name="clock">Whose time counts.</param>
    /// <param name="name">Shown in deadlock reports.</param>
    /// <param name="initial">In effect from the start.</param>
    /// <param name="delay">From setting to effect.</param>
    /// <param name="applied">Called when a setting takes effect, in phase <see cref="Phase.Deliver"/> of its instant.</param>
    /// <exception cref="ArgumentOutOfRangeException">The delay is negative.</exception>
    public DelayedActuator(Clock clock, string name, T initial, Duration delay, Action<T>? applied = null)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, Duration.Zero);
        _clock = clock;
        _name = name;
        _value = initial;
        _applied = applied;
        Delay = delay;
        Target = initial;
        if (applied is not null) _pump = clock.Spawn($"{name} (actuator)", Pump, background: true);
    }

    public Duration Delay { get; }

    /// <summary>What is in effect now.</summary>
    public T Value
    {
        get
        {
            while (Pending > 0 && _pending[_head].At <= _clock.Now)
            {
                _value = _pending[_head].Value;
                _pending[_head] = default;
                _head = (_head + 1) % _pending.Length;
                Pending--;
                _applied?.Invoke(_value);
            }
            return _value;
        }
    }

    /// <summary>What was set last, in effect or not.</summary>
    public T Target { get; private set; }

    /// <summary>Settings under way.</summary>
    public int Pending { get; private set; }

    /// <summary>Sets a value; it takes effect after <see cref="Delay"/>.</summary>
    public void Set(T value) => Set(value, Delay);

    /// <summary>Sets a value that takes a delay of its own.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The delay is negative.</exception>
    public void Set(T value, Duration delay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, Duration.Zero);
        // What is due has taken effect before this setting was made.
        _ = Value;
        Instant at = _clock.Now + delay;
        while (Pending > 0 && _pending[Index(Pending - 1)].At >= at) _pending[Index(--Pending)] = default;
        if (Pending == _pending.Length) Grow();
        _pending[Index(Pending++)] = (at, value);
        Target = value;
        if (Pending == 1) _pump?.Wake();
    }

    public override string ToString() => _name;

    private async ValueTask Pump()
    {
        while (true)
        {
            _ = Value;
            await Wait.Park(_clock, this, Pending == 0 ? Instant.Never : _pending[_head].At);
        }
    }

    private int Index(int ordinal) => (_head + ordinal) % _pending.Length;

    private void Grow()
    {
        var larger = new (Instant, T)[_pending.Length * 2];
        for (int i = 0; i < Pending; i++) larger[i] = _pending[Index(i)];
        _pending = larger;
        _head = 0;
    }
}
