using Orrery.Engine.Attention;
using Orrery.Engine.Kernels.Vectors;
using Orrery.Engine.Threads;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Attention;

/// <summary>A store filled with sequences of random keys and values on scattered pages, and their queries.</summary>
internal sealed unsafe class AttentionFixture : IDisposable
{
    private readonly float[][] _queries;

    public AttentionFixture(AttentionShape shape, KvType type, params int[] lengths)
    {
        Shape = shape;
        int pages = lengths.Sum(KvPool.PagesFor) + 3;
        Store = new KvStore(new KvShape(2, shape.KvHeads, shape.KeySize, shape.ValueSize), type, pages);
        // What was never written may hold anything; here it holds what would spoil every sum.
        byte[] garbage = [.. Enumerable.Repeat((byte)0xFF, (int)Store.PageBytes)];
        for (int page = 0; page < pages; page++) Store.SwapIn(garbage, page);
        RandomStream random = RandomStream.Root(11).Split("attention");
        var free = new List<int>(Enumerable.Range(0, pages));
        PageTables = new int[lengths.Length][];
        _queries = new float[lengths.Length][];
        for (int s = 0; s < lengths.Length; s++)
        {
            PageTables[s] = new int[KvPool.PagesFor(lengths[s])];
            for (int i = 0; i < PageTables[s].Length; i++)
            {
                int pick = random.NextInt(free.Count);
                PageTables[s][i] = free[pick];
                free.RemoveAt(pick);
            }
            float[] keys = new float[shape.KvHeads * shape.KeySize];
            float[] values = new float[shape.KvHeads * shape.ValueSize];
            for (int position = 0; position < lengths[s]; position++)
            {
                Fill(random, keys, 2);
                Fill(random, values, 1);
                fixed (float* k = keys, v = values) Store.Write(1, PageTables[s], position, k, v);
            }
            _queries[s] = new float[lengths[s] * shape.Heads * shape.KeySize];
            Fill(random, _queries[s], 1);
        }
    }

    public AttentionShape Shape { get; }

    public KvStore Store { get; }

    public int[][] PageTables { get; }

    private int QueryRow => Shape.Heads * Shape.KeySize;

    private int OutputRow => Shape.Heads * Shape.ValueSize;

    /// <summary>The plain reference for positions of one sequence.</summary>
    public float[] Reference(int sequence, int first, int count, int window)
    {
        float[] output = new float[count * OutputRow];
        int group = Shape.Heads / Shape.KvHeads;
        for (int t = 0; t < count; t++)
        {
            for (int h = 0; h < Shape.Heads; h++)
            {
                ScalarAttention.Run(
                    Store, 1, PageTables[sequence], h / group, Shape, first + t, window,
                    _queries[sequence].AsSpan(((first + t) * QueryRow) + (h * Shape.KeySize), Shape.KeySize),
                    output.AsSpan((t * OutputRow) + (h * Shape.ValueSize), Shape.ValueSize));
            }
        }
        return output;
    }

    public ReadOnlySpan<float> Query(int sequence, int position, int head) =>
        _queries[sequence].AsSpan((position * QueryRow) + (head * Shape.KeySize), Shape.KeySize);

    /// <summary>One run of the kernel over pieces of sequences.</summary>
    public float[] Run(int workers, VectorWidth width, int window, params (int Sequence, int First, int Count)[] pieces)
    {
        using var pool = new WorkerPool(workers);
        using var kernel = new AttentionKernel(Store, pool, Shape, width);
        return Run(kernel, window, pieces);
    }

    public float[] Run(AttentionKernel kernel, int window, params (int Sequence, int First, int Count)[] pieces)
    {
        int[] tables = [.. PageTables.SelectMany(table => table)];
        var spans = new AttentionSpan[pieces.Length];
        int rows = pieces.Sum(piece => piece.Count);
        float[] queries = new float[rows * QueryRow];
        float[] output = new float[rows * OutputRow];
        int row = 0;
        for (int i = 0; i < pieces.Length; i++)
        {
            (int sequence, int first, int count) = pieces[i];
            int offset = PageTables.Take(sequence).Sum(table => table.Length);
            spans[i] = new AttentionSpan(row, count, first, offset, PageTables[sequence].Length, window);
            _queries[sequence].AsSpan(first * QueryRow, count * QueryRow).CopyTo(queries.AsSpan(row * QueryRow));
            row += count;
        }
        fixed (float* q = queries, o = output) kernel.Run(1, spans, tables, q, o);
        return output;
    }

    public void Dispose() => Store.Dispose();

    public static void Fill(RandomStream random, Span<float> values, double spread)
    {
        for (int i = 0; i < values.Length; i++) values[i] = (float)(((random.NextDouble() * 2) - 1) * spread);
    }
}
