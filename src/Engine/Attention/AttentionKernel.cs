using System.Runtime.InteropServices;
using Orrery.Engine.Kernels.Vectors;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Attention;

/// <summary>Causal attention of a batch of queries over paged keys and values.</summary>
/// <remarks>
/// Query heads that share a key-value head, and neighbouring tokens, go through a page together. The work is cut by sequence, key-value head and block
/// of queries; where that gives too few pieces for the threads, also by segment of positions. The bits of an output depend on the query, its position
/// and what it sees: not on the batch, the chunk, the threads or the vector width (see <see cref="AttentionSegments"/>). <see cref="ScalarAttention"/>
/// is the plain reference. Nothing is allocated once the buffers have grown to the largest batch. Not for several callers at once.
/// </remarks>
public sealed unsafe class AttentionKernel : IParallelWork, IDisposable
{
    /// <summary>Pieces per thread below which segments are computed apart: with fewer the last one would keep the others waiting.</summary>
    private const int PiecesPerWorker = 4;

    private readonly KvStore _store;
    private readonly WorkerPool _pool;
    private readonly AttentionShape _shape;
    private readonly AttentionOperations _operations;
    private readonly AttentionWorkspace[] _workspaces;
    private readonly int _group;
    private AttentionBlock[] _blocks = new AttentionBlock[64];
    private AttentionBlock[] _pieces = new AttentionBlock[64];
    private int[] _pages = new int[256];
    private int _blockCount;
    private int _pieceCount;
    private int _next;
    private bool _apart;
    private bool _joining;
    private float* _partials;
    private long _partialCapacity;
    private float* _queries;
    private float* _output;
    private int* _pageTable;
    private int _queryStride;
    private int _outputStride;

    /// <exception cref="ArgumentException">Heads that are not a multiple of the key-value heads, or sizes other than the store's.</exception>
    public AttentionKernel(KvStore store, WorkerPool pool, AttentionShape shape)
        : this(store, pool, shape, VectorOperations.BestWidth)
    {
    }

    internal AttentionKernel(KvStore store, WorkerPool pool, AttentionShape shape, VectorWidth width)
    {
        if (shape.Heads <= 0 || shape.KvHeads <= 0 || shape.Heads % shape.KvHeads != 0)
            throw new ArgumentException($"{shape.Heads} query heads cannot share {shape.KvHeads} key-value heads evenly");
        if (shape.KvHeads != store.Shape.KvHeads || shape.KeySize != store.Shape.KeySize || shape.ValueSize != store.Shape.ValueSize)
            throw new ArgumentException($"{shape} does not fit the store's {store.Shape}");
        if (!(shape.SoftCap >= 0)) throw new ArgumentException($"a soft cap is positive, or 0 for none, not {shape.SoftCap}");
        _store = store;
        _pool = pool;
        _shape = shape;
        _operations = AttentionOperations.For(width);
        _group = shape.Heads / shape.KvHeads;
        _workspaces = new AttentionWorkspace[pool.Workers];
        for (int i = 0; i < _workspaces.Length; i++) _workspaces[i] = new AttentionWorkspace(store.Layout);
    }

    ~AttentionKernel() => NativeMemory.AlignedFree(_partials);

    /// <summary>Answers all queries of the spans.</summary>
    /// <param name="layer">Layer of the store.</param>
    /// <param name="spans">What belongs to which sequence.</param>
    /// <param name="pageTables">The page tables that the spans point into.</param>
    /// <param name="queries">[row][head][key size], already rotated.</param>
    /// <param name="output">[row][head][value size].</param>
    /// <param name="queryStride">Elements from one row to the next; 0 for rows without a gap.</param>
    /// <param name="outputStride">Elements from one row to the next; 0 for rows without a gap.</param>
    /// <exception cref="ArgumentException">A span whose pages do not reach its last position or do not exist.</exception>
    public void Run(int layer, ReadOnlySpan<AttentionSpan> spans, ReadOnlySpan<int> pageTables, float* queries, float* output, int queryStride = 0, int outputStride = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)_store.Shape.Layers, nameof(layer));
        foreach (AttentionSpan span in spans) Validate(span, pageTables);
        if (_pages.Length < pageTables.Length) _pages = new int[Math.Max(pageTables.Length, 2 * _pages.Length)];
        pageTables.CopyTo(_pages);
        _queries = queries;
        _output = output;
        _queryStride = queryStride == 0 ? _shape.Heads * _shape.KeySize : queryStride;
        _outputStride = outputStride == 0 ? _shape.Heads * _shape.ValueSize : outputStride;
        CutIntoBlocks(layer, spans);
        CutIntoPieces();
        fixed (int* pageTable = _pages)
        {
            _pageTable = pageTable;
            _next = 0;
            _joining = false;
            _pool.Run(this);
            if (_apart)
            {
                _next = 0;
                _joining = true;
                _pool.Run(this);
            }
        }
    }

    /// <inheritdoc/>
    void IParallelWork.Run(int worker, int workers)
    {
        AttentionWorkspace work = _workspaces[worker];
        int count = _joining ? _blockCount : _pieceCount;
        while (true)
        {
            int piece = Interlocked.Increment(ref _next) - 1;
            if (piece >= count) return;
            if (_joining) JoinPartials(_blocks[piece], work);
            else if (_apart) ComputeApart(_pieces[piece], work);
            else ComputeWhole(_blocks[piece], work);
        }
    }

    public void Dispose()
    {
        foreach (AttentionWorkspace work in _workspaces) work.Dispose();
        NativeMemory.AlignedFree(_partials);
        _partials = null;
        GC.SuppressFinalize(this);
    }

    private void Validate(AttentionSpan span, ReadOnlySpan<int> pageTables)
    {
        if (span.Rows <= 0 || span.FirstRow < 0 || span.FirstPosition < 0 || span.Window < 0)
            throw new ArgumentException($"{span} is not a span: rows are positive, the rest is not negative");
        if (span.PageOffset < 0 || span.PageCount < 0 || span.PageOffset + (long)span.PageCount > pageTables.Length)
            throw new ArgumentException($"{span} lies outside of the page tables of {pageTables.Length} pages");
        long lastPage = ((long)span.FirstPosition + span.Rows - 1) / KvStore.PageTokens;
        if (lastPage >= span.PageCount) throw new ArgumentException($"{span} needs {lastPage + 1} pages");
        int firstPage = AttentionSegments.FirstSeen(span.FirstPosition, span.Window) / KvStore.PageTokens;
        foreach (int page in pageTables.Slice(span.PageOffset + firstPage, (int)lastPage + 1 - firstPage))
        {
            if ((uint)page >= (uint)_store.Pages) throw new ArgumentException($"{span} names page {page} of a store of {_store.Pages}");
        }
    }

    private void CutIntoBlocks(int layer, ReadOnlySpan<AttentionSpan> spans)
    {
        _blockCount = 0;
        foreach (AttentionSpan span in spans)
        {
            int rows = checked(span.Rows * _group);
            int blocks = (rows + AttentionBlock.MaxRows - 1) / AttentionBlock.MaxRows;
            // Late positions see more: the long pieces come first, so that the threads end together.
            for (int b = blocks - 1; b >= 0; b--)
            {
                int first = b * AttentionBlock.MaxRows;
                int count = Math.Min(AttentionBlock.MaxRows, rows - first);
                int firstPosition = span.FirstPosition + (first / _group);
                int lastPosition = span.FirstPosition + ((first + count - 1) / _group);
                for (int head = 0; head < _shape.KvHeads; head++)
                {
                    Append(ref _blocks, ref _blockCount, new AttentionBlock
                    {
                        Span = span,
                        Layer = layer,
                        KvHead = head,
                        FirstRow = first,
                        Rows = count,
                        Segment = -1,
                        FirstSegment = AttentionSegments.FirstSeen(firstPosition, span.Window) / AttentionSegments.Tokens,
                        LastSegment = lastPosition / AttentionSegments.Tokens,
                    });
                }
            }
        }
    }

    private void CutIntoPieces()
    {
        _pieceCount = _blockCount;
        _apart = _pool.Workers > 1 && _blockCount < PiecesPerWorker * _pool.Workers;
        if (!_apart) return;
        _pieceCount = 0;
        long offset = 0;
        for (int b = 0; b < _blockCount; b++)
        {
            _blocks[b].PartialOffset = offset;
            for (int segment = _blocks[b].FirstSegment; segment <= _blocks[b].LastSegment; segment++)
            {
                Append(ref _pieces, ref _pieceCount, _blocks[b] with { Segment = segment, PartialOffset = offset });
                offset += PartialSize(_blocks[b]);
            }
        }
        if (offset <= _partialCapacity) return;
        NativeMemory.AlignedFree(_partials);
        _partials = null;
        long capacity = Math.Max(offset, 2 * _partialCapacity);
        // Until the memory is granted there is room for nothing: a later, smaller batch must not believe that there is.
        _partialCapacity = 0;
        _partials = (float*)NativeMemory.AlignedAlloc((nuint)capacity * sizeof(float), KvLayout.Alignment);
        _partialCapacity = capacity;
    }

    /// <summary>Numbers of one partial result: per row the output, the maximum and the sum.</summary>
    private int PartialSize(in AttentionBlock block) => block.Rows * (_store.Layout.ValueStride + 2);

    private static void Append(ref AttentionBlock[] blocks, ref int count, AttentionBlock block)
    {
        if (count == blocks.Length) Array.Resize(ref blocks, 2 * count);
        blocks[count++] = block;
    }

    private void ComputeWhole(in AttentionBlock block, AttentionWorkspace work)
    {
        AttentionOperations.PackQueries(block, _shape, _queries, _queryStride, work.Queries);
        Begin(block, work);
        for (int segment = block.FirstSegment; segment <= block.LastSegment; segment++)
        {
            ComputeSegment(block, segment, work);
            _operations.Join(block.Rows, _store.Layout.ValueStride, work.SegmentMaxima, work.SegmentSums, work.SegmentOutputs, work.Maxima, work.Sums, work.Outputs);
        }
        Finish(block, work);
    }

    private void ComputeApart(in AttentionBlock piece, AttentionWorkspace work)
    {
        AttentionOperations.PackQueries(piece, _shape, _queries, _queryStride, work.Queries);
        ComputeSegment(piece, piece.Segment, work);
        int outputs = piece.Rows * _store.Layout.ValueStride;
        float* partial = _partials + piece.PartialOffset;
        new ReadOnlySpan<float>(work.SegmentOutputs, outputs).CopyTo(new Span<float>(partial, outputs));
        new ReadOnlySpan<float>(work.SegmentMaxima, piece.Rows).CopyTo(new Span<float>(partial + outputs, piece.Rows));
        new ReadOnlySpan<float>(work.SegmentSums, piece.Rows).CopyTo(new Span<float>(partial + outputs + piece.Rows, piece.Rows));
    }

    private void JoinPartials(in AttentionBlock block, AttentionWorkspace work)
    {
        Begin(block, work);
        int stride = _store.Layout.ValueStride;
        int outputs = block.Rows * stride;
        float* partial = _partials + block.PartialOffset;
        for (int segment = block.FirstSegment; segment <= block.LastSegment; segment++, partial += PartialSize(block))
            _operations.Join(block.Rows, stride, partial + outputs, partial + outputs + block.Rows, partial, work.Maxima, work.Sums, work.Outputs);
        Finish(block, work);
    }

    private void ComputeSegment(in AttentionBlock block, int segment, AttentionWorkspace work) =>
        _operations.Segment(block, segment, _group, _shape.SoftCap, _store, _pageTable + block.Span.PageOffset, work);

    private void Begin(in AttentionBlock block, AttentionWorkspace work)
    {
        new Span<float>(work.Maxima, block.Rows).Fill(float.NegativeInfinity);
        new Span<float>(work.Sums, block.Rows).Clear();
        new Span<float>(work.Outputs, block.Rows * _store.Layout.ValueStride).Clear();
    }

    private void Finish(in AttentionBlock block, AttentionWorkspace work)
    {
        for (int row = 0; row < block.Rows; row++)
        {
            (int token, int head) = int.DivRem(block.FirstRow + row, _group);
            float* target = _output + ((long)(block.Span.FirstRow + token) * _outputStride) + ((((long)block.KvHead * _group) + head) * _shape.ValueSize);
            _operations.Finish(work.Outputs + (row * _store.Layout.ValueStride), work.Sums[row], _shape.ValueSize, target);
        }
    }
}
