using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Description;

/// <summary>
/// What an endless prefix cache would save: the share of prompt tokens whose whole leading content was seen before, in prompts or in
/// answers with an identity. Caching is per span, so partly equal spans do
/// not count. Remembers up to <see cref="Capacity"/> prefixes as 64-bit hashes (16 bytes each); after that new ones are forgotten and
/// the figure is a lower bound.
/// </summary>
public sealed class PrefixSharing
{
    /// <summary>Prefixes remembered at most: about 64 MB.</summary>
    public const int Capacity = 1 << 22;

    private readonly HashSet<ulong> _seen = [];

    public long PromptTokens { get; private set; }

    public long HitTokens { get; private set; }

    /// <summary>False once prefixes were forgotten.</summary>
    public bool IsExact { get; private set; } = true;

    public double HitFraction => PromptTokens == 0 ? 0 : (double)HitTokens / PromptTokens;

    /// <summary>Adds a request and returns the tokens of its prompt that were seen before.</summary>
    public long Add(Request request)
    {
        PromptTokens += request.PromptTokens;
        if (request.Content is null) return 0;
        long hit = 0;
        bool matching = true;
        ulong chain = 0;
        foreach (TokenSpan span in request.Content)
        {
            chain = Extend(chain, span.ContentId, span.Tokens);
            matching &= !Remember(chain);
            if (matching) hit += span.Tokens;
        }
        if (request.OutputContentId != 0) Remember(Extend(chain, request.OutputContentId, request.OutputTokens));
        HitTokens += hit;
        return hit;
    }

    /// <summary>True when the prefix is new.</summary>
    private bool Remember(ulong chain)
    {
        if (_seen.Contains(chain)) return false;
        if (_seen.Count < Capacity) _seen.Add(chain);
        else IsExact = false;
        return true;
    }

    private static ulong Extend(ulong chain, ulong id, int tokens)
    {
        // SplitMix64's finaliser over the chain, the identity and the length.
        ulong z = chain + (id * 0x9E3779B97F4A7C15UL) + ((ulong)tokens * 0xD1B54A32D192ED03UL) + 1;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
