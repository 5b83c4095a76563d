using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>An unbounded queue between processes; receivers are served in the order they came.</summary>
/// <remarks><c>while (!channel.TryReceive(out item)) await channel.WaitForItem();</c> is the loop that allocates nothing.</remarks>
public sealed class Channel<T>(Clock clock, string name)
{
    private readonly Queue<T> _items = new();
    private readonly Queue<Process> _receivers = new();

    public int Count => _items.Count;

    public void Send(T item, Phase resume = Phase.Deliver)
    {
        _items.Enqueue(item);
        // A receiver that timed out meanwhile waits for something else; skip it.
        while (_receivers.TryDequeue(out Process? receiver))
        {
            if (ReferenceEquals(receiver.WaitsFor, this) && receiver.Wake(resume)) return;
        }
    }

    public bool TryReceive([MaybeNullWhen(false)] out T item) => _items.TryDequeue(out item);

    /// <summary>Waits until an item was sent (true) or the deadline came (false). Another receiver may take the item first: try, then wait again.</summary>
    public Wait WaitForItem(Instant deadline)
    {
        if (_items.Count > 0) return Wait.Done;
        _receivers.Enqueue(clock.Current!);
        return Wait.Park(clock, this, deadline);
    }

    /// <inheritdoc cref="WaitForItem(Instant)"/>
    public Wait WaitForItem() => WaitForItem(Instant.Never);

    /// <summary>Takes the next item, waiting as long as it takes.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<T> Receive()
    {
        T? item;
        while (!TryReceive(out item)) await WaitForItem();
        return item;
    }

    public override string ToString() => name;
}
