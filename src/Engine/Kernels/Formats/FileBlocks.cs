using System.Runtime.CompilerServices;
using Orrery.Engine.Tensors;

namespace Orrery.Engine.Kernels.Formats;

/// <summary>Splits the blocks of model files into codes and scales: weight = scale × (code − offset) + minimum.</summary>
/// <remarks>Source: block layouts of ggml, read in its source (b). The plain dequantiser is a second, independent reading; a test compares the two.</remarks>
internal static unsafe class FileBlocks
{
    private const int HalfSign = 0x8000;

    /// <summary>Reads one unit of one row: a block of 32 columns, or a super-block of 256.</summary>
    /// <param name="type">How the file stores it.</param>
    /// <param name="block">The unit's bytes.</param>
    /// <param name="codes">Receives one code for each column.</param>
    /// <param name="scales">Receives the scales.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Read(TensorType type, byte* block, byte* codes, out UnitScales scales)
    {
        scales = default;
        switch (type)
        {
            case TensorType.Q8_0:
                scales.Factor = *(ushort*)block;
                // Signed bytes become codes around 128.
                for (int i = 0; i < 4; i++) ((ulong*)codes)[i] = *(ulong*)(block + 2 + (8 * i)) ^ 0x8080808080808080UL;
                break;
            case TensorType.Q4_0:
                scales.Factor = *(ushort*)block;
                SplitNibbles(block + 2, codes);
                break;
            case TensorType.Q4_1:
                (scales.Factor, scales.MinimumFactor) = (*(ushort*)block, *(ushort*)(block + 2));
                SplitNibbles(block + 4, codes);
                break;
            case TensorType.Q5_0:
                scales.Factor = *(ushort*)block;
                SplitNibbles(block + 6, codes);
                AddFifthBits(*(uint*)(block + 2), codes);
                break;
            case TensorType.Q5_1:
                (scales.Factor, scales.MinimumFactor) = (*(ushort*)block, *(ushort*)(block + 2));
                SplitNibbles(block + 8, codes);
                AddFifthBits(*(uint*)(block + 4), codes);
                break;
            case TensorType.Q4_K:
                ReadSuperMinima(block, ref scales);
                for (int pair = 0; pair < 4; pair++) SplitNibbles32(block + 16 + (32 * pair), codes + (64 * pair));
                break;
            case TensorType.Q5_K:
                ReadSuperMinima(block, ref scales);
                ReadFiveBits(block + 16, block + 48, codes);
                break;
            case TensorType.Q6_K:
                scales.Factor = *(ushort*)(block + 208);
                for (int part = 0; part < 16; part++) scales.Scales[part] = block[192 + part];
                ReadSixBits(block, block + 128, codes);
                break;
            case TensorType.Q3_K:
                scales.Factor = *(ushort*)(block + 108);
                ReadThreeBitScales(block + 96, ref scales);
                ReadTwoBits(block + 32, codes);
                for (int i = 0; i < TensorTypes.SuperBlock; i++) codes[i] |= (byte)(((block[i % 32] >> (i / 32)) & 1) << 2);
                break;
            case TensorType.Q2_K:
                (scales.Factor, scales.MinimumFactor) = (*(ushort*)(block + 80), Negated(*(ushort*)(block + 82)));
                for (int part = 0; part < 16; part++) (scales.Scales[part], scales.Minima[part]) = ((byte)(block[part] & 0xF), (byte)(block[part] >> 4));
                ReadTwoBits(block + 16, codes);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "has no blocks");
        }
    }

    private static ushort Negated(ushort half) => (ushort)(half ^ HalfSign);

    /// <summary>Sixteen bytes: low nibbles are the first sixteen columns, high nibbles the others.</summary>
    private static void SplitNibbles(byte* packed, byte* codes)
    {
        for (int i = 0; i < 2; i++)
        {
            ulong eight = *(ulong*)(packed + (8 * i));
            ((ulong*)codes)[i] = eight & 0x0F0F0F0F0F0F0F0FUL;
            ((ulong*)codes)[i + 2] = (eight >> 4) & 0x0F0F0F0F0F0F0F0FUL;
        }
    }

    private static void SplitNibbles32(byte* packed, byte* codes)
    {
        for (int i = 0; i < 4; i++)
        {
            ulong eight = *(ulong*)(packed + (8 * i));
            ((ulong*)codes)[i] = eight & 0x0F0F0F0F0F0F0F0FUL;
            ((ulong*)codes)[i + 4] = (eight >> 4) & 0x0F0F0F0F0F0F0F0FUL;
        }
    }

    private static void AddFifthBits(uint bits, byte* codes)
    {
        for (int i = 0; i < TensorTypes.Block; i++) codes[i] |= (byte)(((bits >> i) & 1) << 4);
    }

    /// <summary>Factor, minimum factor, then eight scales and eight minima of six bits in twelve bytes.</summary>
    private static void ReadSuperMinima(byte* block, ref UnitScales scales)
    {
        (scales.Factor, scales.MinimumFactor) = (*(ushort*)block, Negated(*(ushort*)(block + 2)));
        byte* packed = block + 4;
        for (int part = 0; part < 4; part++)
        {
            scales.Scales[part] = (byte)(packed[part] & 63);
            scales.Minima[part] = (byte)(packed[part + 4] & 63);
            scales.Scales[part + 4] = (byte)((packed[part + 8] & 0xF) | (packed[part] >> 6 << 4));
            scales.Minima[part + 4] = (byte)((packed[part + 8] >> 4) | (packed[part + 4] >> 6 << 4));
        }
    }

    private static void ReadFiveBits(byte* high, byte* low, byte* codes)
    {
        for (int block = 0; block < 8; block++)
        {
            int shift = block % 2 * 4;
            byte* nibbles = low + (block / 2 * 32);
            for (int i = 0; i < 32; i++) codes[(32 * block) + i] = (byte)(((nibbles[i] >> shift) & 0xF) | (((high[i] >> block) & 1) << 4));
        }
    }

    private static void ReadSixBits(byte* low, byte* high, byte* codes)
    {
        for (int half = 0; half < 2; half++)
        {
            for (int quarter = 0; quarter < 4; quarter++)
            {
                byte* nibbles = low + (64 * half) + (quarter % 2 * 32);
                int shift = quarter / 2 * 4;
                for (int i = 0; i < 32; i++)
                    codes[(128 * half) + (32 * quarter) + i] = (byte)(((nibbles[i] >> shift) & 0xF) | (((high[(32 * half) + i] >> (2 * quarter)) & 3) << 4));
            }
        }
    }

    private static void ReadTwoBits(byte* packed, byte* codes)
    {
        for (int i = 0; i < TensorTypes.SuperBlock; i++) codes[i] = (byte)((packed[(i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3);
    }

    /// <summary>Sixteen scales of six bits around 32 in twelve bytes: low nibbles first, then the upper two bits.</summary>
    private static void ReadThreeBitScales(byte* packed, ref UnitScales scales)
    {
        for (int part = 0; part < 16; part++)
        {
            int low = part < 8 ? packed[part] & 0xF : packed[part - 8] >> 4;
            int high = (packed[8 + (part % 4)] >> (part / 4 * 2)) & 3;
            scales.Scales[part] = (byte)(sbyte)((low | (high << 4)) - 32);
        }
    }
}
