using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Memory;

/// <summary>
/// Names the content of a sequence's full blocks: hash_i = H(hash_{i−1}, what the block's tokens are), so equal hashes mean equal
/// prefixes. Blocks that hold any token nobody else could have are not named.
/// </summary>
internal static class BlockContent
{
    private const ulong ChainStart = 0x6A09E667F3BCC909UL;

    /// <summary>Leading tokens of a sequence, prompt and output, whose content has an identity.</summary>
    public static int IdentifiedTokens(Sequence sequence)
    {
        Request request = sequence.Request;
        if (request.Content is null) return 0;
        long identified = 0;
        foreach (TokenSpan span in request.Content) identified += span.Tokens;
        if (identified < sequence.PromptTokens) return (int)identified;
        return request.OutputContentId == 0 ? sequence.PromptTokens : int.MaxValue;
    }

    /// <summary>Appends the hashes of blocks [from, to) to a list that holds the hashes of the blocks before.</summary>
    /// <remarks>All those blocks must lie within <see cref="IdentifiedTokens"/>.</remarks>
    public static void AppendHashes(Sequence sequence, int blockTokens, int to, List<ulong> hashes)
    {
        Request request = sequence.Request;
        TokenSpan[] spans = request.Content!;
        int from = hashes.Count;
        ulong hash = from == 0 ? Start(request.Adapter) : hashes[from - 1];
        int span = 0;
        long spanStart = 0;
        for (int block = from; block < to; block++)
        {
            long position = (long)block * blockTokens;
            long end = position + blockTokens;
            while (position < end)
            {
                while (span < spans.Length && spanStart + spans[span].Tokens <= position) spanStart += spans[span++].Tokens;
                bool inPrompt = span < spans.Length && position < sequence.PromptTokens;
                ulong id = inPrompt ? spans[span].ContentId : request.OutputContentId;
                long start = inPrompt ? spanStart : sequence.PromptTokens;
                long stop = inPrompt ? Math.Min(end, Math.Min(spanStart + spans[span].Tokens, sequence.PromptTokens)) : end;
                hash = Mix(hash ^ Mix(id + 0x9E3779B97F4A7C15UL * (ulong)(position - start + 1)) + (ulong)(stop - position));
                position = stop;
            }
            hashes.Add(hash);
        }
    }

    private static ulong Start(int adapter) => Mix(ChainStart + (ulong)(adapter + 1));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
