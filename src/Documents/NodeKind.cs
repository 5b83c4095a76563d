namespace Orrery.Documents;

/// <summary>The four shapes of a document's value.</summary>
public enum NodeKind
{
    Scalar,
    Sequence,
    Mapping,

    /// <summary>A key with nothing after it, <c>~</c> or <c>null</c>.</summary>
    Null,
}
