using System.Runtime.CompilerServices;

namespace Orrery.Engine.Kernels.Vectors;

/// <summary>Two groups side by side, so that narrow vectors make up a group of sixteen lanes.</summary>
internal readonly unsafe struct LanePair<T> : ILanes<LanePair<T>>
    where T : struct, ILanes<T>
{
    private readonly T _low;
    private readonly T _high;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LanePair(T low, T high)
    {
        _low = low;
        _high = high;
    }

    public static int Count => 2 * T.Count;

    public static LanePair<T> Zero => new(T.Zero, T.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Load(float* source) => new(T.Load(source), T.Load(source + T.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Broadcast(float value) => new(T.Broadcast(value), T.Broadcast(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> LoadHalves(ushort* source) => new(T.LoadHalves(source), T.LoadHalves(source + T.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> LoadSignedBytes(sbyte* source) => new(T.LoadSignedBytes(source), T.LoadSignedBytes(source + T.Count));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> operator +(LanePair<T> a, LanePair<T> b) => new(a._low + b._low, a._high + b._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> operator -(LanePair<T> a, LanePair<T> b) => new(a._low - b._low, a._high - b._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> operator *(LanePair<T> a, LanePair<T> b) => new(a._low * b._low, a._high * b._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> operator /(LanePair<T> a, LanePair<T> b) => new(a._low / b._low, a._high / b._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Fma(LanePair<T> a, LanePair<T> b, LanePair<T> c) =>
        new(T.Fma(a._low, b._low, c._low), T.Fma(a._high, b._high, c._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Max(LanePair<T> a, LanePair<T> b) => new(T.Max(a._low, b._low), T.Max(a._high, b._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> Abs(LanePair<T> a) => new(T.Abs(a._low), T.Abs(a._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> CopySign(LanePair<T> size, LanePair<T> sign) =>
        new(T.CopySign(size._low, sign._low), T.CopySign(size._high, sign._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> SelectLess(LanePair<T> a, LanePair<T> b, LanePair<T> whenLess, LanePair<T> otherwise) =>
        new(T.SelectLess(a._low, b._low, whenLess._low, otherwise._low), T.SelectLess(a._high, b._high, whenLess._high, otherwise._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> PowerOfTwo(LanePair<T> shifted) => new(T.PowerOfTwo(shifted._low), T.PowerOfTwo(shifted._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static LanePair<T> SwapPairs(LanePair<T> a) => new(T.SwapPairs(a._low), T.SwapPairs(a._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(LanePair<T> a) => T.Sum(a._low + a._high);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(LanePair<T> a) => T.Largest(T.Max(a._low, a._high));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* target)
    {
        _low.Store(target);
        _high.Store(target + T.Count);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreHalves(ushort* target)
    {
        _low.StoreHalves(target);
        _high.StoreHalves(target + T.Count);
    }
}
