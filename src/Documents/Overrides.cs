using Orrery.Documents.Parsing;
using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>
/// Values from the command line that replace or add values of a document: <c>--set PATH=VALUE</c> and <c>--vary PATH=V1,V2,[a,b]</c>.
/// </summary>
/// <remarks>
/// A path is keys joined by dots with list indices (<c>fleet.0.scheduler.use</c>); a key that has a dot stands in double quotes.
/// Missing keys are made; whether they are known is for the reader of the document to say, and its error then names the flag.
/// </remarks>
public static class Overrides
{
    /// <summary>Keys whose scalar names a plug-in: see <see cref="PluginRegistry{TSpec}.Read"/>.</summary>
    private static readonly HashSet<string> PluginKeys = new(["scheduler", "router", "memory", "outputLength", "experiment"], StringComparer.Ordinal);

    /// <summary>A copy of the tree with one value set; the value is YAML, so <c>[a, b]</c> is a list and <c>{k: v}</c> a mapping.</summary>
    /// <param name="root">A document's root; a Null node counts as an empty mapping.</param>
    /// <param name="assignment"><c>PATH=VALUE</c>.</param>
    /// <param name="flag">The flag that errors name.</param>
    /// <param name="written">What the user wrote after the flag, where that is not the assignment itself.</param>
    /// <exception cref="InputException">Malformed, no such list item, or a part of the path that is neither mapping nor list.</exception>
    public static Node Apply(Node root, string assignment, string flag = "--set", string? written = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(assignment);
        string where = $"{flag} {Quantities.Shorten(written ?? assignment)}";
        (string path, string text) = SplitAssignment(assignment, where, "fleet.0.replicas=4");
        Node value = new TreeBuilder(text, where, isFlag: true).Build();
        return Replace(root, DocumentPath.Split(path, where), 0, value, where).At("");
    }

    /// <summary>A copy of the tree with one value set that was written in a document; errors name the place of the value.</summary>
    /// <param name="root">A document's root; a Null node counts as an empty mapping.</param>
    /// <param name="path">As in <see cref="Apply"/>, left of the equals sign.</param>
    /// <param name="value">What stands there afterwards.</param>
    /// <exception cref="InputException">As <see cref="Apply"/>.</exception>
    public static Node Set(Node root, string path, Node value)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(value);
        return Replace(root, DocumentPath.Split(path, value.Where), 0, value, value.Where).At("");
    }

    /// <summary>One mapping over another: mappings on both sides merge key by key, lists and scalars of <paramref name="above"/> win whole.</summary>
    public static Node Merge(Node beneath, Node above)
    {
        ArgumentNullException.ThrowIfNull(beneath);
        ArgumentNullException.ThrowIfNull(above);
        return IncludeLoader.Merge(beneath, above).At("");
    }

    /// <summary>Splits at commas that stand outside brackets, braces and quotes.</summary>
    /// <returns>The path and the texts of its values, each ready for <see cref="Apply"/> as <c>path=value</c>.</returns>
    /// <exception cref="InputException">Malformed, an empty or repeated value, or brackets that do not match.</exception>
    public static (string Path, IReadOnlyList<string> Values) ParseVary(string assignment, string flag = "--vary")
    {
        ArgumentNullException.ThrowIfNull(assignment);
        string where = $"{flag} {Quantities.Shorten(assignment)}";
        (string path, string text) = SplitAssignment(assignment, where, "fleet.0.scheduler.use=vllm-v1,orca");
        DocumentPath.Split(path, where);
        IReadOnlyList<string> values = SplitValues(text, where);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (string value in values)
        {
            if (value.Length == 0) throw new InputException($"{where}: a value is empty; write values joined by single commas");
            if (!seen.Add(value))
                throw new InputException($"{where}: the value '{Quantities.Shorten(value)}' appears twice; keep one of them");
        }
        return (path, values);
    }

    private static (string Path, string Value) SplitAssignment(string assignment, string where, string example)
    {
        bool quoted = false;
        for (int i = 0; i < assignment.Length; i++)
        {
            if (assignment[i] == '"') quoted = !quoted;
            if (assignment[i] != '=' || quoted) continue;
            if (i == 0) break;
            return (assignment[..i].Trim(), assignment[(i + 1)..]);
        }
        throw new InputException($"{where}: expected PATH=VALUE, such as {example}");
    }

    private static List<string> SplitValues(string text, string where)
    {
        var values = new List<string>();
        var open = new Stack<char>();
        char quote = '\0';
        int start = 0;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quote != '\0')
            {
                if (c == quote) quote = '\0';
            }
            else if (c is '"' or '\'')
            {
                quote = c;
            }
            else if (c is '[' or '{')
            {
                open.Push(c == '[' ? ']' : '}');
            }
            else if (c is ']' or '}')
            {
                if (open.Count == 0 || open.Pop() != c) throw new InputException($"{where}: the '{c}' has no opening bracket");
            }
            else if (c == ',' && open.Count == 0)
            {
                values.Add(text[start..i].Trim());
                start = i + 1;
            }
        }
        if (quote != '\0') throw new InputException($"{where}: a quote {quote} is not closed");
        if (open.Count > 0) throw new InputException($"{where}: a closing '{open.Peek()}' is missing");
        values.Add(text[start..].Trim());
        return values;
    }

    private static Node Replace(Node? at, IReadOnlyList<string> path, int depth, Node value, string where)
    {
        if (depth == path.Count) return value;
        if (depth >= Document.MaxDepth) throw new InputException($"{where}: the path has more than {Document.MaxDepth} parts");
        return at?.Kind switch
        {
            null or NodeKind.Null => Node.Mapping(
                [KeyValuePair.Create(path[depth], Replace(null, path, depth + 1, value, where))], value.Position, value.Position, ""),
            NodeKind.Mapping => ReplaceKey(at, path, depth, value, where),
            NodeKind.Sequence => ReplaceItem(at, path, depth, value, where),
            NodeKind.Scalar when PluginKeys.Contains(path[depth - 1]) => ReplaceKey(Spelled(at), path, depth, value, where),
            _ => throw new InputException(
                $"{where}: {Prefix(path, depth)} is {at.Describe()} ({at.Where}), which has no '{path[depth]}' below it; "
                + $"set {Prefix(path, depth)} itself"),
        };
    }

    private static Node ReplaceKey(Node at, IReadOnlyList<string> path, int depth, Node value, string where)
    {
        string key = path[depth];
        Node replaced = Replace(at[key], path, depth + 1, value, where);
        // The reader's complaint about an unknown key must name the flag that brought it, not a file.
        if (at[key] is null) replaced = replaced.At(replaced.Path, value.Position);
        List<KeyValuePair<string, Node>> entries = [.. at.Entries];
        int index = entries.FindIndex(entry => entry.Key == key);
        if (index < 0) entries.Add(KeyValuePair.Create(key, replaced));
        else entries[index] = KeyValuePair.Create(key, replaced);
        return Node.Mapping(entries, at.Position, at.KeyPosition, at.Path);
    }

    private static Node ReplaceItem(Node at, IReadOnlyList<string> path, int depth, Node value, string where)
    {
        string segment = path[depth];
        int count = at.Items.Count;
        string items = count == 0 ? "it is empty" : count == 1 ? "it has one item, 0" : $"its items are 0 to {count - 1}";
        if (!segment.All(char.IsAsciiDigit) || !Numbers.TryWhole(segment, out long index))
            throw new InputException(
                $"{where}: {Prefix(path, depth)} is a list, so '{Quantities.Shorten(segment)}' must be an index; {items}");
        if (index >= count) throw new InputException($"{where}: {Prefix(path, depth)} has no item {index}; {items}");
        Node[] replaced = [.. at.Items];
        replaced[index] = Replace(at.Items[(int)index], path, depth + 1, value, where);
        return Node.Sequence(replaced, at.Position, at.KeyPosition, at.Path);
    }

    /// <summary><c>scheduler: vllm-v1</c> is short for <c>scheduler: {use: vllm-v1}</c>, so its options may be set all the same.</summary>
    private static Node Spelled(Node name) =>
        Node.Mapping([KeyValuePair.Create("use", name.At(DocumentPath.Join(name.Path, "use"), name.Position))], name.Position, name.KeyPosition, name.Path);

    private static string Prefix(IReadOnlyList<string> path, int depth) =>
        depth == 0 ? "the document" : path.Take(depth).Aggregate("", DocumentPath.Join);
}
