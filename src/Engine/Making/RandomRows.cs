using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Making;

/// <summary>Fills a tensor with normal numbers, row by row and in parallel; a row depends on seed, tensor and row number only.</summary>
internal sealed class RandomRows : IParallelWork
{
    /// <summary>Bytes made before they are written: enough for every thread to have many rows.</summary>
    private const int ChunkBytes = 4 << 20;

    private readonly TensorPlan _plan;
    private readonly RandomStream _stream;
    private readonly float[][] _values;
    private readonly byte[] _chunk;
    private readonly int _rowBytes;
    private readonly CancellationToken _stop;
    private long _firstRow;
    private int _rows;

    private RandomRows(TensorPlan plan, RandomStream stream, int workers, CancellationToken stop)
    {
        _plan = plan;
        _stream = stream;
        _stop = stop;
        _rowBytes = checked((int)plan.Type.RowBytes(plan.Columns));
        _chunk = new byte[_rowBytes * (int)Math.Min(plan.Rows, Math.Max(1, ChunkBytes / _rowBytes))];
        _values = new float[workers][];
        for (int i = 0; i < workers; i++) _values[i] = new float[plan.Columns];
    }

    /// <summary>Writes all rows of a tensor.</summary>
    public static void Write(TensorPlan plan, RandomStream root, WorkerPool pool, Stream target, CancellationToken stop)
    {
        var rows = new RandomRows(plan, root.Split(plan.Name), pool.Workers, stop);
        int chunkRows = rows._chunk.Length / rows._rowBytes;
        for (long first = 0; first < plan.Rows; first += chunkRows)
        {
            rows._firstRow = first;
            rows._rows = (int)Math.Min(chunkRows, plan.Rows - first);
            pool.Run(rows);
            // After the rows: shares that were stopped left some of them out.
            stop.ThrowIfCancellationRequested();
            target.Write(rows._chunk.AsSpan(0, rows._rows * rows._rowBytes));
        }
    }

    public void Run(int worker, int workers)
    {
        float[] values = _values[worker];
        for (int row = worker; row < _rows && !_stop.IsCancellationRequested; row += workers)
        {
            NormalTable.Fill(_stream.Split(_firstRow + row), _plan.Mean, _plan.Deviation, values);
            Quantizer.Encode(_plan.Type, values, _chunk.AsSpan(row * _rowBytes, _rowBytes));
        }
    }
}
