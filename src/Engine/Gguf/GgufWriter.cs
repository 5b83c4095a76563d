using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using Orrery.Engine.Tensors;
using Orrery.Kernel;

namespace Orrery.Engine.Gguf;

/// <summary>Writes a model file, version 3: metadata at once, tensors as a stream, so that a file of any size needs little memory.</summary>
/// <remarks>Source: the GGUF specification (b).</remarks>
public sealed class GgufWriter
{
    private const uint Version = 3;
    private const int FileBufferBytes = 1 << 20;
    private readonly int _alignment;
    private readonly List<(string Key, byte[] Value)> _metadata = [];
    private readonly List<Tensor> _tensors = [];
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    /// <param name="alignment">Of the tensors' data, a power of two.</param>
    /// <exception cref="ArgumentOutOfRangeException">No power of two.</exception>
    public GgufWriter(int alignment = GgufPart.DefaultAlignment)
    {
        if (alignment <= 0 || !BitOperations.IsPow2(alignment)) throw new ArgumentOutOfRangeException(nameof(alignment), alignment, "must be a power of two");
        _alignment = alignment;
        if (alignment != GgufPart.DefaultAlignment) Set(GgufPart.AlignmentKey, (uint)alignment);
    }

    /// <summary>Bytes of the tensors' data with the gaps of the alignment.</summary>
    public long DataBytes => _tensors.Count == 0 ? 0 : _tensors[^1].Offset + Align(_tensors[^1].ByteCount);

    public GgufWriter Set(string key, string value) => Add(key, GgufValueType.Text, TextBytes(value));

    public GgufWriter Set(string key, byte value) => Add(key, GgufValueType.U8, [value]);

    public GgufWriter Set(string key, sbyte value) => Add(key, GgufValueType.I8, [(byte)value]);

    public GgufWriter Set(string key, ushort value) => Add(key, GgufValueType.U16, Fixed(GgufValueType.U16, value));

    public GgufWriter Set(string key, short value) => Add(key, GgufValueType.I16, Fixed(GgufValueType.I16, (ushort)value));

    public GgufWriter Set(string key, uint value) => Add(key, GgufValueType.U32, Fixed(GgufValueType.U32, value));

    public GgufWriter Set(string key, int value) => Add(key, GgufValueType.I32, Fixed(GgufValueType.I32, (uint)value));

    public GgufWriter Set(string key, ulong value) => Add(key, GgufValueType.U64, Fixed(GgufValueType.U64, value));

    public GgufWriter Set(string key, long value) => Add(key, GgufValueType.I64, Fixed(GgufValueType.I64, (ulong)value));

    public GgufWriter Set(string key, float value) => Add(key, GgufValueType.F32, Fixed(GgufValueType.F32, BitConverter.SingleToUInt32Bits(value)));

    public GgufWriter Set(string key, double value) => Add(key, GgufValueType.F64, Fixed(GgufValueType.F64, BitConverter.DoubleToUInt64Bits(value)));

    public GgufWriter Set(string key, bool value) => Add(key, GgufValueType.Flag, [value ? (byte)1 : (byte)0]);

    public GgufWriter Set(string key, IReadOnlyList<string> values) => AddArray(key, GgufValueType.Text, values, TextBytes);

    public GgufWriter Set(string key, IReadOnlyList<int> values) => AddArray(key, GgufValueType.I32, values, value => Fixed(GgufValueType.I32, (uint)value));

    public GgufWriter Set(string key, IReadOnlyList<uint> values) => AddArray(key, GgufValueType.U32, values, value => Fixed(GgufValueType.U32, value));

    public GgufWriter Set(string key, IReadOnlyList<float> values) =>
        AddArray(key, GgufValueType.F32, values, value => Fixed(GgufValueType.F32, BitConverter.SingleToUInt32Bits(value)));

    public GgufWriter Set(string key, IReadOnlyList<bool> values) => AddArray(key, GgufValueType.Flag, values, value => [value ? (byte)1 : (byte)0]);

    /// <summary>Adds a tensor whose blocks are at hand.</summary>
    /// <exception cref="ArgumentException">The name is taken, or the bytes do not match the dimensions.</exception>
    public GgufWriter AddTensor(string name, TensorType type, IReadOnlyList<long> dimensions, ReadOnlyMemory<byte> bytes)
    {
        AddTensor(name, type, dimensions, stream => stream.Write(bytes.Span));
        if (_tensors[^1].ByteCount != bytes.Length) throw new ArgumentException($"{name} needs {_tensors[^1].ByteCount} bytes, not {bytes.Length}", nameof(bytes));
        return this;
    }

    /// <summary>Adds a tensor whose blocks are produced when the file is written.</summary>
    /// <param name="name">Unique in the file.</param>
    /// <param name="type">How it is stored.</param>
    /// <param name="dimensions">[columns, rows, ...]; columns are whole blocks.</param>
    /// <param name="produce">Writes exactly the tensor's bytes.</param>
    /// <exception cref="ArgumentException">The name is taken, or the dimensions are impossible.</exception>
    public GgufWriter AddTensor(string name, TensorType type, IReadOnlyList<long> dimensions, Action<Stream> produce)
    {
        if (dimensions.Count is 0 or > 4 || dimensions.Any(size => size <= 0) || dimensions[0] % type.BlockElements() != 0)
            throw new ArgumentException($"{name}: the dimensions {string.Join(" x ", dimensions)} cannot be stored as {type}", nameof(dimensions));
        if (!_names.Add(name)) throw new ArgumentException($"the tensor {name} is added twice", nameof(name));
        long byteCount = checked(type.RowBytes(dimensions[0]) * dimensions.Skip(1).Aggregate(1L, (product, size) => checked(product * size)));
        _tensors.Add(new(name, type, [.. dimensions], DataBytes, byteCount, produce));
        return this;
    }

    /// <summary>Writes the file under a temporary name beside it and moves it there when it is whole: a reader never sees half a file, and a failure leaves none.</summary>
    /// <param name="path">The file; one that exists is replaced.</param>
    /// <param name="stop">Ends the work between tensors and within them, where their producers look at it.</param>
    /// <exception cref="InputException">The file cannot be written.</exception>
    /// <exception cref="OperationCanceledException">Stopped; nothing is left.</exception>
    public void Write(string path, CancellationToken stop = default)
    {
        if (Directory.Exists(path)) throw new InputException($"{path}: this is a directory; name a file in it");
        string target = new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        // What exists and is empty may be a device or a pipe, which a move would destroy; it is written in place.
        bool isInPlace = File.Exists(target) && new FileInfo(target).Length == 0;
        string part = isInPlace ? target : $"{target}.{Environment.ProcessId}.part";
        try
        {
            using (var stream = new FileStream(part, FileMode.Create, FileAccess.Write, FileShare.None, FileBufferBytes)) Write(stream, stop);
            stop.ThrowIfCancellationRequested();
            if (!isInPlace) File.Move(part, target, overwrite: true);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            if (!isInPlace) Remove(part);
            throw new InputException($"{path}: the file cannot be written: {failure.Message.TrimEnd('.')}; name another folder or free some space", failure);
        }
        catch
        {
            if (!isInPlace) Remove(part);
            throw;
        }
    }

    /// <summary>Writes the file to a stream, front to back.</summary>
    public void Write(Stream target, CancellationToken stop = default)
    {
        var stream = new CountingStream(target);
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        Put(stream, GgufPart.Magic, word[..sizeof(uint)]);
        Put(stream, Version, word[..sizeof(uint)]);
        Put(stream, (ulong)_tensors.Count, word);
        Put(stream, (ulong)_metadata.Count, word);
        foreach ((string key, byte[] value) in _metadata)
        {
            stream.Write(TextBytes(key));
            stream.Write(value);
        }
        foreach (Tensor tensor in _tensors)
        {
            stream.Write(TextBytes(tensor.Name));
            Put(stream, (ulong)tensor.Dimensions.Length, word[..sizeof(uint)]);
            foreach (long size in tensor.Dimensions) Put(stream, (ulong)size, word);
            Put(stream, (ulong)tensor.Type, word[..sizeof(uint)]);
            Put(stream, (ulong)tensor.Offset, word);
        }
        if (_tensors.Count > 0) stream.Pad(Align(stream.Written));
        foreach (Tensor tensor in _tensors)
        {
            stop.ThrowIfCancellationRequested();
            long from = stream.Written;
            tensor.Produce(stream);
            long written = stream.Written - from;
            if (written != tensor.ByteCount) throw new InvalidOperationException($"the producer of {tensor.Name} wrote {written} bytes instead of {tensor.ByteCount}");
            stream.Pad(from + Align(tensor.ByteCount));
        }
        target.Flush();
    }

    private static void Put(CountingStream stream, ulong value, Span<byte> word)
    {
        if (word.Length == sizeof(uint)) BinaryPrimitives.WriteUInt32LittleEndian(word, (uint)value);
        else BinaryPrimitives.WriteUInt64LittleEndian(word, value);
        stream.Write(word);
    }

    private static byte[] Fixed(GgufValueType type, ulong bits)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, bits);
        return bytes[..type.LeastBytes()];
    }

    private static byte[] TextBytes(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        byte[] bytes = new byte[GgufValueTypes.LengthBytes + length];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, (ulong)length);
        Encoding.UTF8.GetBytes(text, bytes.AsSpan(GgufValueTypes.LengthBytes));
        return bytes;
    }

    private static void Remove(string part)
    {
        try
        {
            File.Delete(part);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // The first failure is the one to tell.
        }
    }

    private GgufWriter AddArray<T>(string key, GgufValueType element, IReadOnlyList<T> values, Func<T, byte[]> bytesOf)
    {
        using var bytes = new MemoryStream();
        bytes.Write(Fixed(GgufValueType.U32, (ulong)element));
        bytes.Write(Fixed(GgufValueType.U64, (ulong)values.Count));
        foreach (T value in values) bytes.Write(bytesOf(value));
        return Add(key, GgufValueType.Array, bytes.ToArray());
    }

    private GgufWriter Add(string key, GgufValueType type, byte[] value)
    {
        if (!_keys.Add(key)) throw new ArgumentException($"the metadata key {key} is set twice", nameof(key));
        _metadata.Add((key, [.. Fixed(GgufValueType.U32, (ulong)type), .. value]));
        return this;
    }

    private long Align(long count) => (count + _alignment - 1) / _alignment * _alignment;

    private sealed record Tensor(string Name, TensorType Type, long[] Dimensions, long Offset, long ByteCount, Action<Stream> Produce);
}
