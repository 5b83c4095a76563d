using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>Paged KV memory without sharing: blocks are interchangeable, so counts are the whole state (Kwon et al., SOSP 2023).</summary>
public sealed class PagedMemory : IKvMemory
{
    public PagedMemory(int totalBlocks, int blockTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalBlocks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockTokens);
        TotalBlocks = totalBlocks;
        FreeBlocks = totalBlocks;
        BlockTokens = blockTokens;
    }

    public int BlockTokens { get; }

    public int TotalBlocks { get; }

    public int FreeBlocks { get; private set; }

    public bool TryGrow(Sequence sequence, int tokens) => TryGrow(sequence, tokens, tokens);

    public bool TryGrow(Sequence sequence, int tokens, int roomTokens)
    {
        int missing = (roomTokens + BlockTokens - 1) / BlockTokens - sequence.KvBlocks;
        if (missing <= 0) return true;
        if (missing > FreeBlocks) return false;
        FreeBlocks -= missing;
        sequence.KvBlocks += missing;
        return true;
    }

    public void Release(Sequence sequence)
    {
        FreeBlocks += sequence.KvBlocks;
        sequence.KvBlocks = 0;
    }

    public bool TryReserve(int blocks)
    {
        if (blocks > FreeBlocks) return false;
        FreeBlocks -= blocks;
        return true;
    }

    public void Unreserve(int blocks)
    {
        if (FreeBlocks + blocks > TotalBlocks) throw new InvalidOperationException($"{blocks} blocks returned that were never reserved");
        FreeBlocks += blocks;
    }
}
