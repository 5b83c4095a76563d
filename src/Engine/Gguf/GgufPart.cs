using System.Numerics;
using Orrery.Kernel;

namespace Orrery.Engine.Gguf;

/// <summary>One file of a model: header, metadata, and the list of its tensors, all checked.</summary>
internal sealed class GgufPart
{
    public const uint Magic = 0x46554747;
    public const string AlignmentKey = "general.alignment";

    /// <summary>Alignment of tensor data where the file does not say (b).</summary>
    public const int DefaultAlignment = 32;

    private const int MostAlignment = 1 << 24;
    private const int OldestVersion = 2;
    private const int NewestVersion = 3;

    /// <summary>Sizes of a tensor that ggml knows (b).</summary>
    private const int MostDimensions = 4;

    /// <summary>An empty key and one byte of value; an empty name, one dimension, type and offset.</summary>
    private const int LeastMetadataBytes = 8 + 4 + 1;

    /// <summary>One bit a number: nothing is stored in less, also not in types to come.</summary>
    private const int MostNumbersPerByte = 8;

    private const int LeastTensorBytes = 8 + 4 + 8 + 4 + 8;

    private GgufPart(string name, int version, GgufMetadata metadata, List<GgufTensor> tensors)
    {
        Name = name;
        Version = version;
        Metadata = metadata;
        Tensors = tensors;
    }

    public string Name { get; }

    public int Version { get; }

    public GgufMetadata Metadata { get; }

    public List<GgufTensor> Tensors { get; }

    public static GgufPart Read(GgufImage image)
    {
        var cursor = new GgufCursor(image);
        int version = ReadVersion(cursor);
        long tensorCount = cursor.Count(LeastTensorBytes, "the number of tensors");
        long metadataCount = cursor.Count(LeastMetadataBytes, "the number of metadata values");
        GgufMetadata metadata = GgufMetadata.Read(cursor, metadataCount);
        long alignment = AlignmentOf(metadata, image.Name);
        List<Info> infos = [];
        for (long i = 0; i < tensorCount; i++) infos.Add(ReadInfo(cursor, i));
        if (infos.Count == 0) return new(image.Name, version, metadata, []);
        long dataStart = cursor.Aligned(alignment) ?? throw cursor.Broken($"the file ends at byte {image.Length}, before the data of its {tensorCount} tensors");
        var tensors = new List<GgufTensor>(infos.Count);
        foreach (Info info in infos) tensors.Add(Place(cursor, info, dataStart, alignment));
        CheckApart(cursor, infos, tensors);
        return new(image.Name, version, metadata, tensors);
    }

    private static int ReadVersion(GgufCursor cursor)
    {
        if (cursor.Remaining < 2 * sizeof(uint) || cursor.U32("the first word") != Magic)
            throw new InputException($"{cursor.Image.Name}: this is not a GGUF file, because it does not begin with GGUF; name a model file that ends in .gguf");
        uint version = cursor.U32("the version");
        if (version is >= OldestVersion and <= NewestVersion) return (int)version;
        uint swapped = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(version);
        if (swapped is >= 1 and <= NewestVersion)
            throw new InputException($"{cursor.Image.Name}: the file is in big-endian byte order, which is not supported; convert the model to little-endian");
        throw new InputException($"{cursor.Image.Name}: the file has version {version} of the format, but versions {OldestVersion} and {NewestVersion} are supported; convert the model again");
    }

    private static long AlignmentOf(GgufMetadata metadata, string name)
    {
        long alignment = metadata.Integer(AlignmentKey) ?? DefaultAlignment;
        if (alignment is > 0 and <= MostAlignment && BitOperations.IsPow2(alignment)) return alignment;
        throw new InputException($"{name}: {AlignmentKey} is {alignment}, but must be a power of two up to {MostAlignment}; make the file again");
    }

    private static Info ReadInfo(GgufCursor cursor, long index)
    {
        string name = cursor.Name($"the name of tensor {index}");
        if (name.Length == 0) throw cursor.Broken($"tensor {index} has no name");
        uint dimensionCount = cursor.U32($"the number of dimensions of {name}");
        if (dimensionCount is 0 or > MostDimensions) throw cursor.Broken($"tensor {name} has {dimensionCount} dimensions, but must have from 1 to {MostDimensions}");
        long[] dimensions = new long[dimensionCount];
        for (int i = 0; i < dimensions.Length; i++)
        {
            ulong size = cursor.U64($"the dimensions of {name}");
            // Sizes beyond 2^31 would not fit any memory together with a second such size, and products below stay within 64 bits.
            if (size is 0 or > int.MaxValue) throw cursor.Broken($"dimension {i} of tensor {name} is {size}, but must lie from 1 to {int.MaxValue}");
            dimensions[i] = (long)size;
        }
        uint type = cursor.U32($"the type of {name}");
        return new(name, type, dimensions, cursor.U64($"the offset of {name}"));
    }

    private static GgufTensor Place(GgufCursor cursor, Info info, long dataStart, long alignment)
    {
        long rows = 1;
        foreach (long size in info.Dimensions.AsSpan(1))
        {
            rows *= size;
            if (rows > int.MaxValue) throw cursor.Broken($"tensor {info.Name} has more than {int.MaxValue} rows");
        }
        if (info.Offset % (ulong)alignment != 0) throw cursor.Broken($"the data of tensor {info.Name} starts at offset {info.Offset}, which is not a multiple of the alignment {alignment}");
        long dataBytes = cursor.Image.Length - dataStart;
        if (info.Offset > (ulong)dataBytes) throw cursor.Broken($"the data of tensor {info.Name} starts at offset {info.Offset}, but the file holds {dataBytes} bytes of data");
        long offset = (long)info.Offset;
        long byteCount = 0;
        if (StoredType.Of(info.Type) is { } type)
        {
            if (info.Dimensions[0] % type.BlockElements != 0)
                throw cursor.Broken($"the rows of tensor {info.Name} have {info.Dimensions[0]} numbers, not a multiple of the {type.BlockElements} that a block of {type.Name} holds");
            long rowBytes = info.Dimensions[0] / type.BlockElements * type.BlockBytes;
            // By division: the product of a hostile header does not fit 64 bits.
            if (rows > (dataBytes - offset) / rowBytes)
                throw cursor.Broken($"tensor {info.Name} needs {(Int128)rows * rowBytes} bytes from offset {offset}, but the file holds {dataBytes} bytes of data");
            byteCount = rows * rowBytes;
        }
        else if (rows > (dataBytes - offset) * MostNumbersPerByte / info.Dimensions[0])
        {
            throw cursor.Broken($"tensor {info.Name} of the unknown type {info.Type} has {(Int128)rows * info.Dimensions[0]} numbers, more than {dataBytes - offset} bytes can hold");
        }
        return new(cursor.Image, info.Name, info.Type, info.Dimensions, dataStart + offset, byteCount);
    }

    /// <summary>Tensors that share bytes would let a small file claim a large model.</summary>
    private static void CheckApart(GgufCursor cursor, List<Info> infos, List<GgufTensor> tensors)
    {
        int[] order = [.. Enumerable.Range(0, infos.Count)];
        Array.Sort(order, (a, b) => infos[a].Offset.CompareTo(infos[b].Offset));
        for (int i = 1; i < order.Length; i++)
        {
            (int before, int after) = (order[i - 1], order[i]);
            if (infos[after].Offset - infos[before].Offset < (ulong)tensors[before].ByteCount)
                throw cursor.Broken($"the data of tensors {tensors[before].Name} and {tensors[after].Name} overlap");
        }
    }

    private readonly record struct Info(string Name, uint Type, long[] Dimensions, ulong Offset);
}
