namespace Orrery.Engine.Kernels.Vectors;

/// <summary>A group of single-precision lanes; kernels are written once over it and compiled for every vector width.</summary>
/// <remarks>
/// Every kernel works on groups of <see cref="Lanes.Count"/> lanes: one 512-bit vector, two of 256 bits or four of 128 bits. Each member is one
/// correctly rounded operation per lane and <see cref="Sum"/> is one fixed tree, so all widths give the same bits.
/// </remarks>
internal unsafe interface ILanes<TSelf>
    where TSelf : struct, ILanes<TSelf>
{
    /// <summary>Lanes of this group.</summary>
    static abstract int Count { get; }

    static abstract TSelf Zero { get; }

    static abstract TSelf Load(float* source);

    static abstract TSelf Broadcast(float value);

    /// <summary>Widens half-precision numbers exactly, subnormal numbers, infinities and NaN included.</summary>
    static abstract TSelf LoadHalves(ushort* source);

    static abstract TSelf LoadSignedBytes(sbyte* source);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    /// <summary>a * b + c, rounded once.</summary>
    static abstract TSelf Fma(TSelf a, TSelf b, TSelf c);

    static abstract TSelf Max(TSelf a, TSelf b);

    static abstract TSelf Abs(TSelf a);

    /// <summary>Size of the first with the sign of the second.</summary>
    static abstract TSelf CopySign(TSelf size, TSelf sign);

    /// <summary>Per lane: whenLess where a is below b, otherwise (unordered included) the other.</summary>
    static abstract TSelf SelectLess(TSelf a, TSelf b, TSelf whenLess, TSelf otherwise);

    /// <summary>2^n where n stands in the low bits of a number to which <see cref="Lanes.RoundingShift"/> has been added; -126 ≤ n ≤ 127.</summary>
    static abstract TSelf PowerOfTwo(TSelf shifted);

    /// <summary>Swaps lanes 0 and 1, 2 and 3, and so on.</summary>
    static abstract TSelf SwapPairs(TSelf a);

    /// <summary>Adds the upper half of the lanes to the lower half until one is left.</summary>
    static abstract float Sum(TSelf a);

    /// <summary>The greatest lane.</summary>
    static abstract float Largest(TSelf a);

    void Store(float* target);

    /// <summary>Narrows to half precision, rounding to nearest even; what is too large becomes infinite.</summary>
    void StoreHalves(ushort* target);
}

/// <summary>Constants that the lane groups share.</summary>
internal static class Lanes
{
    /// <summary>Lanes of the groups that all kernels work on, whatever the vector width: one 512-bit vector.</summary>
    public const int Count = 16;

    /// <summary>1.5 * 2^23: adding it to a small number leaves that number, rounded to an integer, in the low bits.</summary>
    public const float RoundingShift = 12582912f;

    /// <summary>Where the exponent of a single-precision number begins.</summary>
    public const int ExponentShift = 23;

    /// <summary>The bits of 1.</summary>
    public const int OneBits = 127 << ExponentShift;

    /// <summary>Distance between the mantissas of single and half precision.</summary>
    public const int HalfShift = 13;

    /// <summary>2^112 moves the exponent of half precision (bias 15) to single precision (bias 127), for subnormal numbers too.</summary>
    public const float HalfRebias = 5.192296858534828e33f;

    /// <summary>2^16: from here on a widened half stands for infinity or NaN.</summary>
    public const float HalfOverflow = 65536f;

    /// <summary>Sign, exponent and mantissa of a half that was widened with its sign and shifted by <see cref="HalfShift"/>.</summary>
    public const int HalfMask = unchecked((int)0x8FFFE000);

    /// <summary>The bits of infinity, which are also the exponent bits of NaN.</summary>
    public const int InfinityBits = 0x7F800000;

    public const int SignBit = int.MinValue;

    /// <summary>Bits of the smallest normal half, 2^-14, as single precision.</summary>
    public const int SmallestNormalHalf = (127 - 14) << ExponentShift;

    /// <summary>Bits of 2^16: no half is so large.</summary>
    public const int HalfOverflowBits = (127 + 16) << ExponentShift;

    /// <summary>The difference of the exponent biases, 112, in place, as a negative addend together with the rounding addend below half a unit.</summary>
    public const int HalfRoundingAddend = -(112 << ExponentShift) + 0xFFF;

    public const int HalfInfinity = 0x7C00;

    public const int HalfQuietBit = 0x0200;
}
