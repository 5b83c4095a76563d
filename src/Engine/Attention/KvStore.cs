using System.Runtime.InteropServices;
using Orrery.Engine.Kernels.Vectors;
using Orrery.Kernel;

namespace Orrery.Engine.Attention;

/// <summary>Memory for keys and values in pages of sixteen tokens; a page holds all layers and heads of its tokens.</summary>
/// <remarks>
/// Who owns a page is the caller's business. Pages are laid out layer by layer, and memory is touched only when it is written, so a large store costs
/// what is used of it. Different positions may be written by several threads at once. After <see cref="Dispose"/> the store must not be used.
/// Source of paging: Kwon et al. 2023 (PagedAttention), section 4 (c).
/// </remarks>
public sealed unsafe class KvStore : IDisposable
{
    /// <summary>Tokens of one page: one lane each.</summary>
    public const int PageTokens = Lanes.Count;

    private readonly VectorOperations _vectors;
    private byte* _memory;

    /// <exception cref="ArgumentOutOfRangeException">A size that is not positive.</exception>
    /// <exception cref="InputException">The system does not grant so much memory.</exception>
    public KvStore(KvShape shape, KvType type, int pages)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shape.Layers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shape.KvHeads);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shape.KeySize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shape.ValueSize);
        _vectors = VectorOperations.For(VectorOperations.BestWidth);
        Shape = shape;
        Type = type;
        Pages = pages;
        Layout = new KvLayout(shape, type);
        LayerPageBytes = (long)Layout.HeadBytes * shape.KvHeads;
        PageBytes = LayerPageBytes * shape.Layers;
        try
        {
            _memory = (byte*)NativeMemory.AlignedAlloc(checked((nuint)PageBytes * (nuint)pages), KvLayout.Alignment);
        }
        catch (Exception failure) when (failure is OutOfMemoryException or OverflowException)
        {
            throw new InputException($"{pages} pages of {PageBytes} bytes for keys and values do not fit into memory; ask for fewer pages or a smaller type", failure);
        }
    }

    ~KvStore() => Free();

    public KvShape Shape { get; }

    public KvType Type { get; }

    public int Pages { get; }

    /// <summary>Bytes of one page over all layers and heads.</summary>
    public long PageBytes { get; }

    internal KvLayout Layout { get; }

    /// <summary>Bytes of one page in one layer.</summary>
    internal long LayerPageBytes { get; }

    /// <summary>Stores the keys and values of one token.</summary>
    /// <param name="layer">From zero.</param>
    /// <param name="pageTable">Page of each sixteen positions of the sequence.</param>
    /// <param name="position">Position of the token in its sequence.</param>
    /// <param name="keys">All heads one after another.</param>
    /// <param name="values">All heads one after another.</param>
    /// <exception cref="ArgumentOutOfRangeException">A layer, position or page that does not exist.</exception>
    public void Write(int layer, ReadOnlySpan<int> pageTable, int position, float* keys, float* values)
    {
        if (position < 0 || position / PageTokens >= pageTable.Length)
            throw new ArgumentOutOfRangeException(nameof(position), position, $"the page table covers {pageTable.Length * PageTokens} positions");
        byte* block = Block(layer, pageTable[position / PageTokens], 0);
        int slot = position % PageTokens;
        for (int head = 0; head < Shape.KvHeads; head++)
        {
            WriteHead(block, slot, keys, values);
            block += Layout.HeadBytes;
            keys += Shape.KeySize;
            values += Shape.ValueSize;
        }
        // Here and below: a pointer into the memory does not keep the store from its finalizer.
        GC.KeepAlive(this);
    }

    /// <summary>Reads back one key and one value as single precision: the plain way, for references and inspection.</summary>
    public void Read(int layer, int page, int slot, int head, Span<float> key, Span<float> value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)PageTokens, nameof(slot));
        byte* block = Block(layer, page, head);
        float* keyScales = (float*)(block + Layout.KeyScaleOffset);
        float* valueScales = (float*)(block + Layout.ValueScaleOffset);
        for (int d = 0; d < Shape.KeySize; d++)
            key[d] = Element(block, (d * PageTokens) + slot, keyScales, (d / KvLayout.GroupElements * PageTokens) + slot);
        for (int d = 0; d < Shape.ValueSize; d++)
        {
            int scale = (slot * Layout.ValueGroups) + (d / KvLayout.GroupElements);
            value[d] = Element(block + Layout.ValueOffset, (slot * Layout.ValueStride) + d, valueScales, scale);
        }
        GC.KeepAlive(this);
    }

    /// <summary>Copies all layers of a page over another page.</summary>
    public void CopyPage(int from, int to)
    {
        for (int layer = 0; layer < Shape.Layers; layer++)
            Buffer.MemoryCopy(Block(layer, from, 0), Block(layer, to, 0), LayerPageBytes, LayerPageBytes);
        GC.KeepAlive(this);
    }

    /// <summary>Copies all layers of a page to a buffer of <see cref="PageBytes"/>.</summary>
    public void SwapOut(int page, Span<byte> buffer)
    {
        RequirePageBuffer(buffer.Length);
        int bytes = (int)LayerPageBytes;
        for (int layer = 0; layer < Shape.Layers; layer++)
            new ReadOnlySpan<byte>(Block(layer, page, 0), bytes).CopyTo(buffer.Slice(layer * bytes, bytes));
        GC.KeepAlive(this);
    }

    /// <summary>Fills all layers of a page from a buffer that <see cref="SwapOut"/> filled.</summary>
    public void SwapIn(ReadOnlySpan<byte> buffer, int page)
    {
        RequirePageBuffer(buffer.Length);
        int bytes = (int)LayerPageBytes;
        for (int layer = 0; layer < Shape.Layers; layer++)
            buffer.Slice(layer * bytes, bytes).CopyTo(new Span<byte>(Block(layer, page, 0), bytes));
        GC.KeepAlive(this);
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>The block of one layer, page and head.</summary>
    internal byte* Block(int layer, int page, int head)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)layer, (uint)Shape.Layers, nameof(layer));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)page, (uint)Pages, nameof(page));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)head, (uint)Shape.KvHeads, nameof(head));
        ObjectDisposedException.ThrowIf(_memory is null, this);
        return _memory + ((((long)layer * Pages) + page) * LayerPageBytes) + ((long)head * Layout.HeadBytes);
    }

    private void WriteHead(byte* block, int slot, float* key, float* value)
    {
        int keySize = Shape.KeySize;
        int valueSize = Shape.ValueSize;
        int stride = Layout.ValueStride;
        byte* values = block + Layout.ValueOffset;
        if (Type == KvType.F32)
        {
            float* across = (float*)block + slot;
            for (int d = 0; d < keySize; d++) across[d * PageTokens] = key[d];
            var along = new Span<float>((float*)values + (slot * stride), stride);
            new ReadOnlySpan<float>(value, valueSize).CopyTo(along);
            along[valueSize..].Clear();
        }
        else if (Type == KvType.F16)
        {
            ushort* group = stackalloc ushort[KvLayout.GroupElements];
            for (int start = 0; start < keySize; start += KvLayout.GroupElements)
            {
                int count = Math.Min(KvLayout.GroupElements, keySize - start);
                _vectors.NarrowToHalves(key + start, count, group);
                ushort* across = (ushort*)block + (start * PageTokens) + slot;
                for (int d = 0; d < count; d++) across[d * PageTokens] = group[d];
            }
            ushort* along = (ushort*)values + (slot * stride);
            _vectors.NarrowToHalves(value, valueSize, along);
            new Span<ushort>(along + valueSize, stride - valueSize).Clear();
        }
        else
        {
            float* keyScales = (float*)(block + Layout.KeyScaleOffset) + slot;
            for (int start = 0; start < keySize; start += KvLayout.GroupElements)
            {
                sbyte* across = (sbyte*)block + (start * PageTokens) + slot;
                *keyScales = Quantize(key + start, Math.Min(KvLayout.GroupElements, keySize - start), across, PageTokens);
                keyScales += PageTokens;
            }
            float* valueScales = (float*)(block + Layout.ValueScaleOffset) + (slot * Layout.ValueGroups);
            sbyte* along = (sbyte*)values + (slot * stride);
            for (int start = 0; start < valueSize; start += KvLayout.GroupElements)
                *valueScales++ = Quantize(value + start, Math.Min(KvLayout.GroupElements, valueSize - start), along + start, 1);
            new Span<sbyte>(along + valueSize, stride - valueSize).Clear();
        }
    }

    /// <summary>Rounds a group to levels of its scale.</summary>
    /// <returns>The scale: the largest size over <see cref="KvLayout.LargestLevel"/>.</returns>
    private static float Quantize(float* source, int count, sbyte* target, int step)
    {
        float largest = 0f;
        for (int i = 0; i < count; i++) largest = MathF.Max(largest, MathF.Abs(source[i]));
        float scale = largest / KvLayout.LargestLevel;
        float inverse = scale > 0f ? 1f / scale : 0f;
        for (int i = 0; i < count; i++)
        {
            float level = MathF.Round(source[i] * inverse);
            target[i * step] = (sbyte)MathF.Max(-KvLayout.LargestLevel, MathF.Min(KvLayout.LargestLevel, level));
        }
        return scale;
    }

    private float Element(byte* data, int index, float* scales, int scale) => Type switch
    {
        KvType.F32 => ((float*)data)[index],
        KvType.F16 => (float)((Half*)data)[index],
        _ => ((sbyte*)data)[index] * scales[scale],
    };

    private void RequirePageBuffer(int bytes)
    {
        if (bytes != PageBytes) throw new ArgumentException($"a page has {PageBytes} bytes, the buffer {bytes}");
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
