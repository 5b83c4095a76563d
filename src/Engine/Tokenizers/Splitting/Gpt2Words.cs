namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>The words of GPT-2: contractions, letters, numbers or other signs with one space before them, and white space. Written out by hand because most vocabularies use it.</summary>
internal sealed class Gpt2Words : ISplitRule
{
    /// <summary>What this rule does, as the expression of GPT-2's encoder.</summary>
    public const string Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public void Split(CodePointText text, int start, int end, List<int> ends)
    {
        ReadOnlySpan<byte> classes = text.Classes;
        ReadOnlySpan<WordKind> kinds = WordKinds.Of;
        int position = start;
        while (position < end)
        {
            byte first = classes[position];
            if (first == '\'')
            {
                int contraction = WordKinds.ContractionEnd(classes, position, end, caseBit: 0);
                if (contraction > position)
                {
                    ends.Add(position = contraction);
                    continue;
                }
            }
            int word = first == ' ' && position + 1 < end ? position + 1 : position;
            WordKind kind = kinds[classes[word]];
            if (kind != WordKind.Space)
            {
                ends.Add(position = WordKinds.RunEnd(classes, word, end, kind));
                continue;
            }
            // A run of white space leaves its last sign to the word behind it.
            int run = WordKinds.RunEnd(classes, position, end, WordKind.Space);
            if (run < end && run - position > 1) run--;
            ends.Add(position = run);
        }
    }
}
