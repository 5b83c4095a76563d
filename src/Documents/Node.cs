using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>One value of a document: immutable, and it knows where it was written and by which path it is reached.</summary>
public sealed partial class Node
{
    private static readonly Position BuiltInCode = new("(built in)", 0, 0);

    private readonly IReadOnlyList<Node> _items;
    private readonly IReadOnlyList<KeyValuePair<string, Node>> _entries;
    private readonly Dictionary<string, Node>? _index;

    private Node(
        NodeKind kind,
        string text,
        bool isPlain,
        IReadOnlyList<Node> items,
        IReadOnlyList<KeyValuePair<string, Node>> entries,
        Dictionary<string, Node>? index,
        Position position,
        Position keyPosition,
        string path)
    {
        Kind = kind;
        Text = text;
        IsPlain = isPlain;
        _items = items;
        _entries = entries;
        _index = index;
        Position = position;
        KeyPosition = keyPosition;
        Path = path;
    }

    public NodeKind Kind { get; }

    /// <summary>Text of a scalar as the document means it (escapes resolved); empty for every other kind.</summary>
    public string Text { get; }

    /// <summary>A scalar without quotes: only such a scalar can be a number, true or false.</summary>
    public bool IsPlain { get; }

    /// <summary>Where the value stands: <c>scenario.yaml:14:7</c>, or the flag that set it.</summary>
    public string Where => Position.ToString();

    /// <summary>Keys and list indices from the root, joined by dots; empty for the root.</summary>
    public string Path { get; }

    /// <summary>The items of a sequence; empty for every other kind.</summary>
    public IReadOnlyList<Node> Items => _items;

    /// <summary>The entries of a mapping in the order of the document; empty for every other kind.</summary>
    public IReadOnlyList<KeyValuePair<string, Node>> Entries => _entries;

    /// <summary>The value of a mapping's key, or null where there is no such key or this is no mapping.</summary>
    public Node? this[string key] => _index is null ? null : _index.GetValueOrDefault(key);

    internal Position Position { get; }

    /// <summary>Where the key of this value stands; the value's own position for roots and items.</summary>
    internal Position KeyPosition { get; }

    /// <summary>The error to throw about this value: <c>scenario.yaml:14:7: fleet.0.device: sentence</c>.</summary>
    public InputException Error(string sentence) => new(Sentence(Position, sentence));

    /// <summary>The error to throw about this value's key.</summary>
    public InputException KeyError(string sentence) => new(Sentence(KeyPosition, sentence));

    /// <summary>An unquoted scalar: a number, true, false or plain text. Empty text, <c>~</c> and <c>null</c> give a null node.</summary>
    public static Node Plain(string text) => Scalar(text, isPlain: true, BuiltInCode, BuiltInCode, "");

    /// <summary>A scalar that is text whatever it looks like.</summary>
    public static Node Quoted(string text) => Scalar(text, isPlain: false, BuiltInCode, BuiltInCode, "");

    /// <summary>A sequence; the paths of the items are made anew below this node.</summary>
    public static Node List(params IReadOnlyList<Node> items) => Sequence(items, BuiltInCode, BuiltInCode, "").At("");

    /// <summary>A mapping; the paths of the values are made anew below this node.</summary>
    /// <exception cref="ArgumentException">A key appears twice.</exception>
    public static Node Map(params IReadOnlyList<KeyValuePair<string, Node>> entries) =>
        Mapping(entries, BuiltInCode, BuiltInCode, "").At("");

    /// <summary>
    /// Same shape, texts and order of keys, wherever the values were written. Quotes matter only where they turn a number or a word
    /// into text.
    /// </summary>
    public static bool SameTree(Node a, Node b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if (a.Kind != b.Kind || a.Text != b.Text || a.Items.Count != b.Items.Count || a.Entries.Count != b.Entries.Count) return false;
        if (a.Kind == NodeKind.Scalar && a.IsPlain != b.IsPlain && PlainScalars.HasMeaning(a.Text)) return false;
        for (int i = 0; i < a.Items.Count; i++)
            if (!SameTree(a.Items[i], b.Items[i])) return false;
        for (int i = 0; i < a.Entries.Count; i++)
            if (a.Entries[i].Key != b.Entries[i].Key || !SameTree(a.Entries[i].Value, b.Entries[i].Value)) return false;
        return true;
    }

    internal static Node Scalar(string text, bool isPlain, Position position, Position keyPosition, string path)
    {
        bool isNull = isPlain && PlainScalars.IsNull(text);
        return new(isNull ? NodeKind.Null : NodeKind.Scalar, isNull ? "" : text, isPlain, [], [], null, position, keyPosition, path);
    }

    internal static Node Sequence(IReadOnlyList<Node> items, Position position, Position keyPosition, string path) =>
        new(NodeKind.Sequence, "", false, items, [], null, position, keyPosition, path);

    internal static Node Mapping(IReadOnlyList<KeyValuePair<string, Node>> entries, Position position, Position keyPosition, string path) =>
        new(
            NodeKind.Mapping, "", false, [], entries, new Dictionary<string, Node>(entries, StringComparer.Ordinal),
            position, keyPosition, path);

    /// <summary>The same value, reached by another path: what aliases, includes and overrides need.</summary>
    internal Node At(string path, Position? keyPosition = null)
    {
        Position key = keyPosition ?? KeyPosition;
        return Kind switch
        {
            NodeKind.Sequence => Sequence([.. Items.Select((item, i) => item.At(DocumentPath.Join(path, i)))], Position, key, path),
            NodeKind.Mapping => Mapping(
                [.. Entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.At(DocumentPath.Join(path, entry.Key))))],
                Position, key, path),
            _ => new(Kind, Text, IsPlain, [], [], null, Position, key, path),
        };
    }

    private string Sentence(Position position, string sentence) =>
        Path.Length == 0 ? $"{position}: {sentence}" : $"{position}: {Path}: {sentence}";
}
