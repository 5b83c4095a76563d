using Orrery.Serving.Sequences;

namespace Orrery.Serving.Scheduling;

/// <summary>
/// A queue of sequences that a head blocks: first come first served, or by priority (lower first, ties by arrival, then by id). In both
/// orders a preempted sequence returns before those that came after it.
/// </summary>
public sealed class WaitingQueue(bool byPriority)
{
    private readonly LinkedList<Sequence> _fifo = new();
    private readonly SortedSet<Sequence> _sorted = new(SequenceOrder.ByPriority);

    public int Count => byPriority ? _sorted.Count : _fifo.Count;

    /// <summary>True when <paramref name="a"/> goes before <paramref name="b"/> by priority, arrival and id.</summary>
    public static bool IsMoreUrgent(Sequence a, Sequence b) => SequenceOrder.ByPriority.Compare(a, b) < 0;

    public void Add(Sequence sequence)
    {
        if (byPriority) _sorted.Add(sequence);
        else _fifo.AddLast(sequence);
    }

    /// <summary>Puts a sequence whose tool has answered at the front, or behind those that wait.</summary>
    public void AddAgain(Sequence sequence, bool first)
    {
        if (first) AddFirst(sequence);
        else Add(sequence);
    }

    /// <summary>Puts a preempted sequence back: at the very front, or at its place by priority.</summary>
    public void AddFirst(Sequence sequence)
    {
        if (byPriority) _sorted.Add(sequence);
        else _fifo.AddFirst(sequence);
    }

    /// <exception cref="InvalidOperationException">The queue is empty.</exception>
    public Sequence Peek() => (byPriority ? _sorted.Min : _fifo.First?.Value) ?? throw new InvalidOperationException("the queue is empty");

    public void RemoveFirst()
    {
        if (byPriority) _sorted.Remove(Peek());
        else _fifo.RemoveFirst();
    }

    /// <summary>In queue order, without a copy.</summary>
    public IEnumerator<Sequence> GetEnumerator() => byPriority ? _sorted.GetEnumerator() : _fifo.GetEnumerator();

    public bool Remove(Sequence sequence) => byPriority ? _sorted.Remove(sequence) : _fifo.Remove(sequence);
}
