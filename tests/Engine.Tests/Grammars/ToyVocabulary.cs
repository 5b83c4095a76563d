using System.Text;
using Orrery.Engine.Grammars;

namespace Orrery.Engine.Tests.Grammars;

/// <summary>All 256 bytes, pieces of JSON and of words, characters of several bytes and halves of them, a control token and two that end the generation.</summary>
internal static class ToyVocabulary
{
    public const int Control = 0;
    public const int End = 1;
    public const int EndOfTurn = 2;

    private static readonly string[] Pieces =
    [
        "{\"", "\":", "\": ", "\",\"", "\"}", "},{", "}]", "]}", "[\"", "\"]", "true", "false", "null", "tr", "ue", "nul", "\\u", "\\u00", "\\ud83d", "\\n", "\\\"", "name", "age", "na", "me\"", " \"", "\n  ", "\n", "  ", ", ", ",",
        "12", "123", "-1", "0.5", "1e", "00", "2024-", "-0", "é", "ü", "😀", "日本", "the ", "value", "\"kind\":\"", "left", "right", "a", "ab", "abc", "{}", "[]", "[[", "{\"a\":{\"a\":", "\":\"", "\":1", "}}}}", "]]]]",
    ];

    public static TokenVocabulary Instance { get; } = Make();

    private static TokenVocabulary Make()
    {
        var tokens = new List<byte[]> { Array.Empty<byte>(), "</s>"u8.ToArray(), Array.Empty<byte>() };
        for (int value = 0; value < 256; value++) tokens.Add([(byte)value]);
        tokens.AddRange(Pieces.Select(Encoding.UTF8.GetBytes));
        tokens.Add([0xF0, 0x9F]);
        tokens.Add([0x98, 0x80]);
        // Two tokens with the same text.
        tokens.Add("true"u8.ToArray());
        return new TokenVocabulary([.. tokens], new HashSet<int> { End, EndOfTurn });
    }
}
