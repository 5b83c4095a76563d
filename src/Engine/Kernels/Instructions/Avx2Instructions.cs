using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector256<int>;

namespace Orrery.Engine.Kernels.Instructions;

/// <summary>Eight rows a vector: AVX2 and FMA.</summary>
internal readonly unsafe struct Avx2Instructions : IInstructions<Vec>
{
    /// <summary>2^112: moves the exponent of a half, read as a single's bits, to where it belongs; exact for subnormal halves too.</summary>
    private const float HalfExponent = 5.192296858534828e33f;

    public static int Count => Vec.Count;

    public static Vec Zero => Vec.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Load(void* source) => Vector256.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(void* target, Vec value) => Vector256.Store(value, (int*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Broadcast(int value) => Vector256.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Broadcast(void* source) => Vector256.Create(*(int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec MultiplyAddPairs(Vec weights, Vec pairs, Vec sum) => Avx2.MultiplyAddAdjacent(weights.AsInt16(), pairs.AsInt16()) + sum;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Add32(Vec a, Vec b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Subtract16(Vec a, Vec b) => (a.AsInt16() - b.AsInt16()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec And(Vec a, Vec b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Or(Vec a, Vec b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ShiftRight16(Vec value, int bits) => Vector256.ShiftRightLogical(value.AsUInt16(), bits).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ShiftLeft16(Vec value, int bits) => Vector256.ShiftLeft(value.AsUInt16(), bits).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ToSingle(Vec integers) => Vector256.ConvertToSingle(integers).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec AddSingle(Vec a, Vec b) => (a.AsSingle() + b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Multiply(Vec a, Vec b) => (a.AsSingle() * b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec MultiplyAdd(Vec a, Vec b, Vec c) => Vector256.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadBytes(byte* source) => Avx2.ConvertToVector256Int32(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadSignedBytes(byte* source) => Avx2.ConvertToVector256Int32((sbyte*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadHalves(ushort* source)
    {
        Vec bits = Avx2.ConvertToVector256Int32(source);
        Vec sign = Vector256.ShiftLeft(bits & Vector256.Create(0x8000), 16);
        Vec magnitude = Vector256.ShiftLeft(bits & Vector256.Create(0x7FFF), 13);
        return (magnitude.AsSingle() * Vector256.Create(HalfExponent)).AsInt32() | sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadBrainFloats(ushort* source) => Vector256.ShiftLeft(Avx2.ConvertToVector256Int32(source), 16);
}
