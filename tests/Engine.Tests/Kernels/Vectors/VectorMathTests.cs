using Orrery.Engine.Kernels.Vectors;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Kernels.Vectors;

public sealed unsafe class VectorMathTests
{
    public static TheoryData<int> Widths() => [.. Enum.GetValues<VectorWidth>().Select(width => (int)width)];

    public static TheoryData<int, int> WidthsAndLengths()
    {
        var cases = new TheoryData<int, int>();
        foreach (VectorWidth width in Enum.GetValues<VectorWidth>())
        {
            foreach (int length in new[] { 1, 3, 15, 16, 17, 64, 100, 2048 }) cases.Add((int)width, length);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(WidthsAndLengths))]
    public void Every_width_gives_the_bits_of_the_scalar_reference(int width, int length)
    {
        VectorOperations vectors = VectorOperations.For((VectorWidth)width);
        float[] a = Row("a", length, 20);
        float[] b = Row("b", length, 2);
        float[] weight = Row("w", length, 1);
        float[] y = new float[length + 1];
        y[length] = 77f;
        float[] expected = new float[length];
        fixed (float* pa = a, pb = b, pw = weight, py = y)
        {
            vectors.Exp(pa, length, py);
            Same(a.Select(ScalarMath.Exp), y);
            vectors.Tanh(pb, length, py);
            Same(b.Select(ScalarMath.Tanh), y);
            vectors.SoftCap(pa, length, 7f, py);
            Same(a.Select(x => ScalarMath.SoftCap(x, 7f)), y);
            vectors.SiluMultiply(pa, pb, length, py);
            Same(a.Zip(b, (g, u) => ScalarMath.Silu(g) * u), y);
            vectors.GeluMultiply(pb, pa, length, py);
            Same(b.Zip(a, (g, u) => ScalarMath.Gelu(g) * u), y);
            vectors.Add(pa, pb, length, py);
            Same(a.Zip(b, (x, z) => x + z), y);
            vectors.AddScaled(pa, pb, 0.3f, length, py);
            Same(a.Zip(b, (x, z) => MathF.FusedMultiplyAdd(z, 0.3f, x)), y);
            vectors.Multiply(pa, pb, length, py);
            Same(a.Zip(b, (x, z) => x * z), y);
            vectors.Scale(pa, length, 1.7f, py);
            Same(a.Select(x => x * 1.7f), y);
            vectors.RmsNorm(pa, pw, length, 1e-5f, py);
            ScalarMath.RmsNorm(a, weight, 1e-5f, expected);
            Same(expected, y);
            vectors.RmsNorm(pa, null, length, 1e-5f, py);
            ScalarMath.RmsNorm(a, [], 1e-5f, expected);
            Same(expected, y);
            vectors.Softmax(pa, length, py);
            a.CopyTo(expected, 0);
            ScalarMath.Softmax(expected);
            Same(expected, y);
            Assert.Equal(ScalarMath.Dot(a, b), vectors.Dot(pa, pb, length));
            Assert.Equal(a.Max(), vectors.Largest(pa, length));
        }
        Assert.Equal(77f, y[length]);
    }

    [Fact]
    public void The_exponential_is_within_two_ten_millionths()
    {
        double worst = 0;
        for (int i = 0; i <= 2_000_000; i++)
        {
            float x = -87f + (175f * i / 2_000_000f);
            double exact = Math.Exp(x);
            worst = Math.Max(worst, Math.Abs(ScalarMath.Exp(x) - exact) / exact);
        }
        Assert.InRange(worst, 0, 2e-7);
        Assert.Equal(1f, ScalarMath.Exp(0f));
        Assert.Equal(0f, ScalarMath.Exp(-87.01f));
        Assert.Equal(0f, ScalarMath.Exp(float.NegativeInfinity));
        Assert.Equal(ScalarMath.Exp(88f), ScalarMath.Exp(float.PositiveInfinity));
        Assert.True(float.IsNaN(ScalarMath.Exp(float.NaN)));
    }

    [Fact]
    public void The_hyperbolic_tangent_is_within_five_ten_millionths()
    {
        double worst = 0;
        for (int i = 1; i <= 400_000; i++)
        {
            float x = 12f * i / 400_000f;
            double exact = Math.Tanh(x);
            worst = Math.Max(worst, Math.Abs(ScalarMath.Tanh(x) - exact) / exact);
            Assert.Equal(-ScalarMath.Tanh(x), ScalarMath.Tanh(-x));
        }
        Assert.InRange(worst, 0, 5e-7);
        Assert.Equal(1f, ScalarMath.Tanh(float.PositiveInfinity));
        Assert.Equal(1e-20f, ScalarMath.Tanh(1e-20f));
    }

    [Fact]
    public void Gates_and_norms_follow_their_formulas()
    {
        float[] x = Row("x", 1000, 8);
        float[] y = new float[1000];
        float[] ones = [.. Enumerable.Repeat(1f, 1000)];
        VectorMath.SiluMultiply(x, ones, y);
        for (int i = 0; i < 1000; i++) Near(x[i] / (1 + Math.Exp(-x[i])), y[i], 1e-6);
        VectorMath.GeluMultiply(x, ones, y);
        for (int i = 0; i < 1000; i++)
        {
            double z = Math.Sqrt(2 / Math.PI) * (x[i] + (0.044715 * x[i] * x[i] * x[i]));
            Assert.Equal(0.5 * x[i] * (1 + Math.Tanh(z)), y[i], 2e-6);
        }
        VectorMath.RmsNorm(x, [], 1e-5f, y);
        double norm = 1 / Math.Sqrt(x.Average(v => (double)v * v) + 1e-5);
        for (int i = 0; i < 1000; i++) Near(x[i] * norm, y[i], 1e-6);
        x.CopyTo(y, 0);
        VectorMath.Softmax(y);
        double total = x.Sum(v => Math.Exp(v));
        for (int i = 0; i < 1000; i++) Near(Math.Exp(x[i]) / total, y[i], 2e-6);
        Assert.Equal(1.0, y.Sum(v => (double)v), 1e-6);
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void All_halves_widen_exactly_and_come_back(int width)
    {
        VectorOperations vectors = VectorOperations.For((VectorWidth)width);
        ushort[] halves = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        float[] singles = new float[65536];
        ushort[] back = new ushort[65536];
        fixed (ushort* ph = halves, pb = back)
        fixed (float* ps = singles)
        {
            vectors.WidenHalves(ph, 65536, ps);
            vectors.NarrowToHalves(ps, 65536, pb);
        }
        for (int i = 0; i < 65536; i++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf((ushort)i);
            if (float.IsNaN(expected))
            {
                Assert.True(float.IsNaN(singles[i]));
                Assert.True(Half.IsNaN(BitConverter.UInt16BitsToHalf(back[i])));
                continue;
            }
            Assert.Equal(BitConverter.SingleToInt32Bits(expected), BitConverter.SingleToInt32Bits(singles[i]));
            Assert.Equal((ushort)i, back[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Widths))]
    public void Narrowing_rounds_as_the_framework_does(int width)
    {
        VectorOperations vectors = VectorOperations.For((VectorWidth)width);
        RandomStream random = RandomStream.Root(5).Split("halves");
        var values = new List<float> { 0f, -0f, 65504f, 65519.996f, 65520f, 1e30f, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, 2.9802322e-8f, 2.9802326e-8f };
        // Every midpoint between neighbouring halves and its two neighbours.
        for (int i = 0; i < 0x7BFF; i++)
        {
            float middle = ((float)BitConverter.UInt16BitsToHalf((ushort)i) + (float)BitConverter.UInt16BitsToHalf((ushort)(i + 1))) / 2;
            values.AddRange([middle, MathF.BitIncrement(middle), -MathF.BitDecrement(middle)]);
        }
        for (int i = 0; i < 20_000; i++) values.Add(BitConverter.UInt32BitsToSingle((uint)random.NextUInt64()));
        float[] singles = [.. values.Where(v => !float.IsNaN(v))];
        ushort[] halves = new ushort[singles.Length];
        fixed (float* ps = singles)
        fixed (ushort* ph = halves) vectors.NarrowToHalves(ps, singles.Length, ph);
        for (int i = 0; i < singles.Length; i++) Assert.Equal(BitConverter.HalfToUInt16Bits((Half)singles[i]), halves[i]);
    }

    [Fact]
    public void Rows_of_different_lengths_are_refused() =>
        Assert.Throws<ArgumentException>(() => VectorMath.Add(new float[3], new float[4]));

    private static void Near(double expected, float measured, double relative) =>
        Assert.InRange(Math.Abs(measured - expected), 0, (Math.Abs(expected) * relative) + 1e-30);

    private static void Same(IEnumerable<float> expected, float[] measured)
    {
        int i = 0;
        foreach (float value in expected)
        {
            Assert.Equal(BitConverter.SingleToInt32Bits(value), BitConverter.SingleToInt32Bits(measured[i]));
            i++;
        }
    }

    private static float[] Row(string name, int length, double spread)
    {
        RandomStream random = RandomStream.Root(3).Split(name);
        return [.. Enumerable.Range(0, length).Select(_ => (float)(((random.NextDouble() * 2) - 1) * spread))];
    }
}
