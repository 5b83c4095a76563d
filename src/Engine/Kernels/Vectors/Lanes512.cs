using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Orrery.Engine.Kernels.Vectors;

/// <summary>Sixteen lanes: one 512-bit vector (AVX-512).</summary>
internal readonly unsafe struct Lanes512 : ILanes<Lanes512>
{
    private readonly Vector512<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes512(Vector512<float> v) => _v = v;

    public static int Count => 16;

    public static Lanes512 Zero => new(Vector512<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 Load(float* source) => new(Vector512.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 Broadcast(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 LoadHalves(ushort* source)
    {
        Vector512<int> placed = (Vector512.WidenLower(Vector256.Load((short*)source).ToVector512Unsafe()) << Lanes.HalfShift) & Vector512.Create(Lanes.HalfMask);
        Vector512<float> value = placed.AsSingle() * Lanes.HalfRebias;
        Vector512<float> beyond = Vector512.GreaterThanOrEqual(Vector512.Abs(value), Vector512.Create(Lanes.HalfOverflow));
        return new(value | (beyond & Vector512.Create(Lanes.InfinityBits).AsSingle()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 LoadSignedBytes(sbyte* source) => new(Vector512.ConvertToSingle(Vector512.WidenLower(Vector256.WidenLower(Vector128.Load(source).ToVector256Unsafe()).ToVector512Unsafe())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 operator +(Lanes512 a, Lanes512 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 operator -(Lanes512 a, Lanes512 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 operator *(Lanes512 a, Lanes512 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 operator /(Lanes512 a, Lanes512 b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 Fma(Lanes512 a, Lanes512 b, Lanes512 c) => new(Vector512.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 Max(Lanes512 a, Lanes512 b) => new(Vector512.MaxNative(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 Abs(Lanes512 a) => new(Vector512.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 CopySign(Lanes512 size, Lanes512 sign) => new(Vector512.ConditionalSelect(Vector512.Create(Lanes.SignBit).AsSingle(), sign._v, size._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 SelectLess(Lanes512 a, Lanes512 b, Lanes512 whenLess, Lanes512 otherwise) =>
        new(Vector512.ConditionalSelect(Vector512.LessThan(a._v, b._v), whenLess._v, otherwise._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 PowerOfTwo(Lanes512 shifted) =>
        new(((Vector512.AsInt32(shifted._v) << Lanes.ExponentShift) + Vector512.Create(Lanes.OneBits)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes512 SwapPairs(Lanes512 a) =>
        new(Vector512.Shuffle(a._v, Vector512.Create(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes512 a) => Lanes256.Sum(new Lanes256(a._v.GetLower() + a._v.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(Lanes512 a) => Lanes256.Largest(new Lanes256(Vector256.MaxNative(a._v.GetLower(), a._v.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* target) => _v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreHalves(ushort* target)
    {
        Vector512<int> bits = _v.AsInt32();
        Vector512<int> size = bits & Vector512.Create(int.MaxValue);
        Vector512<int> odd = (size >> Lanes.HalfShift) & Vector512<int>.One;
        Vector512<int> normal = (size + Vector512.Create(Lanes.HalfRoundingAddend) + odd) >>> Lanes.HalfShift;
        // Adding one half shifts a subnormal half into the low bits, correctly rounded by the addition.
        Vector512<int> subnormal = (size.AsSingle() + Vector512.Create(0.5f)).AsInt32() - Vector512.Create(0.5f).AsInt32();
        Vector512<int> nan = Vector512.GreaterThan(size, Vector512.Create(Lanes.InfinityBits)) & Vector512.Create(Lanes.HalfQuietBit);
        Vector512<int> half = Vector512.ConditionalSelect(Vector512.LessThan(size, Vector512.Create(Lanes.SmallestNormalHalf)), subnormal, normal);
        half = Vector512.ConditionalSelect(Vector512.LessThan(size, Vector512.Create(Lanes.HalfOverflowBits)), half, Vector512.Create(Lanes.HalfInfinity) | nan);
        Vector512<ushort> narrow = Vector512.Narrow((half | ((bits >>> 16) & Vector512.Create(0x8000))).AsUInt32(), Vector512<uint>.Zero);
        narrow.GetLower().Store(target);
    }
}
