namespace Orrery.Engine.Templates;

// A value of a template is null (None), bool, long, double, string, or one of the classes here.

/// <summary>A name, attribute or item that does not exist: prints as nothing, is false and empty; anything more is an error.</summary>
internal sealed class Undefined(string what)
{
    /// <summary>Says in an error what does not exist.</summary>
    public string What => what;
}

internal enum SequenceKind
{
    List,
    Tuple,

    /// <summary>What filters such as map and select give: it can be gone through, but has no length and no items, and counts as true.</summary>
    Stream,
}

internal sealed class TemplateSequence(IReadOnlyList<object?> items, SequenceKind kind = SequenceKind.List)
{
    public IReadOnlyList<object?> Items => items;

    public SequenceKind Kind => kind;
}

/// <summary>A dictionary in order of insertion.</summary>
internal sealed class TemplateMap
{
    private readonly List<KeyValuePair<object?, object?>> _entries = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal);

    public IReadOnlyList<KeyValuePair<object?, object?>> Entries => _entries;

    public void Set(object? key, object? value)
    {
        int place = PlaceOf(key);
        if (place >= 0)
        {
            _entries[place] = new KeyValuePair<object?, object?>(_entries[place].Key, value);
            return;
        }
        if (key is string text) _places[text] = _entries.Count;
        _entries.Add(new KeyValuePair<object?, object?>(key, value));
    }

    public bool TryGet(object? key, out object? value)
    {
        int place = PlaceOf(key);
        value = place < 0 ? null : _entries[place].Value;
        return place >= 0;
    }

    private int PlaceOf(object? key)
    {
        if (key is string text) return _places.GetValueOrDefault(text, -1);
        if (key is TemplateSequence { Kind: not SequenceKind.Tuple } or TemplateMap) throw new TemplateFault("a list or a dictionary cannot be a key");
        return _entries.Count == _places.Count ? -1 : _entries.FindIndex(entry => entry.Key is not string && ValueOrder.AreEqual(entry.Key, key));
    }
}

/// <summary>What <c>namespace()</c> makes: attributes that a block inside a loop may set.</summary>
internal sealed class TemplateNamespace
{
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}

/// <summary>Something that can be called, with its name for errors.</summary>
internal sealed class TemplateFunction(string name, Func<RenderState, CallArguments, object?> body)
{
    public string Name => name;

    public object? Call(RenderState state, CallArguments arguments) => body(state, arguments);
}

/// <summary>What <c>loop</c> knows inside a for.</summary>
internal sealed class LoopInfo(IReadOnlyList<object?> items)
{
    public int Index { get; set; }

    public object? Attribute(string name) => name switch
    {
        "index" => (long)Index + 1,
        "index0" => (long)Index,
        "first" => Index == 0,
        "last" => Index == items.Count - 1,
        "length" => (long)items.Count,
        "revindex" => (long)items.Count - Index,
        "revindex0" => (long)items.Count - Index - 1,
        "previtem" => Index > 0 ? items[Index - 1] : new Undefined("the item before the first of a loop"),
        "nextitem" => Index + 1 < items.Count ? items[Index + 1] : new Undefined("the item after the last of a loop"),
        // Only recursive loops, which are outside the subset, go deeper.
        "depth" => 1L,
        "depth0" => 0L,
        "cycle" => new TemplateFunction("loop.cycle", Cycle),
        _ => new Undefined($"loop.{name}"),
    };

    private object? Cycle(RenderState state, CallArguments arguments) =>
        arguments.Positional.Count == 0 ? throw new TemplateFault("loop.cycle wants at least one value") : arguments.Positional[Index % arguments.Positional.Count];
}
