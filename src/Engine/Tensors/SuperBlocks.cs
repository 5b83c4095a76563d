namespace Orrery.Engine.Tensors;

/// <summary>Where a super-block of the K types keeps its codes and the small scales of its sub-blocks: 256 weights, little endian.</summary>
/// <remarks>
/// Source: block layouts of ggml (b). Weights are <c>d * scale[s] * code - dmin * minimum[s]</c> (Q2_K, Q4_K, Q5_K) or <c>d * scale[s] * (code - offset)</c>
/// (Q3_K, Q6_K), where s is the sub-block. The codes lie in planes: a byte holds the low bits of weights that stand 32 apart, and a second plane the high bits.
/// </remarks>
internal static class SuperBlocks
{
    /// <summary>Weights of half a super-block, and of a quarter: the stretches over which the planes fold.</summary>
    private const int Half = 128;

    private const int Quarter = 64;

    /// <summary>Weights that lie in neighbouring bytes.</summary>
    private const int Lane = 32;

    /// <summary>Bits of a scale of Q3_K, Q4_K and Q5_K; six bits, of which two or four lie apart.</summary>
    private const int SixBits = 0x3F;

    /// <summary>Weights that share a small scale.</summary>
    public static int SubBlock(TensorType type) => type is TensorType.Q4_K or TensorType.Q5_K ? 32 : 16;

    /// <summary>Largest code of a weight.</summary>
    public static int MaxCode(TensorType type) => type switch
    {
        TensorType.Q2_K => 3,
        TensorType.Q3_K => 7,
        TensorType.Q4_K => 15,
        TensorType.Q5_K => 31,
        _ => 63,
    };

    /// <summary>The code of zero in the types without a minimum.</summary>
    public static int Offset(TensorType type) => type == TensorType.Q3_K ? 4 : 32;

    public static bool HasMinimum(TensorType type) => type is TensorType.Q2_K or TensorType.Q4_K or TensorType.Q5_K;

    /// <summary>First byte of the block's half-precision scale d; the types with a minimum keep its scale in the two bytes after it.</summary>
    public static int ScaleAt(TensorType type) => type switch
    {
        TensorType.Q2_K => 80,
        TensorType.Q3_K => 108,
        TensorType.Q4_K or TensorType.Q5_K => 0,
        _ => 208,
    };

    /// <summary>Spreads the codes of a block into one byte each.</summary>
    public static void ReadCodes(TensorType type, ReadOnlySpan<byte> block, Span<byte> codes)
    {
        for (int i = 0; i < TensorTypes.SuperBlock; i++)
        {
            Place low = LowBits(type, i);
            int code = (block[low.Byte] >> low.Shift) & low.Mask;
            if (type is not (TensorType.Q2_K or TensorType.Q4_K))
            {
                Place high = HighBits(type, i);
                code |= ((block[high.Byte] >> high.Shift) & high.Mask) << high.Above;
            }
            codes[i] = (byte)code;
        }
    }

    /// <summary>The inverse of <see cref="ReadCodes"/>, into a block whose code bytes are zero.</summary>
    public static void WriteCodes(TensorType type, ReadOnlySpan<byte> codes, Span<byte> block)
    {
        for (int i = 0; i < TensorTypes.SuperBlock; i++)
        {
            Place low = LowBits(type, i);
            block[low.Byte] |= (byte)((codes[i] & low.Mask) << low.Shift);
            if (type is TensorType.Q2_K or TensorType.Q4_K) continue;
            Place high = HighBits(type, i);
            block[high.Byte] |= (byte)(((codes[i] >> high.Above) & high.Mask) << high.Shift);
        }
    }

    /// <summary>The small scales, signed where the type has no minimum, and the small minima.</summary>
    public static void ReadScales(TensorType type, ReadOnlySpan<byte> block, Span<int> scales, Span<int> minima)
    {
        int count = TensorTypes.SuperBlock / SubBlock(type);
        for (int s = 0; s < count; s++)
        {
            switch (type)
            {
                case TensorType.Q2_K:
                    scales[s] = block[s] & 0xF;
                    minima[s] = block[s] >> 4;
                    break;
                case TensorType.Q3_K:
                    ReadOnlySpan<byte> packed = block.Slice(96, 12);
                    scales[s] = (((packed[s % 8] >> (s / 8 * 4)) & 0xF) | (((packed[8 + s % 4] >> (s / 4 * 2)) & 3) << 4)) - 32;
                    break;
                case TensorType.Q6_K:
                    scales[s] = (sbyte)block[192 + s];
                    break;
                default:
                    ReadOnlySpan<byte> pairs = block.Slice(4, 12);
                    scales[s] = s < 4 ? pairs[s] & SixBits : (pairs[s + 4] & 0xF) | (pairs[s - 4] >> 6 << 4);
                    minima[s] = s < 4 ? pairs[s + 4] & SixBits : (pairs[s + 4] >> 4) | (pairs[s] >> 6 << 4);
                    break;
            }
        }
    }

    /// <summary>The inverse of <see cref="ReadScales"/>, into a block whose scale bytes are zero.</summary>
    public static void WriteScales(TensorType type, ReadOnlySpan<int> scales, ReadOnlySpan<int> minima, Span<byte> block)
    {
        int count = TensorTypes.SuperBlock / SubBlock(type);
        for (int s = 0; s < count; s++)
        {
            switch (type)
            {
                case TensorType.Q2_K:
                    block[s] = (byte)(scales[s] | (minima[s] << 4));
                    break;
                case TensorType.Q3_K:
                    int biased = scales[s] + 32;
                    block[96 + s % 8] |= (byte)((biased & 0xF) << (s / 8 * 4));
                    block[96 + 8 + s % 4] |= (byte)((biased >> 4) << (s / 4 * 2));
                    break;
                case TensorType.Q6_K:
                    block[192 + s] = (byte)(sbyte)scales[s];
                    break;
                default:
                    Span<byte> pairs = block.Slice(4, 12);
                    if (s < 4)
                    {
                        pairs[s] |= (byte)scales[s];
                        pairs[s + 4] |= (byte)minima[s];
                        break;
                    }
                    pairs[s + 4] |= (byte)((scales[s] & 0xF) | ((minima[s] & 0xF) << 4));
                    pairs[s - 4] |= (byte)(scales[s] >> 4 << 6);
                    pairs[s] |= (byte)(minima[s] >> 4 << 6);
                    break;
            }
        }
    }

    private static Place LowBits(TensorType type, int i) => type switch
    {
        TensorType.Q2_K => new(16 + i / Half * Lane + i % Lane, i % Half / Lane * 2, 3, 0),
        TensorType.Q3_K => new(32 + i / Half * Lane + i % Lane, i % Half / Lane * 2, 3, 0),
        TensorType.Q4_K => new(16 + i / Quarter * Lane + i % Lane, i % Quarter / Lane * 4, 0xF, 0),
        TensorType.Q5_K => new(48 + i / Quarter * Lane + i % Lane, i % Quarter / Lane * 4, 0xF, 0),
        _ => new(i / Half * Quarter + i % Quarter, i % Half / Quarter * 4, 0xF, 0),
    };

    private static Place HighBits(TensorType type, int i) => type switch
    {
        TensorType.Q3_K => new(i % Lane, i / Lane, 1, 2),
        TensorType.Q5_K => new(16 + i % Lane, i / Lane, 1, 4),
        _ => new(128 + i / Half * Lane + i % Lane, i % Half / Lane * 2, 3, 4),
    };

    /// <summary>Some bits of one weight's code.</summary>
    /// <param name="Byte">Where in the block.</param>
    /// <param name="Shift">Where in the byte.</param>
    /// <param name="Mask">Which bits after the shift.</param>
    /// <param name="Above">Where in the code.</param>
    private readonly record struct Place(int Byte, int Shift, int Mask, int Above);
}
