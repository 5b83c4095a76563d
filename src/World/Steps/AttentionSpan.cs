namespace Orrery.World.Steps;

/// <summary>Counts what causal attention touches: query-key pairs and cached tokens. Exact integers.</summary>
public static class AttentionSpan
{
    /// <summary>Pairs of a chunk under full attention: t·history + t(t+1)/2.</summary>
    public static long Pairs(PrefillChunk chunk) =>
        ((long)chunk.Tokens * chunk.HistoryTokens) + ((long)chunk.Tokens * (chunk.Tokens + 1L) / 2);

    /// <summary>Pairs of a chunk when each token sees at most the last <paramref name="window"/> tokens, itself included.</summary>
    public static long Pairs(PrefillChunk chunk, int window)
    {
        // Tokens that still see everything form a triangle on top of the history; the rest see a full window each.
        long growing = Math.Clamp((long)window - chunk.HistoryTokens, 0, chunk.Tokens);
        return (growing * chunk.HistoryTokens) + (growing * (growing + 1) / 2) + ((chunk.Tokens - growing) * window);
    }

    /// <summary>Cached tokens that a chunk reads under a window: what its first token still sees, plus its own tokens.</summary>
    public static long KvTokens(PrefillChunk chunk, int window) => Math.Min(chunk.HistoryTokens, window - 1L) + chunk.Tokens;

    /// <summary>Sum over decodes of the tokens seen under a window.</summary>
    public static long WindowedContext(StepShape shape, int window)
    {
        ArgumentNullException.ThrowIfNull(shape);
        long sum = 0;
        foreach (int context in shape.DecodeContexts) sum += Math.Min(context, window);
        return sum;
    }

    /// <summary>Pairs of all decodes under a window; drafts are spread evenly over the sequences (exact for one query token each).</summary>
    public static long WindowedPairs(StepShape shape, int window) =>
        SpreadOverQueries(WindowedContext(shape, window), shape.DecodeTokens, shape.DecodeSequences);

    internal static long SpreadOverQueries(long context, long queryTokens, long sequences) =>
        queryTokens == sequences ? context : context * queryTokens / Math.Max(1, sequences);
}
