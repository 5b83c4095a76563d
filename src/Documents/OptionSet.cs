using System.Text.Json.Nodes;

namespace Orrery.Documents;

/// <summary>
/// The options of a plug-in, declared once: from this list come the binding of a scenario, the resolved text of the lock file, the JSON
/// schema and the catalogue's table. Defaults are those of <c>new T()</c>, so a record and its documentation cannot disagree.
/// </summary>
/// <remarks>Immutable after the declaration; setters are <c>with</c> expressions, so reading changes no shared object.</remarks>
public sealed partial class OptionSet<T>
    where T : class, new()
{
    private readonly List<Entry> _entries = [];
    private readonly T _defaults = new();

    public IReadOnlyList<OptionInfo> Options => [.. _entries.Select(entry => entry.Info)];

    /// <summary>
    /// Binds the keys of this set and no others; the caller ends with <see cref="MapReader.Done"/>. Absent keys keep their defaults.
    /// </summary>
    /// <exception cref="Kernel.InputException">A value of the wrong kind or out of range.</exception>
    public T Read(MapReader map)
    {
        ArgumentNullException.ThrowIfNull(map);
        T value = _defaults;
        foreach (Entry entry in _entries)
            if (map.Optional(entry.Info.Key) is { } node) value = entry.Bind(value, node);
        return value;
    }

    /// <summary>Every key with its resolved text, in the order of declaration.</summary>
    public void Write(T value, Action<string, string> emit)
    {
        ArgumentNullException.ThrowIfNull(emit);
        foreach (Entry entry in _entries) emit(entry.Info.Key, TextOf(entry.Print(value)));
    }

    /// <summary>Every key with its resolved value, for the lock file; <see cref="Read"/> gives back an equal record.</summary>
    public Node ToNode(T value) => Node.Map([.. _entries.Select(entry => KeyValuePair.Create(entry.Info.Key, entry.Print(value)))]);

    /// <summary>An object schema with these keys and no others; callers may add properties of their own (such as <c>use</c>).</summary>
    public JsonObject ToJsonSchema()
    {
        var properties = new JsonObject();
        foreach (Entry entry in _entries) properties[entry.Info.Key] = entry.Schema();
        return new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
    }

    private static string TextOf(Node node) => node.Kind == NodeKind.Null ? "null" : node.Text;

    private OptionSet<T> Add<TValue>(
        string key, Shape shape, Func<T, TValue> get, Func<T, TValue, T> set, Func<Node, TValue> read, Func<TValue, Node> print,
        string doc, string source)
    {
        if (_entries.Any(entry => entry.Info.Key == key)) throw new ArgumentException($"the option '{key}' is declared twice", nameof(key));
        Node ofDefault = print(get(_defaults));
        var info = new OptionInfo(key, shape.TypeName, shape.Unit, TextOf(ofDefault), shape.Range, doc, source, shape.Choices);
        _entries.Add(new Entry(
            info,
            (value, node) => set(value, read(node)),
            value => print(get(value)),
            () => OptionSchemas.Describe(shape, ofDefault, doc, source)));
        return this;
    }

    /// <summary>The same option, where <c>null</c> means "not set".</summary>
    private OptionSet<T> AddOptional<TValue>(
        string key, Shape shape, Func<T, TValue?> get, Func<T, TValue?, T> set, Func<Node, TValue> read, Func<TValue, Node> print,
        string doc, string source)
        where TValue : struct =>
        Add(key, shape with { IsOptional = true }, get, set,
            node => node.Kind == NodeKind.Null ? null : read(node),
            value => value is { } present ? print(present) : Node.Plain("null"), doc, source);

    private sealed record Entry(OptionInfo Info, Func<T, Node, T> Bind, Func<T, Node> Print, Func<JsonObject> Schema);
}
