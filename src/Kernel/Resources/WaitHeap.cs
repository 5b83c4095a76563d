namespace Orrery.Kernel.Resources;

/// <summary>Those who wait, ordered by (key, arrival), each in a numbered slot so that anyone can leave in O(log n). Slots are reused: no
/// allocation in steady state.</summary>
internal sealed class WaitHeap<T>
    where T : struct
{
    private const int InitialSlots = 8;
    private const int NotQueued = -1;

    private Slot[] _slots = new Slot[InitialSlots];
    private int[] _heap = new int[InitialSlots];
    private int _free = -1;
    private int _used;
    private long _sequence;

    /// <summary>Slots in the order, without those taken out of it but not yet freed.</summary>
    public int Count { get; private set; }

    /// <summary>The slot with the smallest key, the earliest of equals; only when <see cref="Count"/> is positive.</summary>
    public int First => _heap[0];

    public Int128 FirstKey => _slots[_heap[0]].Key;

    public ref T this[int slot] => ref _slots[slot].Value;

    public bool IsQueued(int slot) => _slots[slot].Position != NotQueued;

    public int Add(Int128 key, in T value)
    {
        int slot = _free;
        if (slot >= 0)
        {
            _free = _slots[slot].NextFree;
        }
        else
        {
            slot = _used++;
            if (slot == _slots.Length)
            {
                Array.Resize(ref _slots, slot * 2);
                Array.Resize(ref _heap, slot * 2);
            }
        }
        _slots[slot] = new Slot { Key = key, Sequence = _sequence++, Value = value };
        Rise(Count++, slot);
        return slot;
    }

    /// <summary>Takes a slot out of the order; its value stays until <see cref="Free"/>.</summary>
    public void Unqueue(int slot)
    {
        int hole = _slots[slot].Position;
        _slots[slot].Position = NotQueued;
        int moved = _heap[--Count];
        if (moved == slot) return;
        if (hole > 0 && Precedes(moved, _heap[(hole - 1) / 2])) Rise(hole, moved);
        else Sink(hole, moved);
    }

    /// <summary>Moves a queued slot to the place of a new key; equals stay in the order of their arrival.</summary>
    public void Rekey(int slot, Int128 key)
    {
        int hole = _slots[slot].Position;
        _slots[slot].Key = key;
        if (hole > 0 && Precedes(slot, _heap[(hole - 1) / 2])) Rise(hole, slot);
        else Sink(hole, slot);
    }

    /// <summary>Gives an unqueued slot back for reuse.</summary>
    public void Free(int slot)
    {
        _slots[slot].Value = default;
        _slots[slot].NextFree = _free;
        _free = slot;
    }

    private bool Precedes(int a, int b)
    {
        ref Slot first = ref _slots[a];
        ref Slot second = ref _slots[b];
        return first.Key < second.Key || (first.Key == second.Key && first.Sequence < second.Sequence);
    }

    private void Rise(int hole, int slot)
    {
        while (hole > 0)
        {
            int parent = (hole - 1) / 2;
            if (!Precedes(slot, _heap[parent])) break;
            Place(hole, _heap[parent]);
            hole = parent;
        }
        Place(hole, slot);
    }

    private void Sink(int hole, int slot)
    {
        while (true)
        {
            int child = (2 * hole) + 1;
            if (child >= Count) break;
            if (child + 1 < Count && Precedes(_heap[child + 1], _heap[child])) child++;
            if (!Precedes(_heap[child], slot)) break;
            Place(hole, _heap[child]);
            hole = child;
        }
        Place(hole, slot);
    }

    private void Place(int position, int slot)
    {
        _heap[position] = slot;
        _slots[slot].Position = position;
    }

    private struct Slot
    {
        public Int128 Key;
        public long Sequence;
        public int Position;
        public int NextFree;
        public T Value;
    }
}
