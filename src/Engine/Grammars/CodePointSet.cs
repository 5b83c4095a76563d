namespace Orrery.Engine.Grammars;

/// <summary>A set of Unicode characters as ranges in order, without surrogates.</summary>
internal sealed class CodePointSet
{
    public const int LastCodePoint = 0x10FFFF;
    public const int FirstSurrogate = 0xD800;
    public const int LastSurrogate = 0xDFFF;

    private CodePointSet(IReadOnlyList<(int First, int Last)> ranges) => Ranges = ranges;

    public static CodePointSet All { get; } = Of((0, LastCodePoint));

    public IReadOnlyList<(int First, int Last)> Ranges { get; }

    public bool IsEmpty => Ranges.Count == 0;

    public static CodePointSet Of(params IEnumerable<(int First, int Last)> ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach ((int first, int last) in ranges.SelectMany(WithoutSurrogates).Order())
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1) merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            else merged.Add((first, last));
        }
        return new CodePointSet(merged);
    }

    public bool Contains(int codePoint) => Ranges.Any(range => codePoint >= range.First && codePoint <= range.Last);

    public CodePointSet Union(CodePointSet other) => Of(Ranges.Concat(other.Ranges));

    public CodePointSet Complement()
    {
        var gaps = new List<(int, int)>();
        int at = 0;
        foreach ((int first, int last) in Ranges)
        {
            if (first > at) gaps.Add((at, first - 1));
            at = last + 1;
        }
        if (at <= LastCodePoint) gaps.Add((at, LastCodePoint));
        return Of(gaps);
    }

    public CodePointSet Except(CodePointSet other) => Complement().Union(other).Complement();

    /// <summary>The part within a range.</summary>
    public IEnumerable<(int First, int Last)> Within(int first, int last) =>
        Ranges.Where(range => range.First <= last && range.Last >= first).Select(range => (Math.Max(range.First, first), Math.Min(range.Last, last)));

    public override string ToString() => string.Join(',', Ranges);

    private static IEnumerable<(int First, int Last)> WithoutSurrogates((int First, int Last) range)
    {
        if (range.First < FirstSurrogate && range.First <= range.Last) yield return (range.First, Math.Min(range.Last, FirstSurrogate - 1));
        if (range.Last > LastSurrogate && range.First <= range.Last) yield return (Math.Max(range.First, LastSurrogate + 1), range.Last);
    }
}
