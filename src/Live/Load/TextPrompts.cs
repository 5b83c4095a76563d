using System.Text;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>
/// How many words make how many tokens at a server, its chat template included: tokens = <paramref name="Overhead"/> + words · <paramref name="PerWord"/>,
/// a line through the counts that the server reports for two prompts.
/// </summary>
/// <param name="Overhead">Tokens that the server adds to every prompt.</param>
/// <param name="PerWord">Tokens of a word.</param>
public readonly record struct WordScale(double Overhead, double PerWord)
{
    /// <summary>The line through two measurements.</summary>
    public static WordScale Through(int words, int tokens, int moreWords, int moreTokens)
    {
        double perWord = (double)(moreTokens - tokens) / (moreWords - words);
        return new(tokens - (words * perWord), perWord);
    }

    /// <summary>Words after which a prompt has so many tokens; none where the server's own tokens are already more.</summary>
    public int WordsAt(int tokens) => Math.Max(0, (int)Math.Round((tokens - Overhead) / PerWord));
}

/// <summary>Prompts as text, for endpoints that take no tokens: common words, as many as make the stated length by a <see cref="WordScale"/>.</summary>
public sealed class TextPrompts(WordScale scale, ulong seed) : IPromptMaker
{
    /// <summary>Common English words, each a token of its own in the usual vocabularies.</summary>
    private static readonly string[] Words =
    [
        "time", "year", "people", "way", "day", "man", "thing", "woman", "life", "child", "world", "school", "state", "family", "student", "group",
        "country", "problem", "hand", "part", "place", "case", "week", "company", "system", "program", "question", "work", "government", "number", "night", "point",
        "home", "water", "room", "mother", "area", "money", "story", "fact", "month", "lot", "right", "study", "book", "eye", "job", "word",
        "business", "issue", "side", "kind", "head", "house", "service", "friend", "father", "power", "hour", "game", "line", "end", "member", "law",
    ];

    private readonly PromptContent _content = new(seed);

    /// <summary>Every word once: a text whose tokens are ordinary ones.</summary>
    internal static string AllWords { get; } = string.Join(' ', Words);

    public LoadPrompt Make(Request request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var text = new StringBuilder();
        int tokens = 0;
        int words = 0;
        foreach ((ulong key, int count) in PromptContent.Spans(request))
        {
            tokens += count;
            int end = scale.WordsAt(tokens);
            for (int place = 0; words < end; place++, words++) Append(text, _content.At(key, place, Words.Length));
        }
        // A server takes no empty prompt.
        if (words == 0) Append(text, 0);
        return new(null, text.ToString());
    }

    private static void Append(StringBuilder text, int word)
    {
        if (text.Length > 0) text.Append(' ');
        text.Append(Words[word]);
    }
}
