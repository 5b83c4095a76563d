using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>A block whose content has a name. Held by <see cref="References"/> sequences and pins, or in the free queue while nobody holds it.</summary>
internal sealed class CacheBlock(ulong hash)
{
    public ulong Hash { get; } = hash;

    public int References { get; set; }

    /// <summary>Nobody will want it again: forgotten when the last reference goes, instead of cached.</summary>
    public bool IsForgotten { get; set; }

    public FreeRun? FreeRun { get; set; }

    /// <summary>The physical block; -1 where nobody tells blocks apart.</summary>
    public int Place { get; init; } = -1;
}

/// <summary>Neighbouring entries of the free queue: one named block, or a number of unnamed ones.</summary>
internal sealed class FreeRun
{
    public CacheBlock? Named { get; init; }

    public int Blocks { get; set; }

    /// <summary>The preempted sequence whose full blocks these are; it may take what is left of them back.</summary>
    public Sequence? Owner { get; set; }

    /// <summary>Its owner's physical blocks, in the order of its tokens; null without an owner, or where nobody tells blocks apart.</summary>
    public List<int>? Places { get; set; }

    public FreeRun? Previous { get; set; }

    public FreeRun? Next { get; set; }
}

/// <summary>
/// Free blocks in the order in which they are reused: least recently freed first. Unnamed blocks are kept as counts, so traffic without
/// shared prefixes costs constant time per request and memory stays bounded, with the very order a list of single blocks would have.
/// </summary>
internal sealed class FreeQueue(KvPages? pages)
{
    private FreeRun? _head;
    private FreeRun? _tail;

    public int Blocks { get; private set; }

    public FreeRun Append(CacheBlock? named, int blocks, Sequence? owner)
    {
        Blocks += blocks;
        if (named is null && owner is null && _tail is { Named: null, Owner: null })
        {
            _tail.Blocks += blocks;
            return _tail;
        }
        FreeRun run = new() { Named = named, Blocks = blocks, Owner = owner, Previous = _tail };
        if (_tail is null) _head = run;
        else _tail.Next = run;
        _tail = run;
        return run;
    }

    /// <summary>Takes up to <paramref name="blocks"/> from the front; evicted named blocks are reported by <paramref name="evict"/>.</summary>
    public void Take(int blocks, Dictionary<ulong, CacheBlock> evict)
    {
        Blocks -= blocks;
        while (blocks > 0)
        {
            FreeRun run = _head ?? throw new InvalidOperationException("the free queue is shorter than its count");
            int taken = Math.Min(blocks, run.Blocks);
            run.Blocks -= taken;
            blocks -= taken;
            if (run.Places is { } places) ReturnFrom(places, run.Blocks);
            if (run.Blocks > 0) return;
            if (run.Named is { } block)
            {
                evict.Remove(block.Hash);
                block.FreeRun = null;
                pages?.Return(block.Place);
            }
            Unlink(run);
        }
    }

    /// <summary>Takes a whole entry out of the middle: its content is wanted again.</summary>
    public void Withdraw(FreeRun run)
    {
        Blocks -= run.Blocks;
        Unlink(run);
    }

    /// <summary>Gives an owner its leading blocks back; the rest stays where it is, without an owner.</summary>
    public void TakeLeading(FreeRun run, int blocks)
    {
        if (run.Places is { } places)
        {
            run.Owner!.Places!.AddRange(places.Take(blocks));
            ReturnFrom(places, blocks);
            run.Places = null;
        }
        if (blocks == run.Blocks)
        {
            Withdraw(run);
            return;
        }
        Blocks -= blocks;
        run.Blocks -= blocks;
        Disown(run);
    }

    /// <summary>Nobody can come back for these blocks any more; they stay in the queue.</summary>
    public void Disown(FreeRun run)
    {
        if (run.Places is { } places) ReturnFrom(places, 0);
        run.Places = null;
        run.Owner!.CacheClaim!.Retained = null;
        run.Owner = null;
    }

    private void ReturnFrom(List<int> places, int index)
    {
        for (int i = places.Count - 1; i >= index; i--) pages!.Return(places[i]);
        places.RemoveRange(index, places.Count - index);
    }

    private void Unlink(FreeRun run)
    {
        if (run.Previous is null) _head = run.Next;
        else run.Previous.Next = run.Next;
        if (run.Next is null) _tail = run.Previous;
        else run.Next.Previous = run.Previous;
        if (run.Owner?.CacheClaim is { } claim) claim.Retained = null;
        run.Previous = null;
        run.Next = null;
    }
}
