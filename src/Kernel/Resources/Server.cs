using Orrery.Kernel.Processes;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Resources;

/// <summary>A number of equal units that processes hold for a while; the others wait, by priority and within it in the order they
/// came.</summary>
/// <remarks>
/// Nobody overtakes: a request for many units that has reached the head is not passed by a later, smaller one, so it cannot starve
/// within its priority. Not pre-emptive. <c>await server.Acquire(); try { … } finally { server.Release(); }</c>
/// </remarks>
public sealed class Server : IWaitOwner
{
    private readonly Clock _clock;
    private readonly string _name;
    private readonly WaitHeap<Waiter> _waiters = new();

    /// <param name="clock">The clock whose processes use it.</param>
    /// <param name="name">Shown in deadlock reports.</param>
    /// <param name="units">How many units exist; at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no unit.</exception>
    public Server(Clock clock, string name, int units)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(units);
        _clock = clock;
        _name = name;
        Units = units;
        Busy = new TimeWeighted(clock.Now);
        Queue = new TimeWeighted(clock.Now);
    }

    public int Units { get; }

    public int InUse { get; private set; }

    public int Free => Units - InUse;

    /// <summary>Processes that wait now.</summary>
    public int Waiting => _waiters.Count;

    /// <summary>Units in use over time.</summary>
    public TimeWeighted Busy { get; }

    /// <summary>Processes waiting over time.</summary>
    public TimeWeighted Queue { get; }

    /// <summary>Takes units, waiting for them if need be.</summary>
    /// <param name="units">From 1 to <see cref="Units"/>.</param>
    /// <param name="priority">Lower is served first.</param>
    /// <param name="deadline">Give up then; null waits for ever.</param>
    /// <exception cref="ArgumentOutOfRangeException">That many units do not exist.</exception>
    public ResourceWait Acquire(int units = 1, int priority = 0, Instant? deadline = null)
    {
        if (TryAcquire(units)) return ResourceWait.Done;
        Process process = ResourceWait.Caller(_clock);
        int slot = _waiters.Add(priority, new Waiter { Process = process, Units = units });
        Queue.Set(_clock.Now, _waiters.Count);
        // A more urgent newcomer may fit although the former head did not.
        Serve();
        return new ResourceWait(this, process, slot, deadline ?? Instant.Never);
    }

    /// <summary>Takes units if they are free and nobody waits for them.</summary>
    /// <inheritdoc cref="Acquire"/>
    public bool TryAcquire(int units = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(units);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(units, Units);
        if (_waiters.Count > 0 || units > Free) return false;
        Take(units);
        return true;
    }

    /// <summary>Gives units back and serves those who wait.</summary>
    /// <exception cref="InvalidOperationException">More units than are in use.</exception>
    public void Release(int units = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(units);
        if (units > InUse)
            throw new InvalidOperationException($"{_name}: {units} units released and only {InUse} in use; release what was acquired, once");
        Take(-units);
        Serve();
    }

    public override string ToString() => _name;

    void IWaitOwner.Parked(int slot)
    {
        ref Waiter waiter = ref _waiters[slot];
        if (waiter.Served) waiter.Process.Wake();
    }

    bool IWaitOwner.EndWait(int slot, bool cancelled)
    {
        Waiter waiter = _waiters[slot];
        if (!waiter.Served)
        {
            _waiters.Unqueue(slot);
            Queue.Set(_clock.Now, _waiters.Count);
        }
        _waiters.Free(slot);
        if (waiter.Served && cancelled) Release(waiter.Units);
        // Whoever left may have been the head that blocked smaller requests.
        else if (!waiter.Served) Serve();
        return waiter.Served;
    }

    private void Take(int units)
    {
        InUse += units;
        Busy.Set(_clock.Now, InUse);
    }

    private void Serve()
    {
        while (_waiters.Count > 0)
        {
            int slot = _waiters.First;
            ref Waiter waiter = ref _waiters[slot];
            if (waiter.Units > Free) return;
            _waiters.Unqueue(slot);
            Queue.Set(_clock.Now, _waiters.Count);
            Take(waiter.Units);
            waiter.Served = true;
            waiter.Process.Wake();
        }
    }

    private struct Waiter
    {
        public Process Process;
        public int Units;
        public bool Served;
    }
}
