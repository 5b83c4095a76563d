namespace Orrery.Documents.Tests;

public sealed class DocumentTests
{
    private const string Scenario = """
        name: chat
        fleet:
          - device: h100-sxm
            scheduler: {use: vllm-v1, tokenBudget: 512}
          - device: a40
        "a.b": [1, 'two', null]
        """;

    [Fact]
    public void Every_value_knows_its_place_and_path()
    {
        Node root = Errors.Parse(Scenario);
        Node budget = root["fleet"]!.Items[0]["scheduler"]!["tokenBudget"]!;
        Assert.Equal("fleet.0.scheduler.tokenBudget", budget.Path);
        Assert.Equal("s.yaml:4:44", budget.Where);
        Assert.Equal("", root.Path);
        Assert.Equal("s.yaml:1:1", root.Where);
        Assert.Equal("\"a.b\".2", root["a.b"]!.Items[2].Path);
    }

    [Fact]
    public void Kinds_and_order_are_those_of_the_text()
    {
        Node root = Errors.Parse(Scenario);
        Assert.Equal(NodeKind.Mapping, root.Kind);
        Assert.Equal(["name", "fleet", "a.b"], root.Entries.Select(entry => entry.Key));
        Node list = root["a.b"]!;
        Assert.Equal([NodeKind.Scalar, NodeKind.Scalar, NodeKind.Null], list.Items.Select(item => item.Kind));
        Assert.True(list.Items[0].IsPlain);
        Assert.False(list.Items[1].IsPlain);
        Assert.Null(root["nothing"]);
        Assert.Null(list["nothing"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("# only a comment\n")]
    [InlineData("---\n")]
    [InlineData("~")]
    [InlineData("null")]
    public void Empty_documents_are_null(string text) => Assert.Equal(NodeKind.Null, Errors.Parse(text).Kind);

    [Fact]
    public void Json_is_read_as_yaml()
    {
        Node root = Errors.Parse("{\"rate\": \"20/s\", \"n\": [1, 2.5], \"ok\": true, \"t\\u0061b\": \"\\t\"}");
        Assert.Equal("20/s", root["rate"]!.Text);
        Assert.Equal(2.5, root["n"]!.Items[1].AsNumber());
        Assert.True(root["ok"]!.AsBool());
        Assert.Equal("\t", root["tab"]!.Text);
    }

    [Fact]
    public void Aliases_copy_the_value_and_its_place_but_get_their_own_path()
    {
        Node root = Errors.Parse("a: &x {k: 1}\nb: *x\n");
        Assert.Equal("b.k", root["b"]!["k"]!.Path);
        Assert.Equal("s.yaml:1:11", root["b"]!["k"]!.Where);
        Assert.True(Node.SameTree(root["a"]!, root["b"]!));
    }

    [Theory]
    [InlineData("a: 1\na: 2\n", "s.yaml:2:1: the key 'a' appears twice (first at line 1); keep one of them")]
    [InlineData("m:\n  k: 1\n  k: 2\n", "s.yaml:3:3: m: the key 'k' appears twice (first at line 2); keep one of them")]
    [InlineData("[a, b]: 1\n", "s.yaml:1:1: a key must be plain text, not a list, a mapping or an alias (write text with braces in quotes)")]
    [InlineData("m:\n  {a: b}: 1\n", "s.yaml:2:3: m: a key must be plain text, not a list, a mapping or an alias (write text with braces in quotes)")]
    [InlineData("a: &x b\n*x : 1\n", "s.yaml:2:1: a key must be plain text, not a list, a mapping or an alias (write text with braces in quotes)")]
    [InlineData("~: 1\n", "s.yaml:1:1: a key is empty; write text before the colon")]
    [InlineData("!!str a: 1\n", "s.yaml:1:1: a key must be plain text, without tag or anchor")]
    [InlineData("&k a: 1\n", "s.yaml:1:1: a key must be plain text, without tag or anchor")]
    [InlineData("a: &x {k: 1}\nb:\n  <<: *x\n", "s.yaml:3:3: b: the merge key '<<' is not YAML 1.2; share settings with 'include: file.yaml'")]
    [InlineData("a: *nowhere\n", "s.yaml:1:4: a: no anchor &nowhere stands before this alias")]
    [InlineData("a: &fleet 1\nb: *fleat\n", "s.yaml:2:4: b: no anchor &fleat stands before this alias; did you mean 'fleet'? Known: fleet")]
    [InlineData("a: &x [*x]\n", "s.yaml:1:8: a.0: no anchor &x stands before this alias")]
    [InlineData("a: !!int 5\n", "s.yaml:1:4: a: the tag 'tag:yaml.org,2002:int' is not used here; remove it")]
    [InlineData("a: 1\n---\nb: 2\n", "s.yaml:2:1: a second document starts here; keep one document in a file")]
    [InlineData("a:\n\tb: 1\n", "s.yaml:2:1: a tab is used for indentation; use spaces")]
    public void What_is_refused_has_a_designed_error(string text, string message) => Assert.Equal(message, Errors.OfParse(text));

    [Theory]
    [InlineData("a: [1, 2\n")]
    [InlineData("a: 'open\n")]
    [InlineData("a: 1\n  b: 2\n")]
    [InlineData("a: b: c\n")]
    [InlineData("a: \"\\q\"\n")]
    [InlineData("a: @x\n")]
    [InlineData("}\n")]
    [InlineData("%YAML 9.9\n---\na: 1\n")]
    public void Syntax_errors_name_file_line_and_column(string text) =>
        Assert.Matches(@"^s\.yaml:\d+:\d+: this is not valid YAML: [a-z].*[^.]$", Errors.OfParse(text));

    [Fact]
    public void A_missing_bracket_is_explained() =>
        Assert.Equal("s.yaml:1:5: the text after this place is not valid YAML; look for a bracket or a quote that is not closed", Errors.OfParse("a: [1, 2\nb: 3\n"));

    [Fact]
    public void Nesting_is_bounded()
    {
        string deepest = new string('[', Document.MaxDepth) + new string(']', Document.MaxDepth);
        Assert.Equal(NodeKind.Sequence, Errors.Parse(deepest).Kind);
        Assert.EndsWith(": lists and mappings are nested deeper than 64 levels", Errors.OfParse("[" + deepest + "]"), StringComparison.Ordinal);
        Assert.EndsWith(": lists and mappings are nested deeper than 64 levels", Errors.OfParse(new string('[', 100_000)), StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_cannot_nest_past_the_bound()
    {
        string half = new string('[', 40) + new string(']', 40);
        string text = $"a: &x {half}\nb: {new string('[', 40)}*x{new string(']', 40)}\n";
        Assert.EndsWith("copy more than 100000 values or nest deeper than 64; write it out or split it", Errors.OfParse(text), StringComparison.Ordinal);
    }

    [Fact]
    public void Aliases_cannot_multiply_without_end()
    {
        string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
        for (char c = 'b'; c <= 'i'; c++)
            bomb += $"{c}: &{c} [{string.Join(", ", Enumerable.Repeat("*" + (char)(c - 1), 10))}]\n";
        Assert.Matches(@"^s\.yaml:\d+:\d+: [a-i]\.\d: the aliases of this document copy more than 100000 values", Errors.OfParse(bomb));
    }

    [Fact]
    public void Keys_are_bounded() =>
        Assert.Equal("s.yaml:1:1: a key of 201 characters is too long (at most 200); is a colon missing?", Errors.OfParse(new string('k', 201) + ": 1"));
}
