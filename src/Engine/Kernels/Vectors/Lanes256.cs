using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Orrery.Engine.Kernels.Vectors;

/// <summary>Eight lanes: one 256-bit vector (AVX2 and FMA).</summary>
internal readonly unsafe struct Lanes256 : ILanes<Lanes256>
{
    private readonly Vector256<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes256(Vector256<float> v) => _v = v;

    public static int Count => 8;

    public static Lanes256 Zero => new(Vector256<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Load(float* source) => new(Vector256.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Broadcast(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 LoadHalves(ushort* source)
    {
        Vector256<int> placed = (Vector256.WidenLower(Vector128.Load((short*)source).ToVector256Unsafe()) << Lanes.HalfShift) & Vector256.Create(Lanes.HalfMask);
        Vector256<float> value = placed.AsSingle() * Lanes.HalfRebias;
        Vector256<float> beyond = Vector256.GreaterThanOrEqual(Vector256.Abs(value), Vector256.Create(Lanes.HalfOverflow));
        return new(value | (beyond & Vector256.Create(Lanes.InfinityBits).AsSingle()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 LoadSignedBytes(sbyte* source) => new(Vector256.ConvertToSingle(Vector256.WidenLower(Vector128.WidenLower(Vector64.Load(source).ToVector128Unsafe()).ToVector256Unsafe())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator +(Lanes256 a, Lanes256 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator -(Lanes256 a, Lanes256 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator *(Lanes256 a, Lanes256 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 operator /(Lanes256 a, Lanes256 b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Fma(Lanes256 a, Lanes256 b, Lanes256 c) => new(Vector256.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Max(Lanes256 a, Lanes256 b) => new(Vector256.MaxNative(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 Abs(Lanes256 a) => new(Vector256.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 CopySign(Lanes256 size, Lanes256 sign) => new(Vector256.ConditionalSelect(Vector256.Create(Lanes.SignBit).AsSingle(), sign._v, size._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 SelectLess(Lanes256 a, Lanes256 b, Lanes256 whenLess, Lanes256 otherwise) =>
        new(Vector256.ConditionalSelect(Vector256.LessThan(a._v, b._v), whenLess._v, otherwise._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 PowerOfTwo(Lanes256 shifted) =>
        new(((Vector256.AsInt32(shifted._v) << Lanes.ExponentShift) + Vector256.Create(Lanes.OneBits)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes256 SwapPairs(Lanes256 a) =>
        new(Vector256.Shuffle(a._v, Vector256.Create(1, 0, 3, 2, 5, 4, 7, 6)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes256 a) => Lanes128.Sum(new Lanes128(a._v.GetLower() + a._v.GetUpper()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(Lanes256 a) => Lanes128.Largest(new Lanes128(Vector128.MaxNative(a._v.GetLower(), a._v.GetUpper())));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* target) => _v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreHalves(ushort* target)
    {
        Vector256<int> bits = _v.AsInt32();
        Vector256<int> size = bits & Vector256.Create(int.MaxValue);
        Vector256<int> odd = (size >> Lanes.HalfShift) & Vector256<int>.One;
        Vector256<int> normal = (size + Vector256.Create(Lanes.HalfRoundingAddend) + odd) >>> Lanes.HalfShift;
        // Adding one half shifts a subnormal half into the low bits, correctly rounded by the addition.
        Vector256<int> subnormal = (size.AsSingle() + Vector256.Create(0.5f)).AsInt32() - Vector256.Create(0.5f).AsInt32();
        Vector256<int> nan = Vector256.GreaterThan(size, Vector256.Create(Lanes.InfinityBits)) & Vector256.Create(Lanes.HalfQuietBit);
        Vector256<int> half = Vector256.ConditionalSelect(Vector256.LessThan(size, Vector256.Create(Lanes.SmallestNormalHalf)), subnormal, normal);
        half = Vector256.ConditionalSelect(Vector256.LessThan(size, Vector256.Create(Lanes.HalfOverflowBits)), half, Vector256.Create(Lanes.HalfInfinity) | nan);
        Vector256<ushort> narrow = Vector256.Narrow((half | ((bits >>> 16) & Vector256.Create(0x8000))).AsUInt32(), Vector256<uint>.Zero);
        narrow.GetLower().Store(target);
    }
}
