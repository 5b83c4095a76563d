using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Orrery.Engine.Tensors;

/// <summary>Turns numbers into stored blocks of every type that <see cref="Dequantizer"/> reads.</summary>
/// <remarks>
/// Own method (d), see <see cref="ScaleFit"/>: only the block layouts are given by the format. Codes are always chosen with the scale as it is stored. Numbers
/// beyond the range of a type end at its largest finite value, so that no block ever decodes to an infinity.
/// </remarks>
public static class Quantizer
{
    private const int HalfBytes = 2;

    /// <summary>Largest code of Q8_0; -128 is left out, so that the range is symmetric.</summary>
    private const int MaxByteCode = 127;

    /// <summary>Bits of the largest finite BF16.</summary>
    private const uint MaxBFloat = 0x7F7F;

    /// <param name="type">How to store the numbers.</param>
    /// <param name="values">Finite numbers, whole blocks of them.</param>
    /// <param name="blocks">Takes exactly the blocks.</param>
    /// <exception cref="ArgumentException">The lengths do not match, or a number is not finite.</exception>
    public static void Encode(TensorType type, ReadOnlySpan<float> values, Span<byte> blocks)
    {
        int elements = type.BlockElements();
        int bytes = type.BlockBytes();
        if (values.Length % elements != 0 || blocks.Length % bytes != 0 || values.Length / elements != blocks.Length / bytes)
            throw new ArgumentException($"{blocks.Length} bytes of {type} do not hold {values.Length} numbers", nameof(blocks));
        foreach (float value in values)
            if (!float.IsFinite(value)) throw new ArgumentException($"{value} is no number that can be stored", nameof(values));
        switch (type)
        {
            case TensorType.F32:
                values.CopyTo(MemoryMarshal.Cast<byte, float>(blocks));
                return;
            case TensorType.F16:
                for (int i = 0; i < values.Length; i++) PutHalf(blocks, i * HalfBytes, values[i]);
                return;
            case TensorType.BF16:
                for (int i = 0; i < values.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(blocks[(i * HalfBytes)..], BFloat(values[i]));
                return;
        }
        for (int b = 0; b < values.Length / elements; b++)
        {
            ReadOnlySpan<float> source = values.Slice(b * elements, elements);
            Span<byte> block = blocks.Slice(b * bytes, bytes);
            block.Clear();
            if (elements == TensorTypes.SuperBlock) SuperBlockEncoder.Encode(type, source, block);
            else if (type == TensorType.Q8_0) EncodeBytes(source, block);
            else EncodeBlock(type, source, block);
        }
    }

    internal static void PutHalf(Span<byte> bytes, int at, float value) => BinaryPrimitives.WriteHalfLittleEndian(bytes[at..], (Half)ScaleFit.AsHalf(value));

    private static void EncodeBytes(ReadOnlySpan<float> values, Span<byte> block)
    {
        float largest = 0;
        foreach (float value in values) largest = MathF.Max(largest, MathF.Abs(value));
        float scale = ScaleFit.AsHalf((double)largest / MaxByteCode);
        float inverse = ScaleFit.Inverse(scale);
        PutHalf(block, 0, scale);
        for (int i = 0; i < values.Length; i++) block[HalfBytes + i] = (byte)(sbyte)ScaleFit.Code(values[i], inverse, -MaxByteCode, MaxByteCode);
    }

    private static void EncodeBlock(TensorType type, ReadOnlySpan<float> values, Span<byte> block)
    {
        bool hasMinimum = type is TensorType.Q4_1 or TensorType.Q5_1;
        bool hasHighBits = type is TensorType.Q5_0 or TensorType.Q5_1;
        int limit = hasHighBits ? 16 : 8;
        int head = HalfBytes;
        float minimum = 0;
        float scale;
        if (hasMinimum)
        {
            (scale, minimum) = ScaleFit.Range(values, 2 * limit - 1, isSubBlock: false);
            PutHalf(block, head, minimum);
            head += HalfBytes;
        }
        else
        {
            scale = ScaleFit.Symmetric(values, limit, isHalf: true);
        }
        PutHalf(block, 0, scale);
        float inverse = ScaleFit.Inverse(scale);
        Span<byte> codes = block[(hasHighBits ? head + sizeof(uint) : head)..];
        uint high = 0;
        for (int i = 0; i < values.Length; i++)
        {
            int code = hasMinimum
                ? ScaleFit.Code(values[i] - minimum, inverse, 0, 2 * limit - 1)
                : ScaleFit.Code(values[i], inverse, -limit, limit - 1) + limit;
            high |= (uint)(code >> 4) << i;
            codes[i % codes.Length] |= (byte)((code & 0xF) << (i / codes.Length * 4));
        }
        if (hasHighBits) BinaryPrimitives.WriteUInt32LittleEndian(block[head..], high);
    }

    /// <summary>To the nearest BF16, ties to even.</summary>
    private static ushort BFloat(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        const uint magnitude = 0x7FFF_FFFF;
        uint sign = bits & ~magnitude;
        uint rounded = ((bits & magnitude) + 0x7FFF + ((bits >> 16) & 1)) >> 16;
        return (ushort)((sign >> 16) | Math.Min(rounded, MaxBFloat));
    }
}
