using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector512<int>;

namespace Orrery.Engine.Kernels.Instructions;

/// <summary>Sixteen rows a vector: AVX-512 F and BW.</summary>
internal readonly unsafe struct Avx512Instructions : IInstructions<Vec>
{
    /// <summary>2^112: moves the exponent of a half, read as a single's bits, to where it belongs; exact for subnormal halves too.</summary>
    private const float HalfExponent = 5.192296858534828e33f;

    public static int Count => Vec.Count;

    public static Vec Zero => Vec.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Load(void* source) => Vector512.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(void* target, Vec value) => Vector512.Store(value, (int*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Broadcast(int value) => Vector512.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Broadcast(void* source) => Vector512.Create(*(int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec MultiplyAddPairs(Vec weights, Vec pairs, Vec sum) => Avx512BW.MultiplyAddAdjacent(weights.AsInt16(), pairs.AsInt16()) + sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Add32(Vec a, Vec b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Subtract16(Vec a, Vec b) => (a.AsInt16() - b.AsInt16()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec And(Vec a, Vec b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Or(Vec a, Vec b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ShiftRight16(Vec value, int bits) => Vector512.ShiftRightLogical(value.AsUInt16(), bits).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ShiftLeft16(Vec value, int bits) => Vector512.ShiftLeft(value.AsUInt16(), bits).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ToSingle(Vec integers) => Vector512.ConvertToSingle(integers).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec AddSingle(Vec a, Vec b) => (a.AsSingle() + b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Multiply(Vec a, Vec b) => (a.AsSingle() * b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec MultiplyAdd(Vec a, Vec b, Vec c) => Vector512.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadBytes(byte* source) => Avx512F.ConvertToVector512Int32(Vector128.Load(source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadSignedBytes(byte* source) => Avx512F.ConvertToVector512Int32(Vector128.Load((sbyte*)source));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadHalves(ushort* source)
    {
        Vec bits = Avx512F.ConvertToVector512Int32(Vector256.Load(source));
        Vec sign = Vector512.ShiftLeft(bits & Vector512.Create(0x8000), 16);
        Vec magnitude = Vector512.ShiftLeft(bits & Vector512.Create(0x7FFF), 13);
        return (magnitude.AsSingle() * Vector512.Create(HalfExponent)).AsInt32() | sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadBrainFloats(ushort* source) => Vector512.ShiftLeft(Avx512F.ConvertToVector512Int32(Vector256.Load(source)), 16);
}
