using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Orrery.Engine.Attention;

/// <summary>Two pages of keys or values on their way through the tiles, and where the next two lie.</summary>
/// <remarks>
/// Pages are scattered, so the processor's own prefetching starts anew in each: half of a decoded token's time went into waiting. Each line is asked
/// for while the same line of the pages before is in work. What is asked for needs not exist; nothing is read by asking.
/// </remarks>
internal unsafe struct PagePair
{
    public float* First;
    public float* Second;

    /// <summary>Tokens of the first page that hold something.</summary>
    public int FirstTokens;
    public int SecondTokens;

    /// <summary>Bytes from a page to the one that takes its place next.</summary>
    public long FirstAhead;
    public long SecondAhead;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Prefetch(void* line)
    {
        // Into the second level: the first can wait for few lines at once.
        // Where the processor has no such instruction nothing is left of the call.
        if (Sse.IsSupported) Sse.Prefetch1(line);
    }

    /// <summary>Asks once a line and into the first level: for bytes, four vectors of which lie in one line.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void PrefetchOnce(byte* ahead, void* current)
    {
        if (Sse.IsSupported && ((nint)current & (KvLayout.Alignment - 1)) == 0) Sse.Prefetch0(ahead + (nint)current);
    }
}

/// <summary>The blocks of one head's pages, by position in the sequence.</summary>
internal readonly unsafe struct BlockPages(KvStore store, in AttentionBlock block, int* pageTable, int lastPage)
{
    private readonly int _layer = block.Layer;
    private readonly int _head = block.KvHead;

    /// <summary>The block of a page; the last one of the sequence for those behind it.</summary>
    public byte* At(int page) => store.Block(_layer, pageTable[Math.Min(page, lastPage)], _head);
}
