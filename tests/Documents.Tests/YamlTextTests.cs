using FsCheck;
using FsCheck.Fluent;

namespace Orrery.Documents.Tests;

public sealed class YamlTextTests
{
    [Fact]
    public void A_lock_file_reads_well()
    {
        const string text = """
            # resolved by orrery
            # seed 1
            name: chat-on-h100
            model: meta/Llama-3-70B
            rate: 20/s
            seed: 1
            label: "1"
            note: "yes: it \"is\" # so"
            empty: ""
            none: null
            list: [a, 2, true]
            nothing: []
            blank: {}
            fleet:
              - device: h100-sxm
                scheduler:
                  use: orca
              - device: a40
            nested:
              - [1, 2]
              -
                - [3]
                - k: 4

            """;
        Node root = Errors.Parse(text);
        string written = YamlText.Write(root, "resolved by orrery\nseed 1");
        Assert.Equal(text.Replace("  -\n    - [3]\n    - k: 4", "  - - [3]\n    - k: 4", StringComparison.Ordinal), written);
        Assert.True(Node.SameTree(root, Errors.Parse(written)));
    }

    [Theory]
    [InlineData("abc", "abc")]
    [InlineData("p99 (x) <= 2", "p99 (x) <= 2")]
    [InlineData("true", "\"true\"")]
    [InlineData("null", "\"null\"")]
    [InlineData("1e5", "\"1e5\"")]
    [InlineData("", "\"\"")]
    [InlineData(" a", "\" a\"")]
    [InlineData("a  b", "\"a  b\"")]
    [InlineData("- a", "\"- a\"")]
    [InlineData("---", "\"---\"")]
    [InlineData("a: b", "\"a: b\"")]
    [InlineData("a #b", "\"a #b\"")]
    [InlineData("*a", "\"*a\"")]
    [InlineData("a\n\tb\u0085\u2028\"\\", "\"a\\n\\tb\\u0085\\u2028\\\"\\\\\"")]
    public void Scalars(string scalar, string written) => Assert.Equal(written, YamlText.Scalar(scalar));

    [Fact]
    public void Built_trees_have_paths()
    {
        Node root = Node.Map(KeyValuePair.Create("a", Node.List(Node.Plain("1"), Node.Map(KeyValuePair.Create("k", Node.Quoted("2"))))));
        Assert.Equal("a.1.k", root["a"]!.Items[1]["k"]!.Path);
        Assert.Equal("a:\n  - 1\n  - k: \"2\"\n", YamlText.Write(root));
        Assert.Throws<ArgumentException>(() => Node.Map(KeyValuePair.Create("a", Node.Plain("1")), KeyValuePair.Create("a", Node.Plain("2"))));
    }

    [Fact]
    public void Long_lists_stand_one_item_a_line()
    {
        Node root = Node.List([.. Enumerable.Range(0, 200).Select(i => Node.Plain($"{i}"))]);
        string written = YamlText.Write(root);
        Assert.StartsWith("- 0\n- 1\n", written, StringComparison.Ordinal);
        Assert.True(Node.SameTree(root, Errors.Parse(written)));
    }

    [Fact]
    public void Every_tree_reads_back() =>
        Properties.Check(Trees.Any, tree => Node.SameTree(tree, Errors.Parse(YamlText.Write(tree))), tests: 1500);

    [Fact]
    public void Different_trees_differ()
    {
        Assert.False(Node.SameTree(Node.Plain("1"), Node.Quoted("1")));
        Assert.True(Node.SameTree(Node.Plain("a"), Node.Quoted("a")));
        Assert.False(Node.SameTree(Node.List(), Node.Map()));
        Assert.False(Node.SameTree(Errors.Parse("{a: 1, b: 2}"), Errors.Parse("{b: 2, a: 1}")));
    }
}

/// <summary>Generated trees with texts that are hostile to YAML.</summary>
internal static class Trees
{
    private static readonly string[] Hostile =
    [
        "", " ", "~", "null", "true", "yes", "1", "-1.5e3", ".5", "0x1", "- a", "-", "--", "---", "... x", "a: b", "a:", ":a", "a #b", "#", "[", "]", "{a}", "a,b", "&a", "*a", "!x", "%y",
        "@", "`", "'", "\"", "|", ">", "? x", "\\", "a\nb", "\n", "\r\n", "\r", "\t", " lead", "trail ", "two  blanks", "\u0085", "\u2028", "\uFEFF", "\u0001", "é", "日本", "🪐", "<<", "=", "a.b",
        "989TFLOP/s", "$3.67", "p99(gap) <= 200ms",
    ];

    private static readonly Gen<string> Texts = Gen.OneOf(
        Gen.Elements(Hostile),
        ArbMap.Default.GeneratorFor<string>().Where(text => text is not null && text.Length <= 100),
        Gen.Elements(Hostile).Two().Select(pair => pair.Item1 + pair.Item2));

    // Lone surrogates are no text: no file in UTF-8 can hold them.
    private static readonly Gen<string> WholeTexts = Texts.Where(text => !text.EnumerateRunes().Any(rune => rune.Value == 0xFFFD));

    public static Gen<Node> Any { get; } = Gen.Choose(0, 4).SelectMany(OfDepth);

    private static Gen<Node> OfDepth(int depth)
    {
        Gen<Node> scalar = WholeTexts.SelectMany(text => Gen.Elements(true, false).Select(plain => plain ? Node.Plain(text) : Node.Quoted(text)));
        if (depth == 0) return scalar;
        Gen<Node> child = Gen.Choose(0, depth - 1).SelectMany(OfDepth);
        Gen<Node> list = child.ListOf().Select(items => Node.List([.. items.Take(5)]));
        Gen<Node> map = WholeTexts.Zip(child, KeyValuePair.Create).ListOf().Select(entries => Node.Map([.. entries.Take(5).DistinctBy(entry => entry.Key)]));
        return Gen.OneOf(scalar, list, map);
    }
}
