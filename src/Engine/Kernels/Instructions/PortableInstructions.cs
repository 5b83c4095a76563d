using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Vec = System.Runtime.Intrinsics.Vector128<int>;

namespace Orrery.Engine.Kernels.Instructions;

/// <summary>Four rows a vector: the framework's portable operations, which are NEON on Arm and SSE on older x86.</summary>
internal readonly unsafe struct PortableInstructions : IInstructions<Vec>
{
    /// <summary>2^112: moves the exponent of a half, read as a single's bits, to where it belongs; exact for subnormal halves too.</summary>
    private const float HalfExponent = 5.192296858534828e33f;

    public static int Count => Vec.Count;

    public static Vec Zero => Vec.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Load(void* source) => Vector128.Load((int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(void* target, Vec value) => Vector128.Store(value, (int*)target);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Broadcast(int value) => Vector128.Create(value);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Broadcast(void* source) => Vector128.Create(*(int*)source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec MultiplyAddPairs(Vec weights, Vec pairs, Vec sum)
    {
        if (Sse2.IsSupported) return Sse2.MultiplyAddAdjacent(weights.AsInt16(), pairs.AsInt16()) + sum;
        return AdvSimd.Arm64.IsSupported ? Neon(weights.AsInt16(), pairs.AsInt16(), sum) : Plain(weights, pairs, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Add32(Vec a, Vec b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Subtract16(Vec a, Vec b) => (a.AsInt16() - b.AsInt16()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec And(Vec a, Vec b) => a & b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Or(Vec a, Vec b) => a | b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ShiftRight16(Vec value, int bits) => Vector128.ShiftRightLogical(value.AsUInt16(), bits).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ShiftLeft16(Vec value, int bits) => Vector128.ShiftLeft(value.AsUInt16(), bits).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec ToSingle(Vec integers) => Vector128.ConvertToSingle(integers).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec AddSingle(Vec a, Vec b) => (a.AsSingle() + b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec Multiply(Vec a, Vec b) => (a.AsSingle() * b.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec MultiplyAdd(Vec a, Vec b, Vec c) => Vector128.FusedMultiplyAdd(a.AsSingle(), b.AsSingle(), c.AsSingle()).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadBytes(byte* source) => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(uint*)source).AsByte())).AsInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadSignedBytes(byte* source) => Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)source).AsSByte()));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadHalves(ushort* source)
    {
        Vec bits = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsUInt16()).AsInt32();
        Vec sign = Vector128.ShiftLeft(bits & Vector128.Create(0x8000), 16);
        Vec magnitude = Vector128.ShiftLeft(bits & Vector128.Create(0x7FFF), 13);
        return (magnitude.AsSingle() * Vector128.Create(HalfExponent)).AsInt32() | sign;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vec LoadBrainFloats(ushort* source) => Vector128.ShiftLeft(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)source).AsUInt16()).AsInt32(), 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vec Neon(Vector128<short> weights, Vector128<short> pairs, Vec sum)
    {
        Vec lower = AdvSimd.MultiplyWideningLower(weights.GetLower(), pairs.GetLower());
        Vec upper = AdvSimd.MultiplyWideningUpper(weights, pairs);
        return AdvSimd.Arm64.AddPairwise(lower, upper) + sum;
    }

    /// <summary>Without an instruction for it: the even and the odd 16-bit numbers of each lane, sign-extended. Not inlined, so that it costs nothing where it is not used.</summary>
    private static Vec Plain(Vec weights, Vec pairs, Vec sum)
    {
        Vec even = Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(weights, 16), 16) * Vector128.ShiftRightArithmetic(Vector128.ShiftLeft(pairs, 16), 16);
        Vec odd = Vector128.ShiftRightArithmetic(weights, 16) * Vector128.ShiftRightArithmetic(pairs, 16);
        return even + odd + sum;
    }
}
