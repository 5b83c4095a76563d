using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>An auto-reset flag that one process waits for. Setting it before the wait is remembered.</summary>
public sealed class Signal(Clock clock, string name)
{
    private Process? _waiter;

    public bool IsSet { get; private set; }

    /// <summary>Resumes the waiting process in a phase of this instant, or lets its next wait pass at once.</summary>
    public void Set(Phase resume = Phase.Deliver)
    {
        Process? waiter = _waiter;
        _waiter = null;
        if (waiter is null || !ReferenceEquals(waiter.WaitsFor, this) || !waiter.Wake(resume)) IsSet = true;
    }

    /// <summary>Forgets a set that nobody waited for.</summary>
    public void Reset() => IsSet = false;

    /// <summary>Waits for <see cref="Set"/>. True: it was set; false: the deadline came first.</summary>
    public Wait Wait(Instant deadline, Phase phase = Phase.Deliver)
    {
        if (IsSet)
        {
            IsSet = false;
            return Processes.Wait.Done;
        }
        _waiter = clock.Current;
        return Processes.Wait.Park(clock, this, deadline, phase);
    }

    /// <inheritdoc cref="Wait(Instant, Phase)"/>
    public Wait Wait() => Wait(Instant.Never);

    public override string ToString() => name;
}
