using Orrery.Engine.Tensors;
using Orrery.Kernel;

namespace Orrery.Engine.Gguf;

/// <summary>One named array of numbers in a model file: rows of <see cref="Columns"/> numbers, each row a whole number of blocks.</summary>
public sealed unsafe class GgufTensor
{
    /// <summary>Numbers decoded at once: whole blocks of every type.</summary>
    private const int PieceElements = 1 << 20;

    private readonly GgufImage _image;
    private readonly long _offset;
    private readonly uint _typeId;

    internal GgufTensor(GgufImage image, string name, uint typeId, long[] dimensions, long offset, long byteCount)
    {
        _image = image;
        Name = name;
        _typeId = typeId;
        Dimensions = dimensions;
        _offset = offset;
        ByteCount = byteCount;
        Columns = (int)dimensions[0];
        Rows = 1;
        for (int i = 1; i < dimensions.Length; i++) Rows *= (int)dimensions[i];
        TypeName = StoredType.Of(typeId)?.Name ?? $"type {typeId}";
    }

    public string Name { get; }

    /// <summary>How the numbers are stored.</summary>
    /// <exception cref="InputException">This library cannot compute with the type.</exception>
    public TensorType Type
    {
        get
        {
            RequireSupported();
            return (TensorType)_typeId;
        }
    }

    /// <summary>The type's name, also of types that are not supported.</summary>
    public string TypeName { get; }

    public bool IsSupported => StoredType.IsSupported(_typeId);

    /// <summary>Sizes from the one whose numbers lie side by side: [columns, rows, ...].</summary>
    public IReadOnlyList<long> Dimensions { get; }

    public int Columns { get; }

    /// <summary>Product of all dimensions but the first.</summary>
    public int Rows { get; }

    public long Elements => (long)Columns * Rows;

    /// <summary>Bytes of all blocks; 0 where the type is unknown, so that its size is too.</summary>
    public long ByteCount { get; }

    /// <summary>The first block; <see cref="ByteCount"/> bytes from here belong to the tensor, as long as its file is open.</summary>
    /// <exception cref="InputException">This library cannot compute with the type.</exception>
    public byte* Data
    {
        get
        {
            RequireSupported();
            return _image.Start + _offset;
        }
    }

    /// <summary>Some of the tensor's bytes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">They do not lie in the tensor.</exception>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, ByteCount - count);
        return new ReadOnlySpan<byte>(_image.Start + _offset + offset, count);
    }

    /// <summary>All numbers, decoded.</summary>
    /// <exception cref="InputException">This library cannot compute with the type, or one array cannot hold the tensor.</exception>
    public float[] ToSingles()
    {
        TensorType type = Type;
        if (Elements > Array.MaxLength) throw new InputException($"{_image.Name}: tensor {Name} has {Elements} numbers, more than one array holds; decode it row by row");
        float[] values = new float[Elements];
        // Piece by piece, because a span of bytes ends at 2 GiB.
        for (int from = 0; from < values.Length; from += PieceElements)
        {
            int count = Math.Min(PieceElements, values.Length - from);
            Dequantizer.Decode(type, Bytes(type.RowBytes(from), (int)type.RowBytes(count)), values.AsSpan(from, count));
            if (values.Length - from <= PieceElements) break;
        }
        return values;
    }

    /// <summary>Says that the tensor's bytes are not needed for now, so that a loaded model and its file do not fill the memory twice.</summary>
    public void Release() => _image.Release(_offset, ByteCount);

    /// <exception cref="InputException">This library cannot compute with the type: says which tensor, which type and what is supported.</exception>
    public void RequireSupported()
    {
        if (IsSupported) return;
        throw new InputException($"{_image.Name}: tensor {Name} is stored as {TypeName}, which is not supported; use a file whose tensors are of {string.Join(", ", TensorTypes.All)}");
    }
}
