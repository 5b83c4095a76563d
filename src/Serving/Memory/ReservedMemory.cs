using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>
/// KV memory in which every sequence gets room for the longest one when it starts and keeps it (FasterTransformer and others before paging;
/// the static baseline of vAttention). In one piece, so nothing is mapped, and most of it is never written.
/// </summary>
public sealed class ReservedMemory : IKvMemory
{
    /// <param name="totalBlocks">Blocks that fit.</param>
    /// <param name="blockTokens">Tokens of a block: room comes in multiples of it.</param>
    /// <param name="maxTokens">Longest sequence.</param>
    public ReservedMemory(int totalBlocks, int blockTokens, int maxTokens)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(totalBlocks);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blockTokens);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxTokens);
        TotalBlocks = totalBlocks;
        FreeBlocks = totalBlocks;
        BlockTokens = blockTokens;
        BlocksOfLongest = Math.Min(totalBlocks, (maxTokens + blockTokens - 1) / blockTokens);
    }

    public int BlockTokens { get; }

    public int TotalBlocks { get; }

    public int FreeBlocks { get; private set; }

    /// <summary>What each sequence takes.</summary>
    public int BlocksOfLongest { get; }

    public int BlocksFor(int tokens) => tokens == 0 ? 0 : Math.Max(BlocksOfLongest, (tokens + BlockTokens - 1) / BlockTokens);

    public int RunsFor(int tokens) => 1;

    public int RunsOf(Sequence sequence, int fromToken, int toToken) => toToken <= fromToken ? 0 : 1;

    public bool TryGrow(Sequence sequence, int tokens) => TryGrow(sequence, tokens, tokens);

    public bool TryGrow(Sequence sequence, int tokens, int roomTokens)
    {
        int missing = BlocksFor(roomTokens) - sequence.KvBlocks;
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
