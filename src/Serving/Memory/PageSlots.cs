using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>
/// Who has which physical pages: slots of virtual addresses, each with the blocks mapped from its beginning, and the pool of those mapped
/// nowhere. A slot keeps its pages when its sequence leaves, for the next one that it suits.
/// </summary>
/// <param name="blocks">Physical blocks in all.</param>
/// <param name="most">Slots.</param>
/// <param name="blockTokens">Tokens of a block.</param>
/// <param name="blocksOfLongest">Blocks of the longest sequence: nothing is mapped beyond.</param>
internal sealed class PageSlots(int blocks, int most, int blockTokens, int blocksOfLongest)
{
    private Slot[] _slots = new Slot[Math.Min(most, 64)];
    private int _active;

    /// <summary>Physical blocks that are mapped nowhere.</summary>
    public int Pool { get; private set; } = blocks;

    /// <summary>Slots without a sequence.</summary>
    public int Free => most - _active;

    /// <summary>Slots from this on have never been used.</summary>
    public int End { get; private set; }

    public Sequence? Holder(int slot) => _slots[slot].Holder;

    public int Mapped(int slot) => _slots[slot].Mapped;

    /// <summary>Leading tokens that the sequence of a slot has, the step that starts included.</summary>
    public int Length(int slot)
    {
        ref Slot s = ref _slots[slot];
        return s.Holder is null ? 0 : Math.Max(s.Holder.ComputedTokens, s.Written);
    }

    /// <summary>Blocks to be mapped for the tokens of a slot and so many more.</summary>
    public int Needs(int slot, int moreTokens = 0)
    {
        if (_slots[slot].Holder is null) return 0;
        return Math.Min((Length(slot) + moreTokens + blockTokens - 1) / blockTokens, blocksOfLongest);
    }

    /// <summary>
    /// The slot for a new sequence: among those with enough pages mapped the one with fewest (best fit), else the first that is free.
    /// </summary>
    public int Take(Sequence sequence, int blocksNeeded)
    {
        int first = FirstFree();
        int best = -1;
        for (int i = 0; i < End; i++)
        {
            if (_slots[i].Holder is not null || _slots[i].Mapped < Math.Max(1, blocksNeeded)) continue;
            if (best < 0 || _slots[i].Mapped < _slots[best].Mapped) best = i;
        }
        int slot = best >= 0 ? best : first;
        if (slot == _slots.Length) Array.Resize(ref _slots, (int)Math.Min(most, 2L * slot));
        End = Math.Max(End, slot + 1);
        _slots[slot].Holder = sequence;
        _slots[slot].Written = 0;
        _active++;
        return slot;
    }

    public void Leave(int slot)
    {
        _slots[slot].Holder = null;
        _active--;
    }

    public void Write(int slot, int tokens) => _slots[slot].Written = tokens;

    public void Map(int slot, int count)
    {
        Pool -= count;
        if (Pool < 0) throw new InvalidOperationException("more pages were mapped than there are");
        _slots[slot].Mapped += count;
    }

    /// <summary>
    /// Fills the pool up from slots that hold more than they need, highest first; the slot that the next sequence will take loses its pages
    /// last.
    /// </summary>
    /// <param name="wanted">Blocks that the pool shall have.</param>
    /// <param name="moreTokens">Tokens beyond its length that each slot shall still have pages for.</param>
    /// <returns>Whether it has them now.</returns>
    public bool Reclaim(int wanted, int moreTokens = 0)
    {
        if (Pool >= wanted) return true;
        int next = FirstFree();
        for (int i = End - 1; i >= 0 && Pool < wanted; i--)
            if (i != next) Unmap(i, Math.Min(_slots[i].Mapped - Needs(i, moreTokens), wanted - Pool));
        if (Pool < wanted && next < End) Unmap(next, Math.Min(_slots[next].Mapped, wanted - Pool));
        return Pool >= wanted;
    }

    /// <summary>The highest free slot that has pages and is not the one that the next sequence will take; −1 for none.</summary>
    public int HighestIdle()
    {
        int next = FirstFree();
        for (int i = End - 1; i > next; i--)
            if (_slots[i].Holder is null && _slots[i].Mapped > 0) return i;
        return -1;
    }

    public void Unmap(int slot, int count)
    {
        if (count <= 0) return;
        _slots[slot].Mapped -= count;
        Pool += count;
    }

    /// <summary>Blocks that belong to no slot, taken from the pool or (negative) put back.</summary>
    public void SetAside(int count) => Pool -= count;

    private int FirstFree()
    {
        int slot = 0;
        while (slot < End && _slots[slot].Holder is not null) slot++;
        return slot;
    }

    private struct Slot
    {
        public Sequence? Holder;
        public int Mapped;
        public int Written;
    }
}
