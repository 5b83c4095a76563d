using Orrery.Engine.Kernels.Products;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Kernels;

/// <summary>Multiplies rows of activations by weight matrices, on all threads of a pool.</summary>
/// <remarks>The bits of a result depend on its row of activations and its row of weights alone: not on other rows, on the threads or on the instruction set.</remarks>
public sealed unsafe class MatrixProduct : IParallelWork, IDisposable
{
    /// <summary>Shares per thread: small enough that a thread which lost its core for a moment does not hold up the others for long.</summary>
    private const int SharesPerWorker = 8;

    private readonly WorkerPool _pool;
    private readonly AlignedMemory _scratch;
    private ProductShare _share;
    private IProductKernel? _kernel;
    private int _tilesPerShare;
    private int _next;

    /// <param name="pool">The threads.</param>
    public MatrixProduct(WorkerPool pool)
    {
        _pool = pool;
        _scratch = new AlignedMemory((long)pool.Workers * ProductScratch.Bytes);
    }

    /// <summary>y[t × stride + r] = Σ_c W[r, c] x[t, c], or the sum added to what is there.</summary>
    /// <param name="weights">W.</param>
    /// <param name="x">Rows of as many columns as W has.</param>
    /// <param name="y">Where the results go.</param>
    /// <param name="stride">Numbers from one row of y to the next, at least W's rows.</param>
    /// <param name="add">Whether y is added to.</param>
    /// <exception cref="ArgumentException">The columns differ.</exception>
    public void Multiply(WeightMatrix weights, Activations x, float* y, int stride, bool add = false)
    {
        if (x.Columns != weights.Columns) throw new ArgumentException($"the weights have {weights.Columns} columns, the activations {x.Columns}", nameof(x));
        if (x.Count == 0) return;
        if (weights.Type.IsQuantized()) x.Quantise();
        else x.Interleave();
        PackedShape shape = weights.Shape;
        _kernel = weights.Kernel;
        _share = new ProductShare { Tiles = weights.Tiles, Shape = shape, Activations = x, Output = y, OutputStride = stride, Adds = add };
        int shares = _pool.Workers == 1 ? 1 : _pool.Workers * SharesPerWorker;
        int pairs = (shape.Tiles + ProductScratch.TilesTogether - 1) / ProductScratch.TilesTogether;
        _tilesPerShare = Math.Max(1, pairs / shares) * ProductScratch.TilesTogether;
        _next = 0;
        _pool.Run(this);
        _share = default;
    }

    /// <inheritdoc/>
    public void Run(int worker, int workers)
    {
        ProductShare share = _share;
        share.Scratch = _scratch.Start + ((long)worker * ProductScratch.Bytes);
        while (true)
        {
            share.FirstTile = (Interlocked.Increment(ref _next) - 1) * _tilesPerShare;
            if (share.FirstTile >= share.Shape.Tiles) return;
            share.EndTile = Math.Min(share.FirstTile + _tilesPerShare, share.Shape.Tiles);
            _kernel!.Run(share);
        }
    }

    public void Dispose() => _scratch.Dispose();
}
