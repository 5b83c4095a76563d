namespace Orrery.Engine.Kernels.Instructions;

/// <summary>
/// The operations that a kernel is written in, for one instruction set. A vector's lane is one output row; a lane is read as one 32-bit integer, as
/// two 16-bit integers (a pair of columns) or as one single-precision number.
/// </summary>
/// <remarks>
/// A kernel is written once, over this interface, and the compiler makes one machine-code variant per implementation: calls of static members of a
/// struct type argument are bound and inlined. All variants do the same operations in the same order on each lane, hence give the same bits.
/// </remarks>
/// <typeparam name="TVector">The vector register.</typeparam>
internal unsafe interface IInstructions<TVector>
    where TVector : struct
{
    /// <summary>Rows in one vector.</summary>
    static abstract int Count { get; }

    static abstract TVector Zero { get; }

    static abstract TVector Load(void* source);

    static abstract void Store(void* target, TVector value);

    /// <summary>One 32-bit value in all lanes.</summary>
    static abstract TVector Broadcast(int value);

    /// <summary>The 32-bit value at an address in all lanes: a pair of 16-bit activations, or a single.</summary>
    static abstract TVector Broadcast(void* source);

    /// <summary>sum + w[2i] x[2i] + w[2i + 1] x[2i + 1] in each 32-bit lane i, over signed 16-bit numbers.</summary>
    static abstract TVector MultiplyAddPairs(TVector weights, TVector pairs, TVector sum);

    static abstract TVector Add32(TVector a, TVector b);

    static abstract TVector Subtract16(TVector a, TVector b);

    static abstract TVector And(TVector a, TVector b);

    static abstract TVector Or(TVector a, TVector b);

    /// <summary>Logical shift of each 16-bit number.</summary>
    static abstract TVector ShiftRight16(TVector value, int bits);

    static abstract TVector ShiftLeft16(TVector value, int bits);

    /// <summary>Each 32-bit integer as the nearest single.</summary>
    static abstract TVector ToSingle(TVector integers);

    static abstract TVector AddSingle(TVector a, TVector b);

    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a × b + c with one rounding.</summary>
    static abstract TVector MultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>Zero-extends <see cref="Count"/> bytes to 32-bit integers.</summary>
    static abstract TVector LoadBytes(byte* source);

    /// <summary>Sign-extends <see cref="Count"/> bytes to 32-bit integers.</summary>
    static abstract TVector LoadSignedBytes(byte* source);

    /// <summary>Converts <see cref="Count"/> half-precision numbers, exactly (infinities and NaN become large numbers: weights have none).</summary>
    static abstract TVector LoadHalves(ushort* source);

    /// <summary>Converts <see cref="Count"/> brain floats (the upper half of a single), exactly.</summary>
    static abstract TVector LoadBrainFloats(ushort* source);
}
