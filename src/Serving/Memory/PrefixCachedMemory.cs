using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>What the cache remembers of one sequence.</summary>
internal sealed class CacheClaim
{
    /// <summary>Hashes of the leading named blocks, as far as they were needed yet.</summary>
    public List<ulong> Hashes { get; } = [];

    /// <summary>Named blocks held, one per leading block; null where another sequence had named the same content first.</summary>
    public List<CacheBlock?> Held { get; } = [];

    /// <summary>Block size that the hashes are for: a router may ask caches of several sizes before one of them gets the sequence.</summary>
    public required int BlockTokens { get; init; }

    /// <summary>Leading tokens that have a name; computed once.</summary>
    public int IdentifiedTokens { get; init; }

    /// <summary>Own unnamed full blocks left in the free queue by a preemption.</summary>
    public FreeRun? Retained { get; set; }
}

/// <summary>
/// Paged KV memory with automatic prefix caching as in vLLM v1: full blocks only, found by chained hashes; freed blocks stay cached in a
/// queue and are evicted least recently freed first; a sequence's blocks are freed in reverse, so its tail goes before its prefix;
/// referenced blocks are protected; a fully cached prompt still recomputes its last token.
/// </summary>
/// <remarks>
/// A block gets its name when it is handed out for tokens that this step computes, so requests admitted in the same step share it.
/// A preempted sequence may find its own unnamed blocks again as long as they were not reused; what it cannot use at once is forgotten.
/// </remarks>
public sealed class PrefixCachedMemory : IKvMemory
{
    private readonly FreeQueue _free;
    private readonly KvPages? _pages;
    private readonly Dictionary<ulong, CacheBlock> _named = [];

    /// <param name="pages">The physical blocks, as many; null where nobody tells them apart.</param>
    public PrefixCachedMemory(int totalBlocks, int blockTokens, KvPages? pages = null)
    {
        if (pages is not null && pages.Total != totalBlocks) throw new ArgumentException($"{totalBlocks} blocks are counted and {pages.Total} exist", nameof(pages));
        _pages = pages;
        _free = new(pages);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalBlocks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockTokens);
        TotalBlocks = totalBlocks;
        BlockTokens = blockTokens;
        _free.Append(null, totalBlocks, null);
    }

    public int BlockTokens { get; }

    public int TotalBlocks { get; }

    public int FreeBlocks => _free.Blocks;

    /// <summary>Named blocks now, in use or waiting to be evicted.</summary>
    public int NamedBlocks => _named.Count;

    public bool SharesContent => true;

    public int CachedTokens(Sequence sequence)
    {
        if (sequence.KvBlocks > 0) return 0;
        return FindHits(sequence, out _, out _) * BlockTokens;
    }

    public bool TryGrow(Sequence sequence, int tokens) => TryGrow(sequence, tokens, tokens);

    public bool TryGrow(Sequence sequence, int tokens, int roomTokens)
    {
        int wanted = (roomTokens + BlockTokens - 1) / BlockTokens;
        if (sequence.KvBlocks == 0) return TryStart(sequence, tokens, wanted);
        int missing = wanted - sequence.KvBlocks;
        if (missing > _free.Blocks) return false;
        if (missing > 0)
        {
            _free.Take(missing, _named);
            sequence.KvBlocks += missing;
            _pages?.Fill(sequence);
        }
        if (sequence.CacheClaim is { IdentifiedTokens: > 0 } claim) NameFullBlocks(sequence, claim, tokens);
        return true;
    }

    public void Release(Sequence sequence)
    {
        int blocks = sequence.KvBlocks;
        if (blocks == 0) return;
        sequence.KvBlocks = 0;
        CacheClaim? claim = sequence.CacheClaim;
        int named = claim?.Held.Count ?? 0;
        // Blocks beyond the computed tokens were handed out for a step that never ran: their content is not there.
        int computed = sequence.ComputedTokens / BlockTokens;
        FreeTail(sequence, claim, named, blocks - named, Math.Max(0, computed - named));
        for (int i = named - 1; i >= 0; i--)
        {
            CacheBlock? block = claim!.Held[i];
            if (block is null)
            {
                _pages?.TakeBack(sequence, i, i + 1);
                _free.Append(null, 1, null);
            }
            else FreeNamed(block, keep: i < computed);
        }
        claim?.Held.Clear();
        sequence.Places?.Clear();
        if (sequence.Outcome != Outcome.Live) sequence.CacheClaim = null;
    }

    public KvPin? Pin(Sequence holder, int tokens)
    {
        if (holder.CacheClaim is not { } claim) return null;
        int blocks = Math.Min(Math.Min(tokens, holder.ComputedTokens) / BlockTokens, claim.Held.Count);
        List<CacheBlock> pinned = [];
        for (int i = 0; i < blocks && claim.Held[i] is { } block; i++)
        {
            block.References++;
            block.IsForgotten = false;
            pinned.Add(block);
        }
        return pinned.Count == 0 ? null : new(pinned, pinned.Count * BlockTokens);
    }

    public void Unpin(KvPin pin)
    {
        for (int i = pin.Blocks.Count - 1; i >= 0; i--)
        {
            pin.Blocks[i].IsForgotten = true;
            FreeNamed(pin.Blocks[i], keep: false);
        }
    }

    public bool TryReserve(int blocks)
    {
        if (blocks > _free.Blocks) return false;
        _free.Take(blocks, _named);
        return true;
    }

    public void Unreserve(int blocks)
    {
        if (_free.Blocks + blocks > TotalBlocks) throw new InvalidOperationException($"{blocks} blocks returned that were never reserved");
        _free.Append(null, blocks, null);
    }

    private bool TryStart(Sequence sequence, int tokens, int wanted)
    {
        int hits = Math.Min(FindHits(sequence, out int freeHits, out int retained), wanted);
        int named = hits - retained;
        if (wanted - hits + freeHits > _free.Blocks) return false;
        CacheClaim? claim = sequence.CacheClaim;
        for (int i = 0; i < named; i++)
        {
            CacheBlock block = _named[claim!.Hashes[i]];
            if (block.References++ == 0) Withdraw(block);
            claim.Held.Add(block);
            if (_pages is not null) (sequence.Places ??= []).Add(block.Place);
        }
        if (claim?.Retained is { } run)
        {
            if (retained == 0) _free.Disown(run);
            else _free.TakeLeading(run, retained);
        }
        _free.Take(wanted - hits, _named);
        sequence.KvBlocks = wanted;
        _pages?.Fill(sequence);
        sequence.ComputedTokens = hits * BlockTokens;
        sequence.CachedTokens += hits * BlockTokens;
        if (claim is { IdentifiedTokens: > 0 }) NameFullBlocks(sequence, claim, tokens);
        return true;
    }

    /// <summary>Leading full blocks that are there: named ones, then the sequence's own retained ones.</summary>
    private int FindHits(Sequence sequence, out int freeHits, out int retained)
    {
        freeHits = 0;
        retained = 0;
        CacheClaim? claim = sequence.CacheClaim;
        if (claim is null || claim.BlockTokens != BlockTokens)
        {
            int identified = BlockContent.IdentifiedTokens(sequence);
            if (identified == 0) return 0;
            sequence.CacheClaim = claim = new() { BlockTokens = BlockTokens, IdentifiedTokens = identified };
        }
        // The last token is always recomputed: its logits are needed.
        int usable = (sequence.TotalTokens - 1) / BlockTokens;
        int nameable = Math.Min(usable, claim.IdentifiedTokens / BlockTokens);
        int hits = 0;
        while (hits < nameable)
        {
            if (hits == claim.Hashes.Count) BlockContent.AppendHashes(sequence, BlockTokens, Math.Min(nameable, hits + 64), claim.Hashes);
            if (!_named.TryGetValue(claim.Hashes[hits], out CacheBlock? block)) break;
            if (block.References == 0) freeHits++;
            hits++;
        }
        int firstUnnamed = claim.IdentifiedTokens / BlockTokens;
        if (hits == firstUnnamed && claim.Retained is { } run)
        {
            retained = Math.Min(run.Blocks, usable - hits);
            freeHits += retained;
            hits += retained;
        }
        return hits;
    }

    private void NameFullBlocks(Sequence sequence, CacheClaim claim, int tokens)
    {
        int full = Math.Min(tokens, claim.IdentifiedTokens) / BlockTokens;
        if (claim.Hashes.Count < full) BlockContent.AppendHashes(sequence, BlockTokens, full, claim.Hashes);
        for (int i = claim.Held.Count; i < full; i++)
        {
            ulong hash = claim.Hashes[i];
            if (_named.ContainsKey(hash))
            {
                claim.Held.Add(null);
                continue;
            }
            CacheBlock block = new(hash) { References = 1, Place = _pages is null ? -1 : sequence.Places![i] };
            _named.Add(hash, block);
            claim.Held.Add(block);
        }
    }

    private void FreeTail(Sequence sequence, CacheClaim? claim, int first, int blocks, int computed)
    {
        if (blocks == 0) return;
        // Only a live sequence can come back for its own blocks.
        int kept = sequence.Outcome == Outcome.Live ? Math.Min(computed, blocks) : 0;
        _pages?.TakeBack(sequence, first + kept, first + blocks);
        if (blocks > kept) _free.Append(null, blocks - kept, null);
        if (kept == 0) return;
        claim ??= sequence.CacheClaim = new() { BlockTokens = BlockTokens };
        claim.Retained = _free.Append(null, kept, sequence);
        claim.Retained.Places = _pages is null ? null : sequence.Places!.GetRange(first, kept);
    }

    private void FreeNamed(CacheBlock block, bool keep)
    {
        if (--block.References > 0) return;
        if (keep && !block.IsForgotten)
        {
            block.FreeRun = _free.Append(block, 1, null);
            return;
        }
        _named.Remove(block.Hash);
        _pages?.Return(block.Place);
        _free.Append(null, 1, null);
    }

    private void Withdraw(CacheBlock block)
    {
        _free.Withdraw(block.FreeRun!);
        block.FreeRun = null;
    }

}
