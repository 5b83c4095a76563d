using System.Buffers.Binary;
using System.Text;

namespace Orrery.Engine.Tests.Gguf;

/// <summary>Writes images byte by byte, wrong ones too. Independent of the library's writer, so that the two check each other.</summary>
internal sealed class ImageBuilder
{
    private readonly List<byte> _bytes = [];

    public static ImageBuilder Header(uint version, ulong tensors, ulong values) => new ImageBuilder().Raw("GGUF"u8).U32(version).U64(tensors).U64(values);

    public ImageBuilder Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public ImageBuilder U8(byte value) => Raw([value]);

    public ImageBuilder U16(ushort value)
    {
        Span<byte> bytes = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public ImageBuilder U32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public ImageBuilder U64(ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return Raw(bytes);
    }

    public ImageBuilder F32(float value) => U32(BitConverter.SingleToUInt32Bits(value));

    public ImageBuilder Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return U64((ulong)bytes.Length).Raw(bytes);
    }

    /// <summary>A metadata key and the id of its type; the value follows.</summary>
    public ImageBuilder Key(string key, uint type) => Text(key).U32(type);

    public ImageBuilder Tensor(string name, uint type, ulong offset, params ulong[] dimensions)
    {
        Text(name).U32((uint)dimensions.Length);
        foreach (ulong size in dimensions) U64(size);
        return U32(type).U64(offset);
    }

    public ImageBuilder Align(int alignment = 32)
    {
        while (_bytes.Count % alignment != 0) _bytes.Add(0);
        return this;
    }

    public byte[] Done() => _bytes.ToArray();
}
