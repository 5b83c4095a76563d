using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Orrery.Engine.Tokenizers.Splitting;

namespace Orrery.Engine.Tests.Tokenizers.Splitting;

public sealed partial class PreTokenizerTests
{
    public static TheoryData<string> Names() => [.. PreTokenizers.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Patterns_cut_as_the_frameworks_expressions_do(string name)
    {
        // The framework counts UTF-16 units and takes the tilde for a symbol, so both are left out here.
        Gen<string> texts = BpeTokenizerTests.Texts.Select(text => string.Concat(text.Where(sign => sign != '~' && !char.IsSurrogate(sign))));
        foreach (PatternRule rule in PreTokenizers.Find(name, "test").Rules.OfType<PatternRule>())
        {
            var expression = new Regex(OfUnits(rule.Pattern), RegexOptions.CultureInvariant);
            // Where a pattern names code points beyond ASCII, the reference has made white space one sign before: its ranges never take it.
            bool namesCodePoints = rule.Pattern.Any(sign => sign > '\x7F');
            Properties.Check(namesCodePoints ? texts.Select(WithPlainSpace) : texts, text => Pieces(rule, text).SequenceEqual(Reference(expression, text)));
        }
    }

    [Fact]
    public void Hand_written_rules_cut_as_their_patterns_do()
    {
        (ISplitRule Fast, string Pattern)[] pairs =
        [
            (new Gpt2Words(), Gpt2Words.Pattern), (new Cl100kWords(1), new Cl100kWords(1).Pattern), (new Cl100kWords(3), new Cl100kWords(3).Pattern),
        ];
        foreach ((ISplitRule fast, string pattern) in pairs)
        {
            var plain = new PatternRule(pattern);
            Properties.Check(BpeTokenizerTests.Texts, text => Pieces(fast, text).SequenceEqual(Pieces(plain, text)), 1000);
        }
    }

    [Fact]
    public void Rules_cover_the_text_without_gaps()
    {
        foreach (string name in PreTokenizers.Names)
        {
            PreTokenizer pre = PreTokenizers.Find(name, "test");
            Properties.Check(BpeTokenizerTests.Texts, text =>
            {
                CodePointText points = Load(text);
                List<int> ends = [];
                pre.Split(points, ends, []);
                return points.Count == 0 ? ends.Count == 0 : ends[^1] == points.Count && ends.Zip(ends.Prepend(0)).All(pair => pair.First > pair.Second);
            }, 20);
        }
    }

    [Theory]
    [InlineData("llama-bpe", "I'LL pay 12345 dollars", "I|'LL| pay| |123|45| dollars")]
    [InlineData("qwen2", "12 3\n\n  x", "1|2| |3|\n\n| | x")]
    [InlineData("gpt-2", "we'Re  1234 (ok)", "we|'|Re| | 1234| (|ok|)")]
    [InlineData("gpt-4o", "camelCaseHTTP's end/\n", "camel|Case|HTTP's| end|/\n")]
    [InlineData("tekken", "camelCase 123", "camel|Case| |1|2|3")]
    [InlineData("deepseek-v3", "x=12345 你好.net -1", "x|=|123|45| |你好|.net| -|1")]
    [InlineData("deepseek-llm", "Hello, world  ", "Hello|,| world|  ")]
    [InlineData("falcon", "1234567, ok", "123|456|7|,| ok")]
    [InlineData("starcoder", " 123", " |1|2|3")]
    [InlineData("superbpe", "a 1234567 b", "a |1|234|567| b")]
    [InlineData("bloom", "Hello world, 12", "Hello| world|,| 12")]
    [InlineData("viking", "ab 12", "ab| |1|2")]
    [InlineData("jais-2", "a      b", "a|    | | b")]
    [InlineData("deepseek-coder", "𐐀 𝔘!", "𐐀| 𝔘|!")]
    [InlineData("qwen2", "🚀\u3000𝔘𝟙", "🚀|\u3000𝔘|𝟙")]
    public void Known_texts_are_cut_where_they_should(string name, string text, string expected)
    {
        CodePointText points = Load(text);
        List<int> ends = [];
        PreTokenizers.Find(name, "test").Split(points, ends, []);
        Assert.Equal(expected, string.Join('|', Cut(points, ends)));
    }

    [Fact]
    public void Hostile_texts_take_time_in_proportion()
    {
        const int length = 30_000;
        string[] hostile = [" ", "\n ", "A", "a", "0", "'", "!", "\u0301", "aA", " a", "~", "中", "\r", "\t!"];
        foreach (PreTokenizer pre in PreTokenizers.Names.Select(name => PreTokenizers.Find(name, "test")))
        {
            foreach (string part in hostile)
            {
                CodePointText points = Load(string.Concat(Enumerable.Repeat(part, length / part.Length)) + "x");
                List<int> ends = [];
                pre.Split(points, ends, []);
                Assert.Equal(points.Count, ends[^1]);
            }
        }
    }

    private static CodePointText Load(string text)
    {
        var points = new CodePointText();
        points.Load(Encoding.UTF8.GetBytes(text));
        return points;
    }

    private static List<string> Pieces(ISplitRule rule, string text)
    {
        CodePointText points = Load(text);
        List<int> ends = [];
        rule.Split(points, 0, points.Count, ends);
        return Cut(points, ends);
    }

    private static List<string> Cut(CodePointText points, List<int> ends)
    {
        var pieces = new List<string>();
        int start = 0;
        foreach (int end in ends)
        {
            pieces.Add(string.Concat(points.Points[start..end].ToArray().Select(char.ConvertFromUtf32)));
            start = end;
        }
        return pieces;
    }

    private static string WithPlainSpace(string text) => string.Concat(text.Select(sign => sign > '\x7F' && char.IsWhiteSpace(sign) ? '\v' : sign));

    /// <summary>The pattern in the framework's dialect and without ranges beyond the basic plane.</summary>
    private static string OfUnits(string pattern) => SurrogateRange().Replace(pattern.Replace("&&[^", "-[", StringComparison.Ordinal), "");

    [GeneratedRegex(@"[\uD800-\uDBFF][\uDC00-\uDFFF](-[\uD800-\uDBFF][\uDC00-\uDFFF])?")]
    private static partial Regex SurrogateRange();

    private static List<string> Reference(Regex expression, string text)
    {
        var pieces = new List<string>();
        int gap = 0;
        foreach (Match match in expression.Matches(text))
        {
            if (match.Length == 0) continue;
            if (match.Index > gap) pieces.Add(text[gap..match.Index]);
            pieces.Add(match.Value);
            gap = match.Index + match.Length;
        }
        if (gap < text.Length) pieces.Add(text[gap..]);
        return pieces;
    }
}
