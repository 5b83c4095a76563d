using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Orrery.Kernel.Processes;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Resources;

/// <summary>An unbounded queue between processes; receivers are served in the order they came.</summary>
/// <remarks>
/// An item that woke a receiver is promised to it: nobody takes it in between, and when that receiver is cancelled the next one gets it.
/// <c>while (!channel.TryReceive(out item)) await channel.WaitForItem();</c> is the loop that allocates nothing.
/// </remarks>
public sealed class Channel<T>(Clock clock, string name) : IWaitOwner
{
    private readonly Queue<T> _items = new();
    private readonly WaitHeap<Receiver> _receivers = new();
    private int _promised;

    /// <summary>Items sent and not yet received, promised ones included.</summary>
    public int Count => _items.Count;

    /// <summary>Receivers that wait now.</summary>
    public int Waiting => _receivers.Count;

    /// <summary>Appends an item and resumes the first receiver, if one waits, in a phase of this instant.</summary>
    public void Send(T item, Phase resume = Phase.Deliver)
    {
        _items.Enqueue(item);
        Promise(resume);
    }

    /// <summary>Takes the next item that is not promised to a receiver; false when there is none.</summary>
    public bool TryReceive([MaybeNullWhen(false)] out T item)
    {
        if (_items.Count > _promised) return _items.TryDequeue(out item);
        item = default;
        return false;
    }

    /// <summary>Waits until an item is there for the caller (true) or the deadline came (false). Take the item at once.</summary>
    public ResourceWait WaitForItem(Instant deadline)
    {
        if (_items.Count > _promised) return ResourceWait.Done;
        Process process = ResourceWait.Caller(clock);
        int slot = _receivers.Add(0, new Receiver { Process = process });
        return new ResourceWait(this, process, slot, deadline);
    }

    /// <inheritdoc cref="WaitForItem(Instant)"/>
    public ResourceWait WaitForItem() => WaitForItem(Instant.Never);

    /// <summary>Takes the next item, waiting as long as it takes.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T> Receive()
    {
        T? item;
        while (!TryReceive(out item)) await WaitForItem();
        return item;
    }

    public override string ToString() => name;

    void IWaitOwner.Parked(int slot)
    {
        ref Receiver receiver = ref _receivers[slot];
        if (receiver.Served) receiver.Process.Wake();
    }

    bool IWaitOwner.EndWait(int slot, bool cancelled)
    {
        bool served = _receivers[slot].Served;
        if (!served) _receivers.Unqueue(slot);
        _receivers.Free(slot);
        if (!served) return false;
        _promised--;
        if (cancelled) Promise(Phase.Deliver);
        return true;
    }

    private void Promise(Phase resume)
    {
        if (_receivers.Count == 0 || _items.Count <= _promised) return;
        int slot = _receivers.First;
        _receivers.Unqueue(slot);
        ref Receiver receiver = ref _receivers[slot];
        receiver.Served = true;
        _promised++;
        receiver.Process.Wake(resume);
    }

    private struct Receiver
    {
        public Process Process;
        public bool Served;
    }
}
