namespace Orrery.Engine.Attention;

/// <summary>How keys and values are stored.</summary>
public enum KvType
{
    F32,

    /// <summary>Half precision, rounded to nearest even.</summary>
    F16,

    /// <summary>
    /// Signed bytes with one single-precision scale per token, head and group of 32 elements: 1.125 bytes an element. An element is off by at
    /// most 1/254 of the largest of its group.
    /// </summary>
    Q8,
}

/// <summary>What one token leaves behind.</summary>
/// <param name="Layers">Layers of the model.</param>
/// <param name="KvHeads">Key-value heads of each layer.</param>
/// <param name="KeySize">Elements of one key.</param>
/// <param name="ValueSize">Elements of one value.</param>
public sealed record KvShape(int Layers, int KvHeads, int KeySize, int ValueSize);
