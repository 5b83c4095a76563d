namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>
/// The words of the family that began with the vocabulary cl100k (Llama 3, Qwen 2, …): contractions in any case, letters with one sign before them, numbers of at most
/// so many digits, other signs with the line ends behind them, and white space up to its last line end. Written out by hand for speed.
/// </summary>
/// <param name="digits">Longest run of digits that stays together.</param>
internal sealed class Cl100kWords(int digits) : ISplitRule
{
    private const byte CaseBit = 0x20;

    /// <summary>What this rule does, as the expression in those models' tokenizer files.</summary>
    public string Pattern =>
        @"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1," + digits + @"}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    public void Split(CodePointText text, int start, int end, List<int> ends)
    {
        ReadOnlySpan<byte> classes = text.Classes;
        int position = start;
        while (position < end) ends.Add(position = WordEnd(classes, position, end));
    }

    private int WordEnd(ReadOnlySpan<byte> classes, int position, int end)
    {
        ReadOnlySpan<WordKind> kinds = WordKinds.Of;
        byte first = classes[position];
        if (first == '\'')
        {
            int contraction = WordKinds.ContractionEnd(classes, position, end, CaseBit);
            if (contraction > position) return contraction;
        }
        WordKind kind = kinds[first];
        WordKind next = position + 1 < end ? kinds[classes[position + 1]] : WordKind.Space;
        if (kind == WordKind.Letter || (next == WordKind.Letter && kind != WordKind.Number && first is not ((byte)'\r' or (byte)'\n')))
            return WordKinds.RunEnd(classes, position + 1, end, WordKind.Letter);
        if (kind == WordKind.Number)
            return WordKinds.RunEnd(classes, position, Math.Min(end, position + digits), WordKind.Number);
        if (kind == WordKind.Other || (first == ' ' && next == WordKind.Other))
        {
            int signs = WordKinds.RunEnd(classes, position + (first == ' ' ? 1 : 0), end, WordKind.Other);
            while (signs < end && classes[signs] is (byte)'\r' or (byte)'\n') signs++;
            return signs;
        }
        int run = WordKinds.RunEnd(classes, position, end, WordKind.Space);
        int lines = classes[position..run].LastIndexOfAny((byte)'\r', (byte)'\n');
        if (lines >= 0) return position + lines + 1;
        return run < end && run - position > 1 ? run - 1 : run;
    }
}
