using System.Runtime.InteropServices;
using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>Queries of one key-value head that go through its pages together: rows token after token, the head's query heads side by side.</summary>
internal unsafe struct AttentionBlock
{
    /// <summary>Rows of one block at most: 32 rows of scores are 66 KiB.</summary>
    public const int MaxRows = 32;

    public AttentionSpan Span;
    public int Layer;
    public int KvHead;

    /// <summary>First row of the block among the span's rows × query heads per key-value head.</summary>
    public int FirstRow;
    public int Rows;

    /// <summary>The segment to compute, or -1 for all of them.</summary>
    public int Segment;

    /// <summary>Where the results of the segments lie when they are computed apart.</summary>
    public long PartialOffset;

    /// <summary>First and last segment that any row sees.</summary>
    public int FirstSegment;
    public int LastSegment;
}

/// <summary>The buffers of one worker.</summary>
internal sealed unsafe class AttentionWorkspace : IDisposable
{
    /// <summary>Pages that are taken through the tiles together.</summary>
    public const int PagesAtOnce = 2;

    private float* _memory;

    public AttentionWorkspace(KvLayout layout)
    {
        int keys = PagesAtOnce * KvStore.PageTokens * Math.Max(layout.KeySize, layout.ValueStride);
        int queries = AttentionBlock.MaxRows * RoundUp(layout.KeySize);
        int scores = AttentionBlock.MaxRows * AttentionSegments.ScoreStride;
        int outputs = AttentionBlock.MaxRows * layout.ValueStride;
        int floats = keys + queries + scores + (2 * outputs) + (4 * AttentionBlock.MaxRows);
        _memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), KvLayout.Alignment);
        new Span<float>(_memory, floats).Clear();
        Pages = _memory;
        Queries = Pages + keys;
        Scores = Queries + queries;
        SegmentOutputs = Scores + scores;
        Outputs = SegmentOutputs + outputs;
        SegmentMaxima = Outputs + outputs;
        SegmentSums = SegmentMaxima + AttentionBlock.MaxRows;
        Maxima = SegmentSums + AttentionBlock.MaxRows;
        Sums = Maxima + AttentionBlock.MaxRows;
    }

    ~AttentionWorkspace() => Free();

    public float* Pages { get; }

    /// <summary>[tile][d][8 rows].</summary>
    public float* Queries { get; }

    /// <summary>[row][<see cref="AttentionSegments.ScoreStride"/>].</summary>
    public float* Scores { get; }

    /// <summary>[row][value stride] of the segment in work.</summary>
    public float* SegmentOutputs { get; }

    public float* SegmentMaxima { get; }

    public float* SegmentSums { get; }

    /// <summary>[row][value stride] of the segments joined so far.</summary>
    public float* Outputs { get; }

    public float* Maxima { get; }

    public float* Sums { get; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private static int RoundUp(int value) => (value + Lanes.Count - 1) / Lanes.Count * Lanes.Count;

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
