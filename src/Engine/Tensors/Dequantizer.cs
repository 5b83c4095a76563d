using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Orrery.Engine.Tensors;

/// <summary>Turns stored blocks into numbers: the plain reference that every fast kernel is held against.</summary>
/// <remarks>Source: block layouts and decoding formulas of ggml (b), rounded as they are: each product and each difference to single precision, nothing fused.</remarks>
public static class Dequantizer
{
    private const int HalfBytes = 2;

    /// <param name="type">How the blocks are stored.</param>
    /// <param name="blocks">Whole blocks.</param>
    /// <param name="values">As many numbers as the blocks hold.</param>
    /// <exception cref="ArgumentException">Blocks and values do not match.</exception>
    public static void Decode(TensorType type, ReadOnlySpan<byte> blocks, Span<float> values)
    {
        int elements = type.BlockElements();
        int bytes = type.BlockBytes();
        if (values.Length % elements != 0 || blocks.Length % bytes != 0 || values.Length / elements != blocks.Length / bytes)
            throw new ArgumentException($"{blocks.Length} bytes of {type} do not hold {values.Length} numbers", nameof(values));
        switch (type)
        {
            case TensorType.F32:
                MemoryMarshal.Cast<byte, float>(blocks).CopyTo(values);
                return;
            case TensorType.F16:
                for (int i = 0; i < values.Length; i++) values[i] = Half(blocks, i * HalfBytes);
                return;
            case TensorType.BF16:
                for (int i = 0; i < values.Length; i++)
                    values[i] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(blocks[(i * HalfBytes)..]) << 16);
                return;
        }
        for (int b = 0; b < values.Length / elements; b++)
        {
            ReadOnlySpan<byte> block = blocks.Slice(b * bytes, bytes);
            Span<float> target = values.Slice(b * elements, elements);
            if (elements == TensorTypes.SuperBlock) DecodeSuperBlock(type, block, target);
            else DecodeBlock(type, block, target);
        }
    }

    internal static float Half(ReadOnlySpan<byte> bytes, int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[at..]);

    /// <summary>A block of 32: a scale, in the _1 types a minimum, in the five-bit types a word of high bits, then the codes; the low halves of the bytes come first.</summary>
    private static void DecodeBlock(TensorType type, ReadOnlySpan<byte> block, Span<float> values)
    {
        float scale = Half(block, 0);
        if (type == TensorType.Q8_0)
        {
            for (int i = 0; i < values.Length; i++) values[i] = scale * (sbyte)block[HalfBytes + i];
            return;
        }
        bool hasMinimum = type is TensorType.Q4_1 or TensorType.Q5_1;
        bool hasHighBits = type is TensorType.Q5_0 or TensorType.Q5_1;
        float minimum = hasMinimum ? Half(block, HalfBytes) : 0;
        int head = hasMinimum ? 2 * HalfBytes : HalfBytes;
        uint high = hasHighBits ? BinaryPrimitives.ReadUInt32LittleEndian(block[head..]) : 0;
        ReadOnlySpan<byte> codes = block[(hasHighBits ? head + sizeof(uint) : head)..];
        int offset = hasMinimum ? 0 : hasHighBits ? 16 : 8;
        for (int i = 0; i < values.Length; i++)
        {
            int low = i < codes.Length ? codes[i] & 0xF : codes[i - codes.Length] >> 4;
            int code = (low | (int)(((high >> i) & 1) << 4)) - offset;
            values[i] = hasMinimum ? code * scale + minimum : code * scale;
        }
    }

    private static void DecodeSuperBlock(TensorType type, ReadOnlySpan<byte> block, Span<float> values)
    {
        Span<byte> codes = stackalloc byte[TensorTypes.SuperBlock];
        Span<int> scales = stackalloc int[16];
        Span<int> minima = stackalloc int[16];
        SuperBlocks.ReadCodes(type, block, codes);
        SuperBlocks.ReadScales(type, block, scales, minima);
        int at = SuperBlocks.ScaleAt(type);
        float scale = Half(block, at);
        int subBlock = SuperBlocks.SubBlock(type);
        if (SuperBlocks.HasMinimum(type))
        {
            float minimum = Half(block, at + HalfBytes);
            for (int i = 0; i < values.Length; i++)
                values[i] = scale * scales[i / subBlock] * codes[i] - minimum * minima[i / subBlock];
            return;
        }
        int offset = SuperBlocks.Offset(type);
        for (int i = 0; i < values.Length; i++) values[i] = scale * scales[i / subBlock] * (codes[i] - offset);
    }
}
