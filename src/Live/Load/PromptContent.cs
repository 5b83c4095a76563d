using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>
/// What stands at each place of a prompt: a number that depends on the content's identity and the place within it, so that equal spans give
/// equal prompts and a server's prefix cache hits exactly where the trace says. What no span covers is the request's own.
/// </summary>
internal readonly struct PromptContent(ulong seed)
{
    /// <summary>Keeps the content of requests apart from identities that traces give.</summary>
    private const ulong OwnContent = 0x6F776E20636F6E74;

    /// <summary>Keeps what tools return apart from prompts.</summary>
    private const ulong ToolContent = 0x746F6F6C20636F6E;

    /// <summary>The spans of a request, its own content at the end where they do not reach.</summary>
    public static IEnumerable<(ulong Key, int Tokens)> Spans(Request request)
    {
        int left = request.PromptTokens;
        foreach (TokenSpan span in request.Content ?? [])
        {
            int tokens = Math.Min(left, span.Tokens);
            if (tokens <= 0) break;
            left -= tokens;
            yield return (Mix(span.ContentId), tokens);
        }
        if (left > 0) yield return (Mix(OwnContent ^ Mix(unchecked((ulong)request.Id))), left);
    }

    /// <summary>Identity of what a tool call returns.</summary>
    public static ulong KeyOfReturn(Request request, int call) => Mix(ToolContent ^ Mix(unchecked((ulong)request.Id) ^ Mix((ulong)call)));

    /// <summary>Number at a place, uniform below <paramref name="count"/>.</summary>
    public int At(ulong key, int place, int count) => (int)Math.BigMul(Mix(key ^ Mix(seed + (ulong)place)), (ulong)count, out _);

    /// <summary>The finaliser of SplitMix64 (Steele, Lea, Flood 2014, a).</summary>
    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15UL;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
        return value ^ (value >> 31);
    }
}
