namespace Orrery.Documents.Tests;

public sealed class OverridesTests
{
    private const string Scenario = "name: chat\nfleet:\n  - device: h100\n    scheduler: {use: orca}\n  - device: a40\none: [x]\nnone: []\nempty:\n";

    private static Node Set(params string[] assignments) =>
        assignments.Aggregate(Errors.Parse(Scenario), (root, assignment) => Overrides.Apply(root, assignment));

    [Theory]
    [InlineData("fleet.0.scheduler.use=orca", "fleet: [{scheduler: {use: orca}}]")]
    [InlineData("fleet.0.scheduler.policy=priority", "fleet: [{scheduler: {use: vllm-v1, policy: priority}}]")]
    public void OptionsOfAPluginNamedByAScalarCanBeSet(string assignment, string expected)
    {
        Node root = Document.Parse("fleet: [{scheduler: vllm-v1}]", "s.yaml");
        Assert.True(Node.SameTree(Document.Parse(expected, "e.yaml"), Overrides.Apply(root, assignment)));
    }

    [Fact]
    public void Values_are_replaced_and_added()
    {
        Node root = Set("fleet.0.scheduler.use=vllm-v1", "fleet.1.replicas=4", "new.deep.key=[1, 2]", "empty.k=x", "models.\"llama-3.1\".precision=bf16", "name=a=b");
        Assert.Equal("vllm-v1", root["fleet"]!.Items[0]["scheduler"]!["use"]!.Text);
        Assert.Equal(4, root["fleet"]!.Items[1]["replicas"]!.AsInt());
        Assert.Equal("new.deep.key.1", root["new"]!["deep"]!["key"]!.Items[1].Path);
        Assert.Equal("x", root["empty"]!["k"]!.Text);
        Assert.Equal("bf16", root["models"]!["llama-3.1"]!["precision"]!.Text);
        Assert.Equal("a=b", root["name"]!.Text);
        Assert.Equal("a40", root["fleet"]!.Items[1]["device"]!.Text);
    }

    [Fact]
    public void Whole_items_and_an_empty_document()
    {
        Assert.Equal("y", Set("one.0={k: y}")["one"]!.Items[0]["k"]!.Text);
        Assert.Equal(1, Overrides.Apply(Errors.Parse(""), "a.b=1")["a"]!["b"]!.AsInt());
        Assert.Equal(NodeKind.Null, Set("name=")["name"]!.Kind);
    }

    [Fact]
    public void Errors_about_set_values_name_the_flag()
    {
        Node root = Set("fleet.0.replicas=many", "fleet.0.foo=1", "a.b=1");
        Assert.Equal("--set fleet.0.replicas=many: fleet.0.replicas: expected a whole number such as 8, not 'many'", Errors.Of(() => root["fleet"]!.Items[0]["replicas"]!.AsInt()));
        MapReader item = root["fleet"]!.Items[0].AsMap();
        foreach (string key in (string[])["device", "scheduler", "replicas"]) item.Has(key);
        Assert.Equal("--set fleet.0.foo=1: fleet.0.foo: unknown key; known: device, scheduler, replicas", Errors.Of(item.Done));
        MapReader whole = root.AsMap();
        foreach (string key in (string[])["name", "fleet", "one", "none", "empty"]) whole.Has(key);
        Assert.StartsWith("--set a.b=1: a: unknown key", Errors.Of(whole.Done), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fleet", "--set fleet: expected PATH=VALUE, such as fleet.0.replicas=4")]
    [InlineData("=x", "--set =x: expected PATH=VALUE, such as fleet.0.replicas=4")]
    [InlineData("fleet..x=1", "--set fleet..x=1: the path 'fleet..x' has an empty part; write keys joined by single dots, such as fleet.0.device")]
    [InlineData("fleet.=1", "--set fleet.=1: the path 'fleet.' has an empty part; write keys joined by single dots, such as fleet.0.device")]
    [InlineData("\"a\"b=1", "--set \"a\"b=1: a dot is missing after the quote in path '\"a\"b'")]
    [InlineData("\"a=1", "--set \"a=1: expected PATH=VALUE, such as fleet.0.replicas=4")]
    [InlineData("fleet.2.x=1", "--set fleet.2.x=1: fleet has no item 2; its items are 0 to 1")]
    [InlineData("one.1=1", "--set one.1=1: one has no item 1; it has one item, 0")]
    [InlineData("none.0=1", "--set none.0=1: none has no item 0; it is empty")]
    [InlineData("fleet.device=1", "--set fleet.device=1: fleet is a list, so 'device' must be an index; its items are 0 to 1")]
    [InlineData("fleet.-1=1", "--set fleet.-1=1: fleet is a list, so '-1' must be an index; its items are 0 to 1")]
    [InlineData("name.x=1", "--set name.x=1: name is 'chat' (s.yaml:1:7), which has no 'x' below it; set name itself")]
    [InlineData("a=[1", "--set a=[1: the value is not valid YAML: while parsing a flow sequence, did not find expected ',' or ']'")]
    [InlineData("a={k: 1, k: 2}", "--set a={k: 1, k: 2}: the key 'k' appears twice; keep one of them")]
    [InlineData("a=!x 1", "--set a=!x 1: the tag '!x' is not used here; remove it")]
    public void Wrong_assignments(string assignment, string message) => Assert.Equal(message, Errors.Of(() => Set(assignment)));

    [Fact]
    public void A_path_is_bounded() =>
        Assert.EndsWith("the path has more than 64 parts", Errors.Of(() => Set(string.Join('.', Enumerable.Repeat("a", 65)) + "=1")), StringComparison.Ordinal);

    [Fact]
    public void Variations_split_at_outer_commas()
    {
        (string path, IReadOnlyList<string> values) = Overrides.ParseVary("fleet.0.scheduler=vllm-v1, orca,[a,b],{use: x, y: [1,2]},'p,q'");
        Assert.Equal("fleet.0.scheduler", path);
        Assert.Equal(["vllm-v1", "orca", "[a,b]", "{use: x, y: [1,2]}", "'p,q'"], values);
        foreach (string value in values) Set($"{path}={value}");
    }

    [Theory]
    [InlineData("a", "--vary a: expected PATH=VALUE, such as fleet.0.scheduler.use=vllm-v1,orca")]
    [InlineData("a=", "--vary a=: a value is empty; write values joined by single commas")]
    [InlineData("a=1,,2", "--vary a=1,,2: a value is empty; write values joined by single commas")]
    [InlineData("a=1,2,1", "--vary a=1,2,1: the value '1' appears twice; keep one of them")]
    [InlineData("a=[1,2", "--vary a=[1,2: a closing ']' is missing")]
    [InlineData("a=1],2", "--vary a=1],2: the ']' has no opening bracket")]
    [InlineData("a={1],2", "--vary a={1],2: the ']' has no opening bracket")]
    [InlineData("a='x,y", "--vary a='x,y: a quote ' is not closed")]
    [InlineData("a..b=1", "--vary a..b=1: the path 'a..b' has an empty part; write keys joined by single dots, such as fleet.0.device")]
    public void Wrong_variations(string assignment, string message) => Assert.Equal(message, Errors.Of(() => Overrides.ParseVary(assignment)));
}
