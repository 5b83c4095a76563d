namespace Orrery.Engine.Grammars;

/// <summary>Characters inside JSON strings in all their spellings: as UTF-8 (no overlong forms, no surrogates), as short escapes, as \u escapes (pairs for characters beyond 16 bits).</summary>
/// <remarks>Source: RFC 8259, section 7; RFC 3629, section 4 (b).</remarks>
internal sealed class JsonCharacters(GrammarGraph graph)
{
    private static readonly (char Character, char Letter)[] ShortEscapes = [('"', '"'), ('\\', '\\'), ('/', '/'), ('\b', 'b'), ('\f', 'f'), ('\n', 'n'), ('\r', 'r'), ('\t', 't')];

    /// <summary>What may stand unescaped.</summary>
    private static readonly CodePointSet Plain = CodePointSet.Of((0, 0x1F), ('"', '"'), ('\\', '\\')).Complement();

    private readonly Dictionary<string, int> _rules = new(StringComparer.Ordinal);

    /// <summary>One character of the set, then on.</summary>
    public int One(CodePointSet set, int next)
    {
        string key = set.ToString();
        if (!_rules.TryGetValue(key, out int rule)) _rules[key] = rule = Rule(set);
        return graph.Call(rule, next);
    }

    /// <summary>Any number of characters of the set, then on.</summary>
    public int Many(CodePointSet set, int next)
    {
        int loop = graph.OpenSplit();
        graph.SetSplit(loop, One(set, loop), next);
        return loop;
    }

    /// <summary>From least to most characters of the set (most null: no end), then on.</summary>
    public int Count(CodePointSet set, int least, int? most, int next)
    {
        int node = most is null ? Many(set, next) : next;
        for (int i = most ?? least; i > least; i--) node = graph.Split(One(set, node), next);
        for (int i = 0; i < least; i++) node = One(set, node);
        return node;
    }

    /// <summary>A text, character by character, without quotes.</summary>
    public int Text(string text, int next)
    {
        foreach (int codePoint in CodePoints(text).AsEnumerable().Reverse()) next = One(CodePointSet.Of((codePoint, codePoint)), next);
        return next;
    }

    public static List<int> CodePoints(string text) => text.EnumerateRunes().Select(rune => rune.Value).ToList();

    private int Rule(CodePointSet set)
    {
        var ways = new List<int>();
        CodePointSet plain = CodePointSet.Of(set.Ranges.SelectMany(range => Plain.Within(range.First, range.Last)));
        AddUtf8(ways, plain, 0, 0x7F, [0x80], [0]);
        AddUtf8(ways, plain, 0x80, 0x7FF, [0x20, 0x40], [0xC0, 0x80]);
        AddUtf8(ways, plain, 0x800, 0xFFFF, [0x10, 0x40, 0x40], [0xE0, 0x80, 0x80]);
        AddUtf8(ways, plain, 0x10000, CodePointSet.LastCodePoint, [8, 0x40, 0x40, 0x40], [0xF0, 0x80, 0x80, 0x80]);
        var escapes = new List<int>();
        foreach ((char character, char letter) in ShortEscapes)
        {
            if (set.Contains(character)) escapes.Add(graph.Byte(letter, GrammarGraph.Return));
        }
        foreach ((int first, int last) in set.Within(0, 0xFFFF)) escapes.Add(graph.Byte('u', Hexadecimal(first, last, GrammarGraph.Return)));
        foreach ((int first, int last) in set.Within(0x10000, CodePointSet.LastCodePoint)) AddPairs(escapes, first - 0x10000, last - 0x10000);
        if (escapes.Count > 0) ways.Add(graph.Byte('\\', graph.Split([.. escapes])));
        return graph.Split([.. ways]);
    }

    private void AddUtf8(List<int> ways, CodePointSet set, int from, int to, int[] bases, int[] marks)
    {
        var digits = new DigitRange(bases, (at, first, last, next) => graph.Bytes(marks[at] + first, marks[at] + last, next), graph);
        foreach ((int first, int last) in set.Within(from, to)) ways.Add(digits.Emit(first, last, GrammarGraph.Return));
    }

    /// <summary>Surrogate pairs of the 20 bits above 16: the high ten in the first escape, the low ten in the second.</summary>
    private void AddPairs(List<int> escapes, int first, int last)
    {
        const int low = 0x3FF;
        (int firstHigh, int lastHigh) = (first >> 10, last >> 10);
        if (firstHigh == lastHigh)
        {
            AddPair(firstHigh, lastHigh, first & low, last & low);
            return;
        }
        AddPair(firstHigh, firstHigh, first & low, low);
        if (firstHigh + 1 <= lastHigh - 1) AddPair(firstHigh + 1, lastHigh - 1, 0, low);
        AddPair(lastHigh, lastHigh, 0, last & low);

        void AddPair(int highFrom, int highTo, int lowFrom, int lowTo)
        {
            int second = graph.Text("\\u", Hexadecimal(0xDC00 + lowFrom, 0xDC00 + lowTo, GrammarGraph.Return));
            escapes.Add(graph.Byte('u', Hexadecimal(CodePointSet.FirstSurrogate + highFrom, CodePointSet.FirstSurrogate + highTo, second)));
        }
    }

    private int Hexadecimal(int first, int last, int next) => new DigitRange([16, 16, 16, 16], (_, low, high, after) => HexDigit(low, high, after), graph).Emit(first, last, next);

    private int HexDigit(int low, int high, int next)
    {
        var ways = new List<int>();
        if (low <= 9) ways.Add(graph.Bytes('0' + low, '0' + Math.Min(high, 9), next));
        if (high >= 10)
        {
            int letter = Math.Max(low, 10) - 10;
            ways.Add(graph.Bytes('a' + letter, 'a' + high - 10, next));
            ways.Add(graph.Bytes('A' + letter, 'A' + high - 10, next));
        }
        return graph.Split([.. ways]);
    }
}
