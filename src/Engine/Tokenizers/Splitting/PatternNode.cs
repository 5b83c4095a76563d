namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>The tree of a pattern.</summary>
internal abstract record PatternNode
{
    public sealed record One(CharSet Set) : PatternNode;

    public sealed record Chain(IReadOnlyList<PatternNode> Parts) : PatternNode;

    /// <summary>The first branch that lets the whole succeed wins, not the longest.</summary>
    public sealed record Choice(IReadOnlyList<PatternNode> Branches) : PatternNode;

    /// <summary>Greedy; <paramref name="Most"/> is <see cref="int.MaxValue"/> for no limit.</summary>
    public sealed record Repeat(PatternNode Inner, int Least, int Most) : PatternNode;

    public sealed record Look(PatternNode Inner, bool Negative) : PatternNode;
}
