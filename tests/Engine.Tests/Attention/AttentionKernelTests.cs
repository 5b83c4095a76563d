using System.Runtime.InteropServices;
using Orrery.Engine.Attention;
using Orrery.Engine.Kernels.Vectors;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Tests.Attention;

public sealed class AttentionKernelTests
{
    public static TheoryData<int, int, int, int, int, int, float, int> Cases()
    {
        // heads, key-value heads, key size, value size, window, sequence length, soft cap, type
        var cases = new TheoryData<int, int, int, int, int, int, float, int>();
        foreach (KvType type in Enum.GetValues<KvType>())
        {
            cases.Add(8, 1, 64, 64, 0, 70, 0f, (int)type);
            cases.Add(3, 3, 32, 32, 0, 53, 0f, (int)type);
            cases.Add(7, 1, 24, 40, 20, 101, 0f, (int)type);
            cases.Add(6, 2, 80, 80, 0, 33, 30f, (int)type);
            cases.Add(2, 1, 256, 256, 100, 129, 50f, (int)type);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_width_gives_the_bits_of_the_scalar_reference(int heads, int kvHeads, int keySize, int valueSize, int window, int length, float cap, int type)
    {
        var shape = new AttentionShape(heads, kvHeads, keySize, valueSize, 1 / MathF.Sqrt(keySize), cap);
        using var fixture = new AttentionFixture(shape, (KvType)type, length);
        float[] expected = fixture.Reference(0, 0, length, window);
        foreach (VectorWidth width in Enum.GetValues<VectorWidth>()) Same(expected, fixture.Run(1, width, window, (0, 0, length)));
    }

    [Fact]
    public void Chunks_batches_and_threads_do_not_change_a_bit()
    {
        var shape = new AttentionShape(4, 2, 32, 32, 0.2f);
        using var fixture = new AttentionFixture(shape, KvType.F32, 1100, 37, 600);
        foreach (int window in new[] { 0, 300 })
        {
            float[] whole = fixture.Run(1, VectorOperations.BestWidth, window, (0, 0, 1100));
            int row = whole.Length / 1100;
            foreach (int workers in new[] { 1, 2, 3 })
            {
                Same(whole, fixture.Run(workers, VectorOperations.BestWidth, window, (0, 0, 1100)));
                // The last token alone (cut by segments on several threads), a chunk across a segment's end, and company of other sequences.
                Same(whole.AsSpan(1099 * row, row), fixture.Run(workers, VectorOperations.BestWidth, window, (0, 1099, 1)));
                Same(whole.AsSpan(505 * row, 17 * row), fixture.Run(workers, VectorOperations.BestWidth, window, (0, 505, 17)));
                float[] mixed = fixture.Run(workers, VectorOperations.BestWidth, window, (1, 36, 1), (0, 1000, 33), (2, 0, 600), (0, 700, 1));
                Same(fixture.Run(1, VectorWidth.Bits128, window, (1, 36, 1)), mixed.AsSpan(0, row));
                Same(whole.AsSpan(1000 * row, 33 * row), mixed.AsSpan(row, 33 * row));
                Same(fixture.Run(1, VectorOperations.BestWidth, window, (2, 0, 600)), mixed.AsSpan(34 * row, 600 * row));
                Same(whole.AsSpan(700 * row, row), mixed.AsSpan(634 * row, row));
            }
            Same(fixture.Reference(0, 1090, 10, window), whole.AsSpan(1090 * row));
        }
    }

    [Theory]
    [InlineData(KvType.F32, 2e-6)]
    [InlineData(KvType.F16, 2e-6)]
    [InlineData(KvType.Q8, 2e-6)]
    public void Results_are_those_of_double_precision_over_what_is_stored(KvType type, double tolerance)
    {
        var shape = new AttentionShape(4, 2, 64, 48, 0.125f, 20f);
        using var fixture = new AttentionFixture(shape, type, 700);
        float[] measured = fixture.Run(2, VectorOperations.BestWidth, 0, (0, 690, 10));
        for (int t = 0; t < 10; t++)
        {
            for (int h = 0; h < 4; h++)
            {
                double[] expected = Exact(fixture, 690 + t, h);
                for (int d = 0; d < 48; d++) Assert.Equal(expected[d], measured[(((t * 4) + h) * 48) + d], tolerance);
            }
        }
    }

    [Fact]
    public void A_single_position_returns_its_value_and_equal_scores_the_mean()
    {
        var shape = new AttentionShape(1, 1, 16, 16, 1f);
        using var fixture = new AttentionFixture(shape, KvType.F32, 5);
        float[] value = new float[16];
        float[] key = new float[16];
        fixture.Store.Read(1, fixture.PageTables[0][0], 0, 0, key, value);
        Same(value, fixture.Run(1, VectorOperations.BestWidth, 0, (0, 0, 1)));
        fixture.Store.Read(1, fixture.PageTables[0][0], 4, 0, key, value);
        Same(value, fixture.Run(1, VectorOperations.BestWidth, 1, (0, 4, 1)));
        using var flat = new AttentionFixture(shape with { Scale = 0f }, KvType.F32, 5);
        float[] mean = flat.Run(1, VectorOperations.BestWidth, 0, (0, 4, 1));
        double expected = 0;
        for (int slot = 0; slot < 5; slot++)
        {
            flat.Store.Read(1, flat.PageTables[0][0], slot, 0, key, value);
            expected += value[3] / 5.0;
        }
        Assert.Equal(expected, mean[3], 1e-6);
    }

    [Fact]
    public unsafe void A_run_allocates_nothing_once_warm()
    {
        var shape = new AttentionShape(4, 2, 32, 32, 0.2f);
        using var fixture = new AttentionFixture(shape, KvType.F16, 1100);
        using var pool = new WorkerPool(1);
        using var kernel = new AttentionKernel(fixture.Store, pool, shape);
        float[] queries = new float[128];
        float[] output = new float[128];
        AttentionSpan[] spans = [new(0, 1, 1099, 0, fixture.PageTables[0].Length)];
        fixed (float* q = queries, o = output)
        {
            for (int i = 0; i < 5; i++) kernel.Run(0, spans, fixture.PageTables[0], q, o);
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 20; i++) kernel.Run(0, spans, fixture.PageTables[0], q, o);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    [Fact]
    public void Spans_that_reach_outside_are_refused()
    {
        var shape = new AttentionShape(1, 1, 16, 16, 1f);
        using var fixture = new AttentionFixture(shape, KvType.F32, 40);
        using var pool = new WorkerPool(1);
        using var kernel = new AttentionKernel(fixture.Store, pool, shape);
        Refused(kernel, new(0, 1, 48, 0, 3), [0, 1, 2], "needs 4 pages");
        Refused(kernel, new(0, 1, 47, 1, 3), [0, 1, 2], "outside");
        Refused(kernel, new(0, 1, 47, 0, 3), [0, 1, 99], "names page 99");
        Refused(kernel, new(0, 0, 47, 0, 3), [0, 1, 2], "rows are positive");
        // Pages before the window may be gone.
        Refused(kernel, new(0, 1, 47, 0, 3, 17), [-1, -1, 2], "names page -1");
        int[] released = [-1, -1, fixture.PageTables[0][2]];
        float[] q = new float[16];
        float[] o = new float[16];
        unsafe
        {
            fixed (float* pq = q, po = o) kernel.Run(1, [new AttentionSpan(0, 1, 39, 0, 3, 8)], released, pq, po);
        }
        Assert.All(o, value => Assert.True(float.IsFinite(value)));
        Assert.Throws<ArgumentException>(() => new AttentionKernel(fixture.Store, pool, shape with { KeySize = 8 }));
        Assert.Throws<ArgumentException>(() => new AttentionKernel(fixture.Store, pool, new AttentionShape(3, 2, 16, 16, 1f)));
    }

    private static unsafe void Refused(AttentionKernel kernel, AttentionSpan span, int[] pages, string reason)
    {
        float* nothing = null;
        ArgumentException failure = Assert.Throws<ArgumentException>(() => kernel.Run(0, [span], pages, nothing, nothing));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    private static double[] Exact(AttentionFixture fixture, int position, int head)
    {
        AttentionShape shape = fixture.Shape;
        float[] key = new float[shape.KeySize];
        float[] value = new float[shape.ValueSize];
        double[] sum = new double[shape.ValueSize];
        double total = 0;
        for (int p = 0; p <= position; p++)
        {
            fixture.Store.Read(1, fixture.PageTables[0][p / 16], p % 16, head / (shape.Heads / shape.KvHeads), key, value);
            double score = 0;
            ReadOnlySpan<float> query = fixture.Query(0, position, head);
            for (int d = 0; d < key.Length; d++) score += (double)query[d] * key[d];
            score *= shape.Scale;
            if (shape.SoftCap > 0) score = shape.SoftCap * Math.Tanh(score / shape.SoftCap);
            double weight = Math.Exp(score);
            total += weight;
            for (int d = 0; d < value.Length; d++) sum[d] += weight * value[d];
        }
        return [.. sum.Select(s => s / total)];
    }

    private static void Same(ReadOnlySpan<float> expected, ReadOnlySpan<float> measured) =>
        Assert.True(MemoryMarshal.AsBytes(expected).SequenceEqual(MemoryMarshal.AsBytes(measured)));
}
