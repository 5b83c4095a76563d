using System.Collections.Concurrent;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>Virtual time: the loop jumps from event to event. Deterministic.</summary>
public sealed class VirtualClock : Clock
{
    private readonly ConcurrentQueue<Action> _posted = new();
    private int _external;

    /// <summary>Runs until nothing is scheduled, <see cref="Clock.Stop"/> is called, or the next event is later than <paramref name="limit"/>.</summary>
    /// <returns>True when everything ended, false when stopped or limited.</returns>
    /// <exception cref="ProcessFaultException">A process threw.</exception>
    /// <exception cref="DeadlockException">Nothing is scheduled and a process still waits.</exception>
    public bool Run(Instant? limit = null)
    {
        Instant last = limit ?? Instant.Never;
        while (!IsStopped)
        {
            while (_posted.TryDequeue(out Action? action)) action();
            if (TryStep(last)) continue;
            if (!_posted.IsEmpty) continue;
            if (Queue.Count > 0) return false;
            if (Volatile.Read(ref _external) > 0)
            {
                // Only a test double hands work to another thread in virtual time; time stands still meanwhile.
                Thread.Yield();
                continue;
            }
            ThrowIfDeadlocked();
            return true;
        }
        return false;
    }

    public override void Post(Action action) => _posted.Enqueue(action);

    public override ExternalWork BeginExternal()
    {
        Interlocked.Increment(ref _external);
        return new ExternalWork(this, () => Interlocked.Decrement(ref _external));
    }
}
