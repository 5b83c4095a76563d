namespace Orrery.Engine.Tokenizers.Splitting;

internal enum WordKind : byte
{
    Other,
    Letter,
    Number,
    Space,
}

/// <summary>The four kinds of code point that the common pre-tokenisers tell apart, by the class byte of <see cref="CodePointText"/>.</summary>
internal static class WordKinds
{
    private static readonly WordKind[] Table = Build();

    public static ReadOnlySpan<WordKind> Of => Table;

    /// <summary>The end of the run of one kind that begins at the position.</summary>
    public static int RunEnd(ReadOnlySpan<byte> classes, int position, int end, WordKind kind)
    {
        ReadOnlySpan<WordKind> kinds = Table;
        while (position < end && kinds[classes[position]] == kind) position++;
        return position;
    }

    /// <summary>The end of an English contraction ('s 't 'm 'd 're 've 'll) that begins at the apostrophe, or the position itself.</summary>
    public static int ContractionEnd(ReadOnlySpan<byte> classes, int position, int end, byte caseBit)
    {
        if (position + 1 >= end) return position;
        int first = classes[position + 1] | caseBit;
        if (first is 's' or 't' or 'm' or 'd') return position + 2;
        if (position + 2 >= end) return position;
        return (first, classes[position + 2] | caseBit) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? position + 3 : position;
    }

    private static WordKind[] Build()
    {
        var table = new WordKind[256];
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = i switch
            {
                >= '0' and <= '9' or CodePointText.Number => WordKind.Number,
                >= 'A' and <= 'Z' or >= 'a' and <= 'z' or CodePointText.Letter => WordKind.Letter,
                >= '\t' and <= '\r' or ' ' => WordKind.Space,
                _ => WordKind.Other,
            };
        }
        return table;
    }
}
