using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Orrery.Engine.Kernels.Vectors;

/// <summary>Four lanes: one 128-bit vector (SSE4 and FMA, Arm NEON).</summary>
internal readonly unsafe struct Lanes128 : ILanes<Lanes128>
{
    private readonly Vector128<float> _v;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Lanes128(Vector128<float> v) => _v = v;

    public static int Count => 4;

    public static Lanes128 Zero => new(Vector128<float>.Zero);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Load(float* source) => new(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Broadcast(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 LoadHalves(ushort* source)
    {
        Vector128<int> placed = (Vector128.WidenLower(Vector64.Load((short*)source).ToVector128Unsafe()) << Lanes.HalfShift) & Vector128.Create(Lanes.HalfMask);
        Vector128<float> value = placed.AsSingle() * Lanes.HalfRebias;
        Vector128<float> beyond = Vector128.GreaterThanOrEqual(Vector128.Abs(value), Vector128.Create(Lanes.HalfOverflow));
        return new(value | (beyond & Vector128.Create(Lanes.InfinityBits).AsSingle()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 LoadSignedBytes(sbyte* source) => new(Vector128.ConvertToSingle(Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(System.Runtime.CompilerServices.Unsafe.ReadUnaligned<int>(source)).AsSByte()))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator +(Lanes128 a, Lanes128 b) => new(a._v + b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator -(Lanes128 a, Lanes128 b) => new(a._v - b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator *(Lanes128 a, Lanes128 b) => new(a._v * b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 operator /(Lanes128 a, Lanes128 b) => new(a._v / b._v);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Fma(Lanes128 a, Lanes128 b, Lanes128 c) => new(Vector128.FusedMultiplyAdd(a._v, b._v, c._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Max(Lanes128 a, Lanes128 b) => new(Vector128.MaxNative(a._v, b._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 Abs(Lanes128 a) => new(Vector128.Abs(a._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 CopySign(Lanes128 size, Lanes128 sign) => new(Vector128.ConditionalSelect(Vector128.Create(Lanes.SignBit).AsSingle(), sign._v, size._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 SelectLess(Lanes128 a, Lanes128 b, Lanes128 whenLess, Lanes128 otherwise) =>
        new(Vector128.ConditionalSelect(Vector128.LessThan(a._v, b._v), whenLess._v, otherwise._v));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 PowerOfTwo(Lanes128 shifted) =>
        new(((Vector128.AsInt32(shifted._v) << Lanes.ExponentShift) + Vector128.Create(Lanes.OneBits)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes128 SwapPairs(Lanes128 a) =>
        new(Vector128.Shuffle(a._v, Vector128.Create(1, 0, 3, 2)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Lanes128 a) => (a._v[0] + a._v[2]) + (a._v[1] + a._v[3]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest(Lanes128 a) => MathF.Max(MathF.Max(a._v[0], a._v[2]), MathF.Max(a._v[1], a._v[3]));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* target) => _v.Store(target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void StoreHalves(ushort* target)
    {
        Vector128<int> bits = _v.AsInt32();
        Vector128<int> size = bits & Vector128.Create(int.MaxValue);
        Vector128<int> odd = (size >> Lanes.HalfShift) & Vector128<int>.One;
        Vector128<int> normal = (size + Vector128.Create(Lanes.HalfRoundingAddend) + odd) >>> Lanes.HalfShift;
        // Adding one half shifts a subnormal half into the low bits, correctly rounded by the addition.
        Vector128<int> subnormal = (size.AsSingle() + Vector128.Create(0.5f)).AsInt32() - Vector128.Create(0.5f).AsInt32();
        Vector128<int> nan = Vector128.GreaterThan(size, Vector128.Create(Lanes.InfinityBits)) & Vector128.Create(Lanes.HalfQuietBit);
        Vector128<int> half = Vector128.ConditionalSelect(Vector128.LessThan(size, Vector128.Create(Lanes.SmallestNormalHalf)), subnormal, normal);
        half = Vector128.ConditionalSelect(Vector128.LessThan(size, Vector128.Create(Lanes.HalfOverflowBits)), half, Vector128.Create(Lanes.HalfInfinity) | nan);
        Vector128<ushort> narrow = Vector128.Narrow((half | ((bits >>> 16) & Vector128.Create(0x8000))).AsUInt32(), Vector128<uint>.Zero);
        narrow.GetLower().Store(target);
    }
}
