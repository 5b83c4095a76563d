using Orrery.Engine.Kernels.Products;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Kernels;

/// <summary>Multiplies rows of activations by weight matrices, on all threads of a pool.</summary>
/// <remarks>The bits of a result depend on its row of activations and its row of weights alone: not on other rows, on the threads or on the instruction set.</remarks>
public sealed unsafe class MatrixProduct : IParallelWork, IDisposable
{
    /// <summary>A share is this part of what is left, divided by the threads: long ones first, and the last so short that the threads end together.</summary>
    private const int PartOfRest = 2;

    private readonly WorkerPool _pool;
    private readonly AlignedMemory _scratch;
    private ProductShare _share;
    private IProductKernel? _kernel;
    private int _nextPair;

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
        _kernel = weights.Kernel;
        _share = new ProductShare { Tiles = weights.Tiles, Shape = weights.Shape, Activations = x, Output = y, OutputStride = stride, Adds = add };
        _nextPair = 0;
        _pool.Run(this);
        // The share holds a pointer, which does not keep the weights from their finalizer.
        GC.KeepAlive(weights);
        _share = default;
    }

    /// <inheritdoc/>
    public void Run(int worker, int workers)
    {
        ProductShare share = _share;
        share.Scratch = _scratch.Start + ((long)worker * ProductScratch.Bytes);
        int pairs = (share.Shape.Tiles + ProductScratch.TilesTogether - 1) / ProductScratch.TilesTogether;
        while (true)
        {
            int first = Volatile.Read(ref _nextPair);
            if (first >= pairs) return;
            int taken = workers == 1 ? pairs : Math.Max(1, (pairs - first) / (PartOfRest * workers));
            if (Interlocked.CompareExchange(ref _nextPair, first + taken, first) != first) continue;
            share.FirstTile = first * ProductScratch.TilesTogether;
            share.EndTile = Math.Min((first + taken) * ProductScratch.TilesTogether, share.Shape.Tiles);
            _kernel!.Run(share);
        }
    }

    public void Dispose() => _scratch.Dispose();
}
