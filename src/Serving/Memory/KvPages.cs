using System.Runtime.InteropServices;
using Orrery.Serving.Sequences;

namespace Orrery.Serving.Memory;

/// <summary>
/// Which physical blocks each sequence holds: what a real engine needs beside the counts that decide. One entry per KV block of the sequence, in
/// the order of its tokens; sequences that share a prefix hold the same blocks.
/// </summary>
/// <remarks>Simulations keep none: there blocks are interchangeable.</remarks>
public sealed class KvPages
{
    private readonly int[] _free;

    public KvPages(int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(blocks);
        _free = new int[blocks];
        // The lowest number is taken first: a lightly used store touches few pages of the machine's memory.
        for (int i = 0; i < blocks; i++) _free[i] = blocks - 1 - i;
        Free = blocks;
    }

    public int Total => _free.Length;

    /// <summary>Blocks that hold nothing; those that a prefix cache keeps are not among them.</summary>
    public int Free { get; private set; }

    /// <summary>The blocks of a sequence; empty when it holds none.</summary>
    public ReadOnlySpan<int> Of(Sequence sequence) => CollectionsMarshal.AsSpan(sequence.Places);

    /// <summary>Gives a sequence as many blocks as the memory has counted for it.</summary>
    internal void Fill(Sequence sequence)
    {
        List<int> places = sequence.Places ??= [];
        while (places.Count < sequence.KvBlocks)
        {
            if (Free == 0) throw new InvalidOperationException($"{sequence} was counted {sequence.KvBlocks} blocks and no physical one is left");
            places.Add(_free[--Free]);
        }
    }

    /// <summary>Takes the blocks [from, to) of a sequence back.</summary>
    internal void TakeBack(Sequence sequence, int from, int to)
    {
        for (int i = to - 1; i >= from; i--) Return(sequence.Places![i]);
    }

    internal void Return(int block) => _free[Free++] = block;

    internal void Return(IReadOnlyList<int> blocks)
    {
        for (int i = blocks.Count - 1; i >= 0; i--) Return(blocks[i]);
    }
}
