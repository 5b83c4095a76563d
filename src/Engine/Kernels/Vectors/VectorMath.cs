namespace Orrery.Engine.Kernels.Vectors;

/// <summary>Element-wise operations on rows of activations. The target may be the source itself; partly overlapping rows are not allowed.</summary>
/// <remarks>
/// Results do not depend on the vector width: sums run in sixteen lanes (element i in lane i mod 16) that a fixed tree adds up, and the
/// exponential is the library's own. <see cref="ScalarMath"/> does the same, one element at a time. Rows of different lengths are a caller's
/// mistake and throw <see cref="ArgumentException"/>.
/// </remarks>
public static unsafe class VectorMath
{
    private static readonly VectorOperations Best = VectorOperations.For(VectorOperations.BestWidth);

    /// <summary>y = x / sqrt(mean(x²) + epsilon), times the weight where one is given.</summary>
    /// <remarks>Source: Zhang and Sennrich 2019, root mean square layer normalisation, equation 4 (c).</remarks>
    /// <param name="weight">As long as x, or empty for none.</param>
    public static void RmsNorm(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        if (!weight.IsEmpty) RequireEqual(x.Length, weight.Length);
        fixed (float* px = x, pw = weight, py = y) Best.RmsNorm(px, pw, x.Length, epsilon, py);
    }

    /// <summary>y = gate / (1 + e^-gate) * up: the gated unit of llama models (Shazeer 2020, SwiGLU) (c).</summary>
    public static void SiluMultiply(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        RequireEqual(gate.Length, y.Length);
        RequireEqual(up.Length, y.Length);
        fixed (float* pg = gate, pu = up, py = y) Best.SiluMultiply(pg, pu, y.Length, py);
    }

    /// <summary>y = gate/2 (1 + tanh(sqrt(2/pi) (gate + 0.044715 gate³))) * up: the gated unit of gemma models (GEGLU).</summary>
    public static void GeluMultiply(ReadOnlySpan<float> gate, ReadOnlySpan<float> up, Span<float> y)
    {
        RequireEqual(gate.Length, y.Length);
        RequireEqual(up.Length, y.Length);
        fixed (float* pg = gate, pu = up, py = y) Best.GeluMultiply(pg, pu, y.Length, py);
    }

    /// <summary>x = cap * tanh(x / cap), in place (Gemma 2 report, section 2, logit soft-capping) (c).</summary>
    public static void SoftCap(Span<float> x, float cap)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(cap);
        fixed (float* px = x) Best.SoftCap(px, x.Length, cap, px);
    }

    /// <summary>x = e^(x - max) / sum of these, in place.</summary>
    public static void Softmax(Span<float> x)
    {
        fixed (float* px = x) Best.Softmax(px, x.Length, px);
    }

    /// <summary>y = e^x; relative error below 2e-7, zero below -87, constant above 88.</summary>
    public static void Exp(ReadOnlySpan<float> x, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        fixed (float* px = x, py = y) Best.Exp(px, x.Length, py);
    }

    /// <summary>y = tanh x; relative error below 5e-7.</summary>
    public static void Tanh(ReadOnlySpan<float> x, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        fixed (float* px = x, py = y) Best.Tanh(px, x.Length, py);
    }

    /// <summary>y += x.</summary>
    public static void Add(ReadOnlySpan<float> x, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        fixed (float* px = x, py = y) Best.Add(py, px, x.Length, py);
    }

    /// <summary>y += factor * x, rounded once per element.</summary>
    public static void AddScaled(ReadOnlySpan<float> x, float factor, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        fixed (float* px = x, py = y) Best.AddScaled(py, px, factor, x.Length, py);
    }

    /// <summary>y *= x.</summary>
    public static void Multiply(ReadOnlySpan<float> x, Span<float> y)
    {
        RequireEqual(x.Length, y.Length);
        fixed (float* px = x, py = y) Best.Multiply(py, px, x.Length, py);
    }

    /// <summary>x *= factor.</summary>
    public static void Scale(Span<float> x, float factor)
    {
        fixed (float* px = x) Best.Scale(px, x.Length, factor, px);
    }

    /// <summary>Sum of a * b.</summary>
    public static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        RequireEqual(a.Length, b.Length);
        fixed (float* pa = a, pb = b) return Best.Dot(pa, pb, a.Length);
    }

    /// <summary>The greatest element; negative infinity of an empty row.</summary>
    public static float Largest(ReadOnlySpan<float> x)
    {
        fixed (float* px = x) return Best.Largest(px, x.Length);
    }

    /// <summary>Half precision to single precision, exactly.</summary>
    /// <param name="halves">The bits of the halves.</param>
    public static void WidenHalves(ReadOnlySpan<ushort> halves, Span<float> y)
    {
        RequireEqual(halves.Length, y.Length);
        fixed (ushort* px = halves)
        fixed (float* py = y) Best.WidenHalves(px, y.Length, py);
    }

    /// <summary>Single precision to half precision, to the nearest, ties to even; too large becomes infinite.</summary>
    public static void NarrowToHalves(ReadOnlySpan<float> x, Span<ushort> halves)
    {
        RequireEqual(x.Length, halves.Length);
        fixed (float* px = x)
        fixed (ushort* py = halves) Best.NarrowToHalves(px, x.Length, py);
    }

    private static void RequireEqual(int length, int other)
    {
        if (length != other) throw new ArgumentException($"rows of {length} and {other} elements do not match");
    }
}
