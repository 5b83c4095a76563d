using Orrery.Engine.Kernels;
using Orrery.Engine.Kernels.Products;
using Orrery.Engine.Tensors;
using Orrery.Engine.Threads;
using Orrery.Kernel;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Kernels;

/// <summary>Every kernel gives the bits of the scalar product, whatever the format, the instruction set, the number of rows and of threads.</summary>
public sealed unsafe class MatrixProductTests
{
    public static TheoryData<TensorType, InstructionSet> Variants()
    {
        var variants = new TheoryData<TensorType, InstructionSet>();
        foreach (TensorType type in TensorTypes.All)
            foreach (InstructionSet set in InstructionSets.Supported) variants.Add(type, set);
        return variants;
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void A_kernel_gives_the_bits_of_the_scalar_product(TensorType type, InstructionSet set)
    {
        // Rows that fill no tile, that fill one exactly, and that need several pairs of tiles; columns within and beyond one panel.
        foreach ((int rows, int columns) in new[] { (5, 256), (16, 512), (83, 256), (40, 1024) })
        {
            foreach (int count in new[] { 1, 2, 3, 7, 16, 17, 35 })
                foreach (int workers in new[] { 1, 3 }) AssertSameBits(type, set, rows, columns, count, workers);
        }
    }

    [Theory]
    [InlineData(TensorType.F32, 7)]
    [InlineData(TensorType.F16, 33)]
    [InlineData(TensorType.BF16, 130)]
    [InlineData(TensorType.Q8_0, 32)]
    [InlineData(TensorType.Q4_0, 96)]
    [InlineData(TensorType.Q5_1, 288)]
    public void Widths_that_fill_no_chunk_are_right_too(TensorType type, int columns)
    {
        foreach (InstructionSet set in InstructionSets.Supported)
            foreach (int count in new[] { 1, 6, 21 }) AssertSameBits(type, set, 37, columns, count, 2);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_decoded_row_holds_the_stored_weights(TensorType type)
    {
        const int rows = 21, columns = 512;
        using var pool = new WorkerPool(2);
        using var stored = new StoredWeights(type, rows, columns);
        using WeightMatrix weights = WeightMatrix.Repack(stored.Matrix, pool);
        float[] decoded = new float[columns];
        float[] unit = new float[columns];
        for (int row = 0; row < rows; row += 4)
        {
            weights.DecodeRow(row, decoded);
            for (int column = 0; column < columns; column += 37)
            {
                // A unit vector picks one weight; alone in its block it is quantised without error up to one rounding of its scale.
                unit[column] = 1;
                float picked = ScalarProduct.Dot(stored.Matrix, row, unit);
                unit[column] = 0;
                Assert.Equal(picked, decoded[column], 1e-5f * Math.Max(1, Math.Abs(picked)));
            }
        }
    }

    [Fact]
    public void Stacked_matrices_are_their_rows_one_after_the_other()
    {
        using var pool = new WorkerPool(2);
        using var first = new StoredWeights(TensorType.Q4_K, 19, 256);
        using var second = new StoredWeights(TensorType.Q4_K, 30, 256, seed: 2);
        using WeightMatrix stacked = WeightMatrix.Stack([first.Matrix, second.Matrix], pool);
        float[] x = Rows(1, 256);
        float[] y = Multiply(stacked, x, 1, pool);
        for (int row = 0; row < 49; row++)
            Assert.Equal(row < 19 ? ScalarProduct.Dot(first.Matrix, row, x) : ScalarProduct.Dot(second.Matrix, row - 19, x), y[row]);
    }

    [Fact]
    public void A_product_can_be_added_to_what_is_there()
    {
        using var pool = new WorkerPool(2);
        using var stored = new StoredWeights(TensorType.Q8_0, 20, 64);
        using WeightMatrix weights = WeightMatrix.Repack(stored.Matrix, pool);
        float[] x = Rows(3, 64);
        float[] once = Multiply(weights, x, 3, pool);
        float[] twice = Multiply(weights, x, 3, pool, once);
        Assert.Equal(once.Select(value => value + value), twice);
    }

    [Fact]
    public void Products_allocate_nothing()
    {
        using var pool = new WorkerPool(2);
        using var stored = new StoredWeights(TensorType.Q8_0, 320, 256);
        using WeightMatrix weights = WeightMatrix.Repack(stored.Matrix, pool);
        using var activations = new Activations(4, 256, pool);
        using var product = new MatrixProduct(pool);
        float[] x = Rows(4, 256), y = new float[4 * 320];
        fixed (float* px = x, py = y)
        {
            long before = 0;
            for (int i = 0; i < 60; i++)
            {
                // Each count has its own code, whose first call may set something up.
                if (i == 10) before = GC.GetAllocatedBytesForCurrentThread();
                activations.Load(px, 1 + (i % 4), 256, 256);
                product.Multiply(weights, activations, py, 320);
            }
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    [Theory]
    [InlineData(TensorType.Q8_0, 34)]
    [InlineData(TensorType.Q4_0, 18)]
    [InlineData(TensorType.Q6_K, 210.0 / 8)]
    [InlineData(TensorType.Q4_K, 148.0 / 8)]
    public void Repacked_weights_take_the_room_of_the_file_or_a_little_more(TensorType type, double bytesPerBlock)
    {
        using var pool = new WorkerPool(1);
        using var stored = new StoredWeights(type, 64, 2048);
        using WeightMatrix weights = WeightMatrix.Repack(stored.Matrix, pool);
        Assert.Equal(bytesPerBlock * 64 * 2048 / 32, weights.ByteCount);
    }

    [Fact]
    public void A_forced_instruction_set_must_exist()
    {
        Assert.Equal(InstructionSet.Portable, InstructionSets.Choose("portable"));
        Assert.Equal(InstructionSets.Supported[0], InstructionSets.Choose(""));
        Assert.Contains("there are: avx512, avxvnni, avx2, portable", Assert.Throws<InputException>(() => InstructionSets.Choose("mmx")).Message, StringComparison.Ordinal);
        Assert.Contains("no instruction set", Assert.Throws<InputException>(() => InstructionSets.Choose("7")).Message, StringComparison.Ordinal);
    }

    public static TheoryData<TensorType> Types() => [.. TensorTypes.All];

    private static void AssertSameBits(TensorType type, InstructionSet set, int rows, int columns, int count, int workers)
    {
        using var pool = new WorkerPool(workers);
        using var stored = new StoredWeights(type, rows, columns);
        using WeightMatrix weights = WeightMatrix.Repack(stored.Matrix, pool, set);
        float[] x = Rows(count, columns);
        float[] y = Multiply(weights, x, count, pool);
        for (int t = 0; t < count; t++)
        {
            for (int row = 0; row < rows; row++)
            {
                float expected = ScalarProduct.Dot(stored.Matrix, row, x.AsSpan(t * columns, columns));
                Assert.True(BitConverter.SingleToInt32Bits(expected) == BitConverter.SingleToInt32Bits(y[(t * rows) + row]),
                    $"{type} {set} {rows}x{columns}, {count} rows, {workers} workers: row {row} of {t} is {y[(t * rows) + row]}, not {expected}");
            }
        }
    }

    private static float[] Multiply(WeightMatrix weights, float[] x, int count, WorkerPool pool, float[]? onto = null)
    {
        using var activations = new Activations(count, weights.Columns, pool);
        using var product = new MatrixProduct(pool);
        float[] y = onto is null ? new float[count * weights.Rows] : [.. onto];
        fixed (float* px = x, py = y)
        {
            activations.Load(px, count, weights.Columns, weights.Columns);
            product.Multiply(weights, activations, py, weights.Rows, add: onto is not null);
        }
        return y;
    }

    private static float[] Rows(int count, int columns)
    {
        RandomStream random = RandomStream.Root(7).Split("activations");
        // A block of zeros, a block with one giant and ordinary ones.
        return [.. Enumerable.Range(0, count * columns).Select(i => i % 256 < 32 ? 0f : (i % 301 == 0 ? 900f : 1f) * (float)((random.NextDouble() * 4) - 2))];
    }
}
