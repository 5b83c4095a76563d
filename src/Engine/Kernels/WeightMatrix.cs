using Orrery.Engine.Kernels.Products;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Kernels;

/// <summary>A weight matrix of a model, repacked for the kernels: tiles of sixteen rows, about as many bytes as in the file.</summary>
public sealed unsafe class WeightMatrix : IDisposable
{
    private const int TileRows = Formats.TileLayout.Rows;

    private const int DecodeScratchBytes = ProductScratch.Bytes - ProductScratch.ResultBytes;

    private readonly AlignedMemory _memory;
    private readonly PackedShape _shape;
    private readonly IProductKernel _kernel;

    private WeightMatrix(TensorType type, PackedShape shape, AlignedMemory memory, InstructionSet set)
    {
        (Type, _shape, _memory) = (type, shape, memory);
        _kernel = ProductKernels.Create(type, set);
    }

    /// <summary>Outputs.</summary>
    public int Rows => _shape.Rows;

    /// <summary>Inputs.</summary>
    public int Columns => _shape.Columns;

    public TensorType Type { get; }

    /// <summary>Bytes of the repacked weights: what a product reads.</summary>
    public long ByteCount => _memory.ByteCount;

    internal PackedShape Shape => _shape;

    internal IProductKernel Kernel => _kernel;

    internal byte* Tiles => _memory.Start;

    /// <summary>Repacks a matrix.</summary>
    /// <param name="source">Its rows, one after the other, as the file stores them.</param>
    /// <param name="pool">Threads that share the work.</param>
    /// <param name="set">Which instructions its products use; the best there are if null.</param>
    public static WeightMatrix Repack(in StoredMatrix source, WorkerPool pool, InstructionSet? set = null) => Stack([source], pool, set);

    /// <summary>Repacks several matrices of one type and width as one: their outputs follow one another.</summary>
    /// <exception cref="ArgumentException">The types or the columns differ.</exception>
    public static WeightMatrix Stack(ReadOnlySpan<StoredMatrix> sources, WorkerPool pool, InstructionSet? set = null)
    {
        StoredMatrix first = sources[0];
        int rows = 0;
        foreach (ref readonly StoredMatrix source in sources)
        {
            if (source.Type != first.Type || source.Columns != first.Columns) throw new ArgumentException("stacked matrices have one type and one width", nameof(sources));
            rows = checked(rows + source.Rows);
        }
        IPacker packer = ProductKernels.Packer(first.Type);
        PackedShape shape = packer.Shape(rows, first.Columns);
        var memory = new AlignedMemory(shape.Tiles * shape.TileBytes);
        pool.Run(new Packing(packer, shape, memory, [.. sources]));
        return new WeightMatrix(first.Type, shape, memory, set ?? InstructionSets.Best);
    }

    /// <summary>Whether matrices can be stacked.</summary>
    public static bool CanStack(ReadOnlySpan<StoredMatrix> sources)
    {
        foreach (ref readonly StoredMatrix source in sources)
            if (source.Type != sources[0].Type || source.Columns != sources[0].Columns) return false;
        return true;
    }

    /// <summary>Decodes one row: the look-up in an embedding table.</summary>
    /// <param name="row">Which row.</param>
    /// <param name="values">Receives its columns.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such row.</exception>
    /// <exception cref="ArgumentException">Not as many values as columns.</exception>
    public void DecodeRow(int row, Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(row);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, Rows);
        if (values.Length != Columns) throw new ArgumentException($"a row has {Columns} columns, not {values.Length}", nameof(values));
        byte* scratch = stackalloc byte[DecodeScratchBytes];
        _kernel.DecodeRow(Tiles, _shape, row, scratch, values);
        GC.KeepAlive(_memory);
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>Packs a share of the tiles; a tile at a seam takes rows of two sources.</summary>
    private sealed class Packing(IPacker packer, PackedShape shape, AlignedMemory memory, StoredMatrix[] sources) : IParallelWork
    {
        public void Run(int worker, int workers)
        {
            int first = (int)((long)shape.Tiles * worker / workers);
            int end = (int)((long)shape.Tiles * (worker + 1) / workers);
            for (int tile = first; tile < end; tile++)
            {
                byte* target = memory.Start + (tile * shape.TileBytes);
                if ((tile + 1) * TileRows > shape.Rows) new Span<byte>(target, checked((int)shape.TileBytes)).Clear();
                PackTile(tile * TileRows, target);
            }
        }

        private void PackTile(int firstRow, byte* target)
        {
            int start = 0;
            foreach (StoredMatrix source in sources)
            {
                int from = Math.Max(firstRow, start);
                int to = Math.Min(firstRow + TileRows, start + source.Rows);
                if (from < to) packer.Pack(source.Data + ((from - start) * source.RowBytes), source.RowBytes, source.Columns, from - firstRow, to - from, shape, target);
                start += source.Rows;
            }
        }
    }
}
