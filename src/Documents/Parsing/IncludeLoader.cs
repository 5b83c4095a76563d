using Orrery.Kernel;

namespace Orrery.Documents.Parsing;

/// <summary>Loads a file with everything it includes; see <see cref="Document.LoadWithIncludes"/> for the meaning.</summary>
internal sealed class IncludeLoader
{
    private const string IncludeKey = "include";

    /// <summary>Bound on loads in all, so that files which include one another in a diamond cannot multiply without end.</summary>
    private const int MostFiles = 256;

    private readonly List<string> _open = [];
    private int _loads;

    public Node Load(string path)
    {
        Node root = Document.Load(path);
        _open.Add(Path.GetFullPath(path));
        Node whole = Resolve(root, path).At("");
        _open.RemoveAt(_open.Count - 1);
        return whole;
    }

    private Node Resolve(Node node, string file) => node.Kind switch
    {
        NodeKind.Sequence => Node.Sequence([.. node.Items.Select(item => Resolve(item, file))], node.Position, node.KeyPosition, node.Path),
        NodeKind.Mapping => ResolveMapping(node, file),
        _ => node,
    };

    private Node ResolveMapping(Node node, string file)
    {
        Node own = Node.Mapping(
            [
                .. node.Entries
                    .Where(entry => entry.Key != IncludeKey)
                    .Select(entry => KeyValuePair.Create(entry.Key, Resolve(entry.Value, file))),
            ],
            node.Position, node.KeyPosition, node.Path);
        if (node[IncludeKey] is not { } include) return own;
        Node? beneath = null;
        foreach (Node name in include.Kind == NodeKind.Sequence ? include.Items : [include])
        {
            Node loaded = LoadIncluded(name, file);
            beneath = beneath is null ? loaded : Merge(beneath, loaded);
        }
        return beneath is null ? own : Merge(beneath, own);
    }

    private Node LoadIncluded(Node name, string file)
    {
        if (name.Kind != NodeKind.Scalar || name.Text.Length == 0)
            throw name.Error($"expected a file name or a list of file names, not {name.Describe()}");
        if (name.Text.Contains('\0', StringComparison.Ordinal)) throw name.Error($"{name.Describe()} is no file name");
        string path = Path.Combine(Path.GetDirectoryName(file) ?? "", name.Text);
        if (_open.Contains(Path.GetFullPath(path)))
            throw name.Error(
                $"'{Quantities.Shorten(name.Text)}' includes itself: {string.Join(" -> ", _open.Append(path).Select(Path.GetFileName))}");
        if (++_loads > MostFiles) throw name.Error($"more than {MostFiles} files are included in all");
        Node loaded;
        try
        {
            loaded = Load(path);
        }
        catch (InputException failure) when (failure.Message.StartsWith(path + ": ", StringComparison.Ordinal))
        {
            // The file itself could not be read: the user's mistake is the name that stands here.
            throw name.Error($"cannot include {failure.Message}");
        }
        return loaded.Kind == NodeKind.Mapping
            ? loaded
            : throw name.Error($"'{Quantities.Shorten(name.Text)}' holds {loaded.Describe()}; an included file must hold a mapping");
    }

    /// <summary>
    /// The keys of <paramref name="beneath"/> in their order, then the new ones of <paramref name="above"/>; mappings on both sides
    /// merge.
    /// </summary>
    internal static Node Merge(Node beneath, Node above)
    {
        var entries = new List<KeyValuePair<string, Node>>(beneath.Entries.Count + above.Entries.Count);
        foreach ((string key, Node lower) in beneath.Entries)
        {
            Node? upper = above[key];
            bool both = upper is { Kind: NodeKind.Mapping } && lower.Kind == NodeKind.Mapping;
            entries.Add(KeyValuePair.Create(key, both ? Merge(lower, upper!) : upper ?? lower));
        }
        entries.AddRange(above.Entries.Where(entry => beneath[entry.Key] is null));
        return Node.Mapping(entries, above.Position, above.KeyPosition, above.Path);
    }
}
