namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>What a name in <c>tokenizer.ggml.pre</c> means: how text is cut into words before merging, and what else the name implies.</summary>
/// <param name="Rules">Passes; each cuts the pieces of the one before.</param>
internal sealed record PreTokenizer(params IReadOnlyList<ISplitRule> Rules)
{
    /// <summary>A word that is a token of the vocabulary is that token, whatever the merges say.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>The model wants its first token set before the text, unless the file says otherwise.</summary>
    public bool AddsBos { get; init; }

    /// <summary>Cuts the text; <paramref name="ends"/> receives the ends of the words in code points.</summary>
    /// <param name="text">The whole stretch.</param>
    /// <param name="ends">Cleared first.</param>
    /// <param name="scratch">A second list to work with.</param>
    public void Split(CodePointText text, List<int> ends, List<int> scratch)
    {
        ends.Clear();
        if (text.Count == 0) return;
        ends.Add(text.Count);
        foreach (ISplitRule rule in Rules)
        {
            scratch.Clear();
            scratch.AddRange(ends);
            ends.Clear();
            int start = 0;
            foreach (int end in scratch)
            {
                rule.Split(text, start, end, ends);
                start = end;
            }
        }
    }
}
