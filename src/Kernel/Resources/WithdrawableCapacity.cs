using System.Runtime.CompilerServices;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Resources;

/// <summary>
/// Capacity that its provider may take back with a grace period, such as spot instances: holders are told at the notice and lose their
/// units when the grace ends, unless they gave them back before.
/// </summary>
/// <remarks>
/// The newest leases lose first, whole leases at a time, so that the least work is at risk; what a lost lease held beyond the withdrawn
/// units is free again. Those who wait are served in the order they came.
/// </remarks>
public sealed class WithdrawableCapacity : IWaitOwner
{
    private readonly Clock _clock;
    private readonly string _name;
    private readonly WaitHeap<Waiter> _waiters = new();
    private readonly List<Lease> _leases = [];

    /// <param name="clock">The clock whose processes use it.</param>
    /// <param name="name">Shown in deadlock reports.</param>
    /// <param name="units">What the provider offers at first.</param>
    /// <param name="grace">From notice to loss.</param>
    /// <exception cref="ArgumentOutOfRangeException">Units or grace are negative.</exception>
    public WithdrawableCapacity(Clock clock, string name, int units, Duration grace)
    {
        ArgumentNullException.ThrowIfNull(clock);
        ArgumentOutOfRangeException.ThrowIfNegative(units);
        ArgumentOutOfRangeException.ThrowIfLessThan(grace, Duration.Zero);
        _clock = clock;
        _name = name;
        Units = units;
        Grace = grace;
    }

    /// <summary>What the provider offers now; leases under notice may still hold more until their grace ends.</summary>
    public int Units { get; private set; }

    public Duration Grace { get; }

    /// <summary>Units of all leases that were neither lost nor released.</summary>
    public int InUse { get; private set; }

    /// <summary>Processes that wait now.</summary>
    public int Waiting => _waiters.Count;

    /// <summary>Takes units, waiting for them if need be. The result is null when the deadline came first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Units are not positive.</exception>
    public LeaseWait Acquire(int units = 1, Instant? deadline = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(units);
        Lease lease = new(this, _clock, $"notice of {_name}", units);
        if (_waiters.Count == 0 && units <= Units - InUse)
        {
            Grant(lease);
            return new LeaseWait(ResourceWait.Done, lease);
        }
        Process process = ResourceWait.Caller(_clock);
        int slot = _waiters.Add(0, new Waiter { Process = process, Lease = lease });
        return new LeaseWait(new ResourceWait(this, process, slot, deadline ?? Instant.Never), lease);
    }

    /// <summary>The provider takes units back: enough of the newest leases get their notice now.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than is offered.</exception>
    public void Withdraw(int units)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(units);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(units, Units);
        Units -= units;
        int excess = InUse - Units;
        foreach (Lease lease in _leases)
        {
            if (lease.State == LeaseState.Noticed) excess -= lease.Units;
        }
        Instant lostAt = _clock.Now + Grace;
        List<Lease>? noticed = null;
        for (int i = _leases.Count - 1; i >= 0 && excess > 0; i--)
        {
            Lease lease = _leases[i];
            if (lease.State != LeaseState.Held) continue;
            lease.GiveNotice(lostAt);
            excess -= lease.Units;
            (noticed ??= []).Add(lease);
        }
        if (noticed is not null) _clock.Spawn($"{_name} (withdrawal)", () => Reclaim(noticed, lostAt), background: true);
    }

    /// <summary>The provider offers more. Notices already given stand.</summary>
    public void Restore(int units)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(units);
        Units = checked(Units + units);
        Serve();
    }

    public override string ToString() => _name;

    internal void End(Lease lease, LeaseState state)
    {
        lease.State = state;
        _leases.Remove(lease);
        InUse -= lease.Units;
        Serve();
    }

    void IWaitOwner.Parked(int slot)
    {
        ref Waiter waiter = ref _waiters[slot];
        if (waiter.Lease.State != LeaseState.Waiting) waiter.Process.Wake();
    }

    bool IWaitOwner.EndWait(int slot, bool cancelled)
    {
        Lease lease = _waiters[slot].Lease;
        bool served = lease.State != LeaseState.Waiting;
        if (!served) _waiters.Unqueue(slot);
        _waiters.Free(slot);
        if (!served)
        {
            lease.State = LeaseState.Released;
            Serve();
        }
        else if (cancelled)
        {
            lease.Release();
        }
        return served;
    }

    private async ValueTask Reclaim(List<Lease> noticed, Instant at)
    {
        await _clock.Until(at);
        foreach (Lease lease in noticed)
        {
            if (lease.State == LeaseState.Noticed) End(lease, LeaseState.Lost);
        }
    }

    private void Serve()
    {
        while (_waiters.Count > 0)
        {
            int slot = _waiters.First;
            Waiter waiter = _waiters[slot];
            if (waiter.Lease.Units > Units - InUse) return;
            _waiters.Unqueue(slot);
            Grant(waiter.Lease);
            waiter.Process.Wake();
        }
    }

    private void Grant(Lease lease)
    {
        lease.State = LeaseState.Held;
        InUse += lease.Units;
        _leases.Add(lease);
    }

    private struct Waiter
    {
        public Process Process;
        public Lease Lease;
    }
}

public enum LeaseState
{
    Waiting,
    Held,
    Noticed,
    Lost,
    Released,
}

/// <summary>Units of a <see cref="WithdrawableCapacity"/> in the hands of a holder.</summary>
public sealed class Lease
{
    private readonly WithdrawableCapacity _owner;
    private readonly Signal _notice;

    internal Lease(WithdrawableCapacity owner, Clock clock, string noticeName, int units)
    {
        _owner = owner;
        _notice = new Signal(clock, noticeName);
        Units = units;
    }

    public int Units { get; }

    public LeaseState State { get; internal set; }

    /// <summary>When the units go; <see cref="Instant.Never"/> before the notice.</summary>
    public Instant LostAt { get; private set; } = Instant.Never;

    /// <summary>True while the holder may use the units.</summary>
    public bool IsUsable => State is LeaseState.Held or LeaseState.Noticed;

    /// <summary>Waits for the notice (true) or the deadline (false). One process of the holder may wait; a notice given before is
    /// remembered.</summary>
    public Wait WaitForNotice(Instant deadline) => _notice.Wait(deadline);

    /// <summary>Gives the units back; does nothing when they are gone already.</summary>
    public void Release()
    {
        if (IsUsable) _owner.End(this, LeaseState.Released);
    }

    internal void GiveNotice(Instant lostAt)
    {
        State = LeaseState.Noticed;
        LostAt = lostAt;
        _notice.Set();
    }
}

/// <summary>What a process awaits for a lease: the lease, or null when its deadline came first.</summary>
public readonly struct LeaseWait
{
    private readonly ResourceWait _wait;
    private readonly Lease _lease;

    internal LeaseWait(ResourceWait wait, Lease lease)
    {
        _wait = wait;
        _lease = lease;
    }

    public Awaiter GetAwaiter() => new(_wait.GetAwaiter(), _lease);

    public readonly struct Awaiter(ResourceWait.Awaiter inner, Lease lease) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => inner.IsCompleted;

        public Lease? GetResult() => inner.GetResult() ? lease : null;

        public void OnCompleted(Action continuation) => inner.OnCompleted(continuation);

        public void UnsafeOnCompleted(Action continuation) => inner.UnsafeOnCompleted(continuation);
    }
}
