namespace Orrery.Documents.Tests;

public sealed class IncludeTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_including_file_wins_and_mappings_merge_key_by_key()
    {
        _folder.Write("parts/base.yaml", "slo: {ttft: 1s, tpot: 50ms}\nlist: [1, 2]\nname: base\nextra: x\n");
        Node root = Document.LoadWithIncludes(_folder.Write("main.yaml", "include: parts/base.yaml\nname: main\nslo: {ttft: 2s}\nlist: [3]\n"));
        Node expected = Errors.Parse("slo: {ttft: 2s, tpot: 50ms}\nlist: [3]\nname: main\nextra: x\n");
        Assert.True(Node.SameTree(expected, root), YamlText.Write(root));
    }

    [Fact]
    public void Values_keep_the_place_they_were_written_at()
    {
        string part = _folder.Write("part.yaml", "a: 1\nslo:\n  tpot: 50ms\n");
        string main = _folder.Write("main.yaml", "goals:\n  include: part.yaml\n  slo:\n    ttft: 2s\n");
        Node slo = Document.LoadWithIncludes(main)["goals"]!["slo"]!;
        Assert.Equal($"{part}:3:9", slo["tpot"]!.Where);
        Assert.Equal("goals.slo.tpot", slo["tpot"]!.Path);
        Assert.Equal($"{main}:4:11", slo["ttft"]!.Where);
        Assert.Equal($"{part}:3:3: goals.slo.tpot: sentence", slo["tpot"]!.KeyError("sentence").Message);
    }

    [Fact]
    public void Lists_of_files_layer_and_items_may_include()
    {
        _folder.Write("a.yaml", "x: a\ny: a\n");
        _folder.Write("b.yaml", "y: b\nz: b\n");
        Node root = Document.LoadWithIncludes(_folder.Write("main.yaml", "fleet:\n  - include: [a.yaml, b.yaml]\n    z: main\n"));
        Assert.True(Node.SameTree(Errors.Parse("fleet: [{x: a, y: b, z: main}]"), root));
        Assert.Equal("fleet.0.y", root["fleet"]!.Items[0]["y"]!.Path);
    }

    [Fact]
    public void Included_files_include_relative_to_themselves()
    {
        _folder.Write("deep/one.yaml", "include: two.yaml\na: 1\n");
        _folder.Write("deep/two.yaml", "b: 2\n");
        Assert.True(Node.SameTree(Errors.Parse("b: 2\na: 1\n"), Document.LoadWithIncludes(_folder.Write("main.yaml", "include: deep/one.yaml\n"))));
    }

    [Fact]
    public void The_same_file_may_be_included_twice_side_by_side()
    {
        _folder.Write("base.yaml", "k: 1\n");
        Node root = Document.LoadWithIncludes(_folder.Write("main.yaml", "a: {include: base.yaml}\nb: {include: base.yaml}\n"));
        Assert.True(Node.SameTree(root["a"]!, root["b"]!));
    }

    [Fact]
    public void A_circle_names_its_way()
    {
        _folder.Write("a.yaml", "include: b.yaml\n");
        string b = _folder.Write("b.yaml", "x: 1\ninclude: a.yaml\n");
        Assert.Equal($"{b}:2:10: include: 'a.yaml' includes itself: a.yaml -> b.yaml -> a.yaml", Errors.Of(() => Document.LoadWithIncludes(_folder["a.yaml"])));
    }

    [Fact]
    public void Diamonds_cannot_multiply_without_end()
    {
        for (int i = 0; i < 12; i++) _folder.Write($"f{i}.yaml", $"include: [f{i + 1}.yaml, f{i + 1}.yaml]\n");
        _folder.Write("f12.yaml", "k: 1\n");
        Assert.EndsWith("more than 256 files are included in all", Errors.Of(() => Document.LoadWithIncludes(_folder["f0.yaml"])), StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_includes()
    {
        string main = _folder.Write("main.yaml", "include: elsewhere/parts.yaml\n");
        Assert.Equal($"{main}:1:10: include: cannot include {_folder["elsewhere/parts.yaml"]}: there is no such file; its directory does not exist", Errors.Of(() => Document.LoadWithIncludes(main)));
        _folder.Write("main.yaml", "include: {a: b}\n");
        Assert.Equal($"{main}:1:10: include: expected a file name or a list of file names, not a mapping", Errors.Of(() => Document.LoadWithIncludes(main)));
        _folder.Write("main.yaml", "include: \"a\\0b\"\n");
        Assert.Equal($"{main}:1:10: include: 'a\0b' is no file name", Errors.Of(() => Document.LoadWithIncludes(main)));
        _folder.Write("list.yaml", "[1]\n");
        _folder.Write("main.yaml", "include: [list.yaml]\n");
        Assert.Equal($"{main}:1:11: include.0: 'list.yaml' holds a list; an included file must hold a mapping", Errors.Of(() => Document.LoadWithIncludes(main)));
        string bad = _folder.Write("bad.yaml", "a: 1\na: 2\n");
        _folder.Write("main.yaml", "include: bad.yaml\n");
        Assert.Equal($"{bad}:2:1: the key 'a' appears twice (first at line 1); keep one of them", Errors.Of(() => Document.LoadWithIncludes(main)));
    }
}
