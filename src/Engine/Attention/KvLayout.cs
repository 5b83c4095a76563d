using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>Where the numbers of one page, layer and head lie.</summary>
/// <remarks>
/// Keys are stored across: element d of sixteen tokens side by side, so that one vector of lanes holds one term of sixteen scores and no score needs
/// a sum across lanes. Values are stored along: one token after another, each padded with zeros to whole groups of lanes. A block is
/// [keys | key scales | values | value scales], each part aligned to a cache line.
/// </remarks>
internal sealed class KvLayout
{
    /// <summary>Alignment of every part: a cache line and the widest vector.</summary>
    public const int Alignment = 64;

    /// <summary>Elements that share a scale (<see cref="KvType.Q8"/>).</summary>
    public const int GroupElements = 32;

    /// <summary>Largest level of a signed byte; -128 is not used.</summary>
    public const float LargestLevel = 127f;

    public KvLayout(KvShape shape, KvType type)
    {
        Type = type;
        KeySize = shape.KeySize;
        ValueStride = RoundUp(shape.ValueSize, Lanes.Count);
        KeyGroups = Groups(KeySize);
        ValueGroups = Groups(ValueStride);
        int elementBytes = type switch { KvType.F32 => sizeof(float), KvType.F16 => sizeof(ushort), _ => sizeof(sbyte) };
        int scaleBytes = type == KvType.Q8 ? sizeof(float) : 0;
        KeyScaleOffset = RoundUp(KvStore.PageTokens * KeySize * elementBytes, Alignment);
        ValueOffset = KeyScaleOffset + RoundUp(KvStore.PageTokens * KeyGroups * scaleBytes, Alignment);
        ValueScaleOffset = ValueOffset + RoundUp(KvStore.PageTokens * ValueStride * elementBytes, Alignment);
        HeadBytes = ValueScaleOffset + RoundUp(KvStore.PageTokens * ValueGroups * scaleBytes, Alignment);
    }

    public KvType Type { get; }

    public int KeySize { get; }

    /// <summary>Elements from one token's value to the next.</summary>
    public int ValueStride { get; }

    public int KeyGroups { get; }

    public int ValueGroups { get; }

    /// <summary>Key scales: [group][token].</summary>
    public int KeyScaleOffset { get; }

    public int ValueOffset { get; }

    /// <summary>Value scales: [token][group].</summary>
    public int ValueScaleOffset { get; }

    public int HeadBytes { get; }

    private static int Groups(int elements) => (elements + GroupElements - 1) / GroupElements;

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
