using System.Runtime.CompilerServices;

namespace Orrery.Engine.Kernels.Vectors;

/// <summary>Elementary functions over a lane group, made of exactly rounded steps so that every vector width gives the same bits.</summary>
/// <remarks>
/// Exponential: x = n ln 2 + r with |r| ≤ ln(2)/2, ln 2 in two parts (Cody and Waite 1980), and the Taylor polynomial of degree 7 in r, whose
/// remainder is below r^8/8! = 5e-9. The relative error is below 2e-7.
/// </remarks>
internal static class LaneMath
{
    /// <summary>Below this the exponential is zero (e^-87 = 1.6e-38 is the last power that is a normal number in all steps).</summary>
    public const float ExpFloor = -87f;

    /// <summary>Above this the exponential stays at e^88 = 1.7e38 instead of overflowing.</summary>
    public const float ExpCeiling = 88f;

    public const float InverseLn2 = 1.44269504f;

    /// <summary>The leading bits of ln 2: its product with a small integer is exact.</summary>
    public const float Ln2High = 0.693359375f;

    /// <summary>ln 2 less <see cref="Ln2High"/>.</summary>
    public const float Ln2Low = -2.12194440e-4f;

    /// <summary>Below this size tanh is its series; above it 1 - 2/(e^2x + 1) has lost no digits that matter.</summary>
    public const float TanhSeriesLimit = 0.3f;

    /// <summary>Factors 1/k! of the Taylor series of e^r, from k = 7 down to 2; those of k = 1 and 0 are one.</summary>
    public const float Exp7 = 1f / 5040f;
    public const float Exp6 = 1f / 720f;
    public const float Exp5 = 1f / 120f;
    public const float Exp4 = 1f / 24f;
    public const float Exp3 = 1f / 6f;
    public const float Exp2 = 1f / 2f;

    /// <summary>Factors of x^11, x^9 … x^3 in the Taylor series of tanh (Abramowitz and Stegun 4.5.64).</summary>
    public const float Tanh11 = -1382f / 155925f;
    public const float Tanh9 = 62f / 2835f;
    public const float Tanh7 = -17f / 315f;
    public const float Tanh5 = 2f / 15f;
    public const float Tanh3 = -1f / 3f;

    /// <summary>e^x; zero below <see cref="ExpFloor"/>, constant above <see cref="ExpCeiling"/>, NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Exp<T>(T x)
        where T : struct, ILanes<T>
    {
        T floor = T.Broadcast(ExpFloor);
        T ceiling = T.Broadcast(ExpCeiling);
        T bounded = T.SelectLess(ceiling, x, ceiling, x);
        T shift = T.Broadcast(Lanes.RoundingShift);
        T shifted = T.Fma(bounded, T.Broadcast(InverseLn2), shift);
        T n = shifted - shift;
        T r = T.Fma(n, T.Broadcast(-Ln2High), bounded);
        r = T.Fma(n, T.Broadcast(-Ln2Low), r);
        T p = T.Fma(T.Broadcast(Exp7), r, T.Broadcast(Exp6));
        p = T.Fma(p, r, T.Broadcast(Exp5));
        p = T.Fma(p, r, T.Broadcast(Exp4));
        p = T.Fma(p, r, T.Broadcast(Exp3));
        p = T.Fma(p, r, T.Broadcast(Exp2));
        T one = T.Broadcast(1f);
        p = T.Fma(p, r, one);
        p = T.Fma(p, r, one);
        return T.SelectLess(x, floor, T.Zero, p * T.PowerOfTwo(shifted));
    }

    /// <summary>tanh x with a relative error below 5e-7; NaN for NaN.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Tanh<T>(T x)
        where T : struct, ILanes<T>
    {
        T size = T.Abs(x);
        T square = x * x;
        T series = T.Fma(T.Broadcast(Tanh11), square, T.Broadcast(Tanh9));
        series = T.Fma(series, square, T.Broadcast(Tanh7));
        series = T.Fma(series, square, T.Broadcast(Tanh5));
        series = T.Fma(series, square, T.Broadcast(Tanh3));
        series = T.Fma(series * square, x, x);
        T one = T.Broadcast(1f);
        T two = T.Broadcast(2f);
        T large = T.CopySign(one - (two / (Exp(two * size) + one)), x);
        return T.SelectLess(size, T.Broadcast(TanhSeriesLimit), series, large);
    }
}
