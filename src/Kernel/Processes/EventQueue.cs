using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>
/// The pending resumptions, ordered by (time, phase, lane, sequence). The lane is the ordinal of the process, so ties within a phase do
/// not depend on who was scheduled first: that is what lets a run of many steps equal the same steps taken one by one.
/// </summary>
/// <remarks>A 4-ary heap of 32-byte structs: half the levels of a binary heap, and the four children share two cache lines.</remarks>
public sealed class EventQueue
{
    private const int Arity = 4;
    private const int PhaseShift = 62;
    private const int LaneShift = 40;

    /// <summary>Processes beyond this many share the last lane and fall back to sequence order.</summary>
    public const int LargestLane = (1 << (PhaseShift - LaneShift)) - 1;

    private const ulong SequenceMask = (1UL << LaneShift) - 1;

    private Entry[] _heap = new Entry[64];
    private ulong _sequence;

    public int Count { get; private set; }

    /// <summary>Time of the earliest entry; <see cref="Instant.Never"/> when empty. The entry may be stale (its process was woken earlier).</summary>
    public Instant NextTime => Count == 0 ? Instant.Never : _heap[0].Time;

    internal void Push(Instant time, Phase phase, Process target)
    {
        ulong lane = (ulong)Math.Min(target.Lane, LargestLane);
        ulong order = ((ulong)phase << PhaseShift) | (lane << LaneShift) | (_sequence++ & SequenceMask);
        if (Count == _heap.Length) Array.Resize(ref _heap, Count * 2);
        Entry entry = new(time, order, target, target.Version);
        int hole = Count++;
        Entry[] heap = _heap;
        while (hole > 0)
        {
            int parent = (hole - 1) / Arity;
            if (!entry.Precedes(in heap[parent])) break;
            heap[hole] = heap[parent];
            hole = parent;
        }
        heap[hole] = entry;
    }

    /// <summary>Takes the earliest entry that is still wanted; false when none is left at or before <paramref name="limit"/>.</summary>
    internal bool TryPop(Instant limit, out Instant time, out Process target)
    {
        while (Count > 0 && _heap[0].Time <= limit)
        {
            Entry first = _heap[0];
            RemoveFirst();
            if (first.Version != first.Target.Version) continue;
            time = first.Time;
            target = first.Target;
            return true;
        }
        time = Instant.Never;
        target = null!;
        return false;
    }

    private void RemoveFirst()
    {
        Entry[] heap = _heap;
        int last = --Count;
        Entry moved = heap[last];
        heap[last] = default;
        if (last == 0) return;
        int hole = 0;
        while (true)
        {
            int child = hole * Arity + 1;
            if (child >= last) break;
            int end = Math.Min(child + Arity, last);
            int smallest = child;
            for (int other = child + 1; other < end; other++)
            {
                if (heap[other].Precedes(in heap[smallest])) smallest = other;
            }
            if (!heap[smallest].Precedes(in moved)) break;
            heap[hole] = heap[smallest];
            hole = smallest;
        }
        heap[hole] = moved;
    }

    private readonly struct Entry(Instant time, ulong order, Process target, uint version)
    {
        public readonly Instant Time = time;
        public readonly Process Target = target;
        public readonly uint Version = version;
        private readonly ulong _order = order;

        public bool Precedes(in Entry other) => Time < other.Time || (Time == other.Time && _order < other._order);
    }
}
