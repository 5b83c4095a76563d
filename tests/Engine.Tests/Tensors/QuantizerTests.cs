using FsCheck;
using FsCheck.Fluent;
using Orrery.Engine.Gguf;
using Orrery.Engine.Tensors;
using Orrery.Kernel.Random;
using Orrery.Testing.Data;

namespace Orrery.Engine.Tests.Tensors;

public sealed class QuantizerTests
{
    private const int Count = 1024;

    public static TheoryData<TensorType> Types() => [.. TensorTypes.All];

    /// <summary>Root mean square error over 1024 normal numbers, relative to their size.</summary>
    /// <remarks>Bounds: step / sqrt(12) with the step that the range of a block of normal numbers needs, rounded up.</remarks>
    [Theory]
    [InlineData(TensorType.F32, 0)]
    [InlineData(TensorType.F16, 0.0003)]
    [InlineData(TensorType.BF16, 0.003)]
    [InlineData(TensorType.Q8_0, 0.007)]
    [InlineData(TensorType.Q6_K, 0.022)]
    [InlineData(TensorType.Q5_0, 0.05)]
    [InlineData(TensorType.Q5_1, 0.045)]
    [InlineData(TensorType.Q5_K, 0.045)]
    [InlineData(TensorType.Q4_0, 0.095)]
    [InlineData(TensorType.Q4_1, 0.09)]
    [InlineData(TensorType.Q4_K, 0.085)]
    [InlineData(TensorType.Q3_K, 0.17)]
    [InlineData(TensorType.Q2_K, 0.30)]
    public void The_error_on_normal_numbers_is_small(TensorType type, double bound)
    {
        float[] values = Normal(1, Count);
        double error = RelativeError(values, RoundTrip(type, values));
        Assert.True(error <= bound, $"{type}: {error}");
        Assert.True(error >= bound / 2, $"{type}: {error} is far below {bound}: tighten it");
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Zeros_stay_zeros(TensorType type) => Assert.All(RoundTrip(type, new float[256]), value => Assert.Equal(0f, value));

    [Theory]
    [MemberData(nameof(Types))]
    public void A_constant_row_comes_back(TensorType type)
    {
        foreach (float constant in (float[])[1f, -1f, 0.37f, -123.4f])
        {
            float[] values = Enumerable.Repeat(constant, 256).ToArray();
            // Half-precision scales (2^-11) and their product with small integers.
            Assert.All(RoundTrip(type, values), value => Assert.Equal(constant, value, MathF.Abs(constant) * 4e-3f));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void Extreme_numbers_stay_finite(TensorType type)
    {
        float[] extremes = [float.MaxValue, float.MinValue, float.Epsilon, -float.Epsilon, 1e-38f, 65504f, 70000f, 1e30f, -1e-30f, 0f];
        RandomStream random = RandomStream.Root(3);
        for (int round = 0; round < 200; round++)
        {
            float[] values = new float[256];
            for (int i = 0; i < values.Length; i++) values[i] = extremes[random.NextInt(extremes.Length)];
            Assert.All(RoundTrip(type, values), value => Assert.True(float.IsFinite(value)));
        }
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void What_is_no_number_is_refused(TensorType type)
    {
        foreach (float bad in (float[])[float.NaN, float.PositiveInfinity])
        {
            float[] values = new float[256];
            values[77] = bad;
            Assert.Throws<ArgumentException>(() => RoundTrip(type, values));
        }
    }

    /// <summary>A block that this library wrote is found again bit for bit in the types whose scale is the block's own.</summary>
    [Theory]
    [InlineData(TensorType.F32)]
    [InlineData(TensorType.F16)]
    [InlineData(TensorType.BF16)]
    [InlineData(TensorType.Q8_0)]
    [InlineData(TensorType.Q4_0)]
    [InlineData(TensorType.Q4_1)]
    [InlineData(TensorType.Q5_0)]
    [InlineData(TensorType.Q5_1)]
    public void Encoding_twice_changes_nothing(TensorType type)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            float[] once = RoundTrip(type, Normal((ulong)seed, Count));
            Assert.Equal(once, RoundTrip(type, once));
        }
    }

    /// <summary>Super-blocks round their scales too: what comes back the second time differs by much less than the first time.</summary>
    [Theory]
    [InlineData(TensorType.Q2_K)]
    [InlineData(TensorType.Q3_K)]
    [InlineData(TensorType.Q4_K)]
    [InlineData(TensorType.Q5_K)]
    [InlineData(TensorType.Q6_K)]
    public void Encoding_a_super_block_twice_changes_little(TensorType type)
    {
        for (int seed = 0; seed < 20; seed++)
        {
            float[] values = Normal((ulong)seed, Count);
            float[] once = RoundTrip(type, values);
            Assert.InRange(RelativeError(once, RoundTrip(type, once)), 0, 0.75 * RelativeError(values, once));
        }
    }

    /// <summary>Every code of every super-block can be written where it is read: blocks of random bits, taken apart and put together.</summary>
    [Theory]
    [InlineData(TensorType.Q2_K)]
    [InlineData(TensorType.Q3_K)]
    [InlineData(TensorType.Q4_K)]
    [InlineData(TensorType.Q5_K)]
    [InlineData(TensorType.Q6_K)]
    public void Packing_is_the_inverse_of_unpacking(TensorType type)
    {
        RandomStream random = RandomStream.Root(9);
        byte[] block = new byte[type.BlockBytes()];
        byte[] codes = new byte[256];
        int[] scales = new int[16];
        int[] minima = new int[16];
        for (int round = 0; round < 100; round++)
        {
            for (int i = 0; i < block.Length; i++) block[i] = (byte)random.NextInt(256);
            SuperBlocks.ReadCodes(type, block, codes);
            SuperBlocks.ReadScales(type, block, scales, minima);
            byte[] again = new byte[block.Length];
            int at = SuperBlocks.ScaleAt(type);
            int halves = SuperBlocks.HasMinimum(type) ? 4 : 2;
            block.AsSpan(at, halves).CopyTo(again.AsSpan(at));
            SuperBlocks.WriteCodes(type, codes, again);
            SuperBlocks.WriteScales(type, scales, minima, again);
            Assert.Equal(block, again);
        }
    }

    /// <summary>The search never does worse than the plain rule: outermost number on the outermost code.</summary>
    [Fact]
    public void The_search_of_Q4_0_beats_plain_rounding() => Prop.ForAll(
        ArbMap.Default.ArbFor<int>(),
        seed =>
        {
            float[] values = Normal((ulong)seed, 32);
            float extreme = values.MaxBy(MathF.Abs);
            float scale = (float)(Half)(extreme / -8);
            float[] plain = [.. values.Select(value => scale * Math.Clamp(MathF.Round(value / scale), -8, 7))];
            return RelativeError(values, RoundTrip(TensorType.Q4_0, values)) <= RelativeError(values, plain) + 1e-6;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Half_a_step_is_the_largest_error_of_Q8_0()
    {
        float[] values = Normal(5, Count);
        float[] back = RoundTrip(TensorType.Q8_0, values);
        for (int b = 0; b < Count; b += 32)
        {
            float step = values.AsSpan(b, 32).ToArray().Max(MathF.Abs) / 127;
            // The half-precision scale may be off by 2^-11.
            for (int i = b; i < b + 32; i++) Assert.InRange(MathF.Abs(values[i] - back[i]), 0, 0.5f * step + 127 * step / 2048);
        }
    }

    /// <summary>Against files that another quantiser wrote from the same weights: our error is not larger than theirs, within half a percent.</summary>
    [Theory]
    [InlineData("rq-Q8_0.gguf")]
    [InlineData("rq-Q4_0.gguf")]
    [InlineData("rq-Q6_K.gguf")]
    [InlineData("rq-Q5_K_M.gguf")]
    [InlineData("rq-Q4_K_M.gguf")]
    public void Our_error_is_not_larger_than_that_of_another_quantiser(string name)
    {
        string? coarse = PublicData.Find("random-gguf", name);
        string? fine = PublicData.Find("random-gguf", "rq-f16.gguf");
        Assert.SkipWhen(coarse is null || fine is null, "the public data are not here");
        using GgufFile file = GgufFile.Open(coarse!);
        using GgufFile reference = GgufFile.Open(fine!);
        foreach (IGrouping<TensorType, GgufTensor> group in file.Tensors.Where(tensor => tensor.Type.IsQuantized()).GroupBy(tensor => tensor.Type))
        {
            double theirs = 0;
            double ours = 0;
            foreach (GgufTensor tensor in group)
            {
                float[] exact = reference.Find(tensor.Name)!.ToSingles();
                theirs += Math.Pow(RelativeError(exact, tensor.ToSingles()), 2);
                ours += Math.Pow(RelativeError(exact, RoundTrip(group.Key, exact)), 2);
            }
            // Measured 0.966 (Q4_0) to 1.001 (Q4_K).
            Assert.True(Math.Sqrt(ours / theirs) <= 1.005, $"{group.Key}: {Math.Sqrt(ours / theirs)} of the other's error");
        }
    }

    private static float[] RoundTrip(TensorType type, float[] values)
    {
        byte[] blocks = new byte[type.RowBytes(values.Length)];
        Quantizer.Encode(type, values, blocks);
        float[] back = new float[values.Length];
        Dequantizer.Decode(type, blocks, back);
        return back;
    }

    private static float[] Normal(ulong seed, int count)
    {
        RandomStream random = RandomStream.Root(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float)(Math.Sqrt(-2 * Math.Log(random.NextPositive())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        return values;
    }

    private static double RelativeError(float[] expected, float[] got)
    {
        double error = 0;
        double size = 0;
        for (int i = 0; i < got.Length; i++)
        {
            error += Math.Pow((double)got[i] - expected[i], 2);
            size += Math.Pow(expected[i], 2);
        }
        return Math.Sqrt(error / size);
    }
}
