using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Documents;

/// <summary>
/// Reads a mapping key by key and remembers which keys were asked for; <see cref="Done"/> then turns any other key into an error that
/// names the nearest known one. Every method throws <see cref="InputException"/> for a value of the wrong kind or out of range.
/// </summary>
public sealed class MapReader
{
    private readonly List<string> _asked = [];

    internal MapReader(Node node) => Node = node;

    public Node Node { get; }

    public Node Required(string key) => Optional(key) ?? throw Node.Error(MissingKey(key));

    /// <summary>The value, or null where the key is absent. A key with nothing after it gives a node of kind Null.</summary>
    public Node? Optional(string key)
    {
        if (!_asked.Contains(key)) _asked.Add(key);
        return Node[key];
    }

    /// <summary>The value, or null where the key is absent or has nothing after it: <c>key: null</c> switches a part off, so that a comparison can vary it.</summary>
    public Node? Given(string key) => Optional(key) is { Kind: not NodeKind.Null } value ? value : null;

    public bool Has(string key) => Optional(key) is not null;

    public string Text(string key) => Required(key).AsText();

    public string Text(string key, string fallback) => Optional(key)?.AsText() ?? fallback;

    public int Int(string key) => Required(key).AsInt();

    public int Int(string key, int fallback, int min = int.MinValue, int max = int.MaxValue) => Optional(key)?.AsInt(min, max) ?? fallback;

    public long Long(string key) => Required(key).AsLong();

    public long Long(string key, long fallback, long min = long.MinValue, long max = long.MaxValue) =>
        Optional(key)?.AsLong(min, max) ?? fallback;

    public double Number(string key) => Required(key).AsNumber();

    public double Number(string key, double fallback, double min = double.NegativeInfinity, double max = double.PositiveInfinity) =>
        Optional(key)?.AsNumber(min, max) ?? fallback;

    public bool Bool(string key) => Required(key).AsBool();

    public bool Bool(string key, bool fallback) => Optional(key)?.AsBool() ?? fallback;

    public Duration Duration(string key) => Required(key).AsDuration();

    public Duration Duration(string key, Duration fallback) => Optional(key)?.AsDuration() ?? fallback;

    public Bytes Bytes(string key) => Required(key).AsBytes();

    public Bytes Bytes(string key, Bytes fallback) => Optional(key)?.AsBytes() ?? fallback;

    /// <summary>In the plain unit that <see cref="Documents.Quantity"/> states.</summary>
    public double Quantity(string key, Quantity kind) => Required(key).AsQuantity(kind);

    public double Quantity(string key, Quantity kind, double fallback, double min = 0, double max = double.PositiveInfinity) =>
        Optional(key)?.AsQuantity(kind, min, max) ?? fallback;

    public TEnum Choice<TEnum>(string key)
        where TEnum : struct, Enum => Required(key).AsChoice<TEnum>(key);

    public TEnum Choice<TEnum>(string key, TEnum fallback)
        where TEnum : struct, Enum => Optional(key)?.AsChoice<TEnum>(key) ?? fallback;

    /// <summary>The items of a list; no items where the key is absent.</summary>
    public IReadOnlyList<Node> List(string key) => Optional(key)?.AsList() ?? [];

    /// <summary>A reader of the mapping below the key, or null where the key is absent.</summary>
    public MapReader? Map(string key) => Optional(key)?.AsMap();

    /// <summary>To be called when every known key has been asked for.</summary>
    /// <exception cref="InputException">The mapping has a key that nobody asked for.</exception>
    public void Done()
    {
        foreach ((string key, Node value) in Node.Entries)
            if (!_asked.Contains(key)) throw value.KeyError("unknown key" + Names.Suggest(key, _asked));
    }

    private string MissingKey(string key)
    {
        // A misspelt key is the usual reason for a missing one.
        string? near = Names.Nearest(key, Node.Entries.Select(entry => entry.Key).Where(present => !_asked.Contains(present)));
        return near is null ? $"the key '{key}' is missing" : $"the key '{key}' is missing; is '{near}' a misspelling of it?";
    }
}
