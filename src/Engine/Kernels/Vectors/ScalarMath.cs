namespace Orrery.Engine.Kernels.Vectors;

/// <summary>The reference of <see cref="VectorMath"/>: plain loops, one element at a time, the same bits.</summary>
public static class ScalarMath
{
    public static float Exp(float x)
    {
        float bounded = x > LaneMath.ExpCeiling ? LaneMath.ExpCeiling : x;
        float shifted = MathF.FusedMultiplyAdd(bounded, LaneMath.InverseLn2, Lanes.RoundingShift);
        float n = shifted - Lanes.RoundingShift;
        float r = MathF.FusedMultiplyAdd(n, -LaneMath.Ln2High, bounded);
        r = MathF.FusedMultiplyAdd(n, -LaneMath.Ln2Low, r);
        float p = MathF.FusedMultiplyAdd(LaneMath.Exp7, r, LaneMath.Exp6);
        p = MathF.FusedMultiplyAdd(p, r, LaneMath.Exp5);
        p = MathF.FusedMultiplyAdd(p, r, LaneMath.Exp4);
        p = MathF.FusedMultiplyAdd(p, r, LaneMath.Exp3);
        p = MathF.FusedMultiplyAdd(p, r, LaneMath.Exp2);
        p = MathF.FusedMultiplyAdd(p, r, 1f);
        p = MathF.FusedMultiplyAdd(p, r, 1f);
        int power = (BitConverter.SingleToInt32Bits(shifted) << Lanes.ExponentShift) + Lanes.OneBits;
        return x < LaneMath.ExpFloor ? 0f : p * BitConverter.Int32BitsToSingle(power);
    }

    public static float Tanh(float x)
    {
        float size = MathF.Abs(x);
        if (!(size < LaneMath.TanhSeriesLimit)) return MathF.CopySign(1f - (2f / (Exp(2f * size) + 1f)), x);
        float square = x * x;
        float series = MathF.FusedMultiplyAdd(LaneMath.Tanh11, square, LaneMath.Tanh9);
        series = MathF.FusedMultiplyAdd(series, square, LaneMath.Tanh7);
        series = MathF.FusedMultiplyAdd(series, square, LaneMath.Tanh5);
        series = MathF.FusedMultiplyAdd(series, square, LaneMath.Tanh3);
        return MathF.FusedMultiplyAdd(series * square, x, x);
    }

    public static float Silu(float x) => x / (1f + Exp(0f - x));

    public static float Gelu(float x)
    {
        float inner = MathF.FusedMultiplyAdd(GeluMultiplyOperator<Lanes128>.Cubic, x * x, 1f);
        return x / (1f + Exp(GeluMultiplyOperator<Lanes128>.Slope * x * inner));
    }

    public static float SoftCap(float x, float cap) => cap * Tanh(x / cap);

    public static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Span<float> lanes = stackalloc float[Lanes.Count];
        lanes.Clear();
        for (int i = 0; i < a.Length; i++) lanes[i % Lanes.Count] = MathF.FusedMultiplyAdd(a[i], b[i], lanes[i % Lanes.Count]);
        return SumOfLanes(lanes);
    }

    public static void RmsNorm(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, float epsilon, Span<float> y)
    {
        float factor = 1f / MathF.Sqrt((Dot(x, x) / x.Length) + epsilon);
        for (int i = 0; i < x.Length; i++)
        {
            y[i] = x[i] * factor;
            if (!weight.IsEmpty) y[i] *= weight[i];
        }
    }

    public static void Softmax(Span<float> x)
    {
        float largest = float.NegativeInfinity;
        foreach (float value in x) largest = Math.Max(largest, value);
        Span<float> lanes = stackalloc float[Lanes.Count];
        lanes.Clear();
        for (int i = 0; i < x.Length; i++)
        {
            x[i] = Exp(x[i] - largest);
            lanes[i % Lanes.Count] += x[i];
        }
        float sum = SumOfLanes(lanes);
        for (int i = 0; i < x.Length; i++) x[i] /= sum;
    }

    /// <summary>Adds the upper half to the lower half until one lane is left.</summary>
    internal static float SumOfLanes(ReadOnlySpan<float> lanes)
    {
        Span<float> sums = stackalloc float[Lanes.Count];
        lanes.CopyTo(sums);
        for (int half = Lanes.Count / 2; half > 0; half /= 2)
        {
            for (int i = 0; i < half; i++) sums[i] += sums[i + half];
        }
        return sums[0];
    }
}
