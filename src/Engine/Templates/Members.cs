namespace Orrery.Engine.Templates;

/// <summary>Attributes, items and slices of values.</summary>
internal static class Members
{
    /// <summary><c>value.name</c>: a method or attribute first, then an entry of that name.</summary>
    public static object? Attribute(object? value, string name) => value switch
    {
        Undefined undefined => throw new TemplateFault($"{undefined.What} does not exist, so it has no '{name}'"),
        LoopInfo loop => loop.Attribute(name),
        TemplateNamespace attributes => attributes.Attributes.TryGetValue(name, out object? found) ? found : new Undefined($"the namespace's '{name}'"),
        TemplateMap map => MapMethods.Find(map, name) is { } method ? method : Entry(map, name),
        string text => StringMethods.Find(text, name) is { } method ? method : new Undefined($"the attribute '{name}' of a string"),
        _ => new Undefined($"the attribute '{name}' of {TypeNames.Of(value)}"),
    };

    /// <summary><c>value[key]</c>: an entry first, then a method or attribute of that name.</summary>
    public static object? Item(object? value, object? key)
    {
        switch (value)
        {
            case Undefined undefined:
                throw new TemplateFault($"{undefined.What} does not exist, so it has no item {Name(key)}");
            case TemplateMap map:
                return map.TryGet(key, out object? entry) ? entry : key is string name && MapMethods.Find(map, name) is { } method ? method : new Undefined($"the entry {Name(key)}");
            case TemplateSequence { Kind: not SequenceKind.Stream } sequence when key is long or bool:
                long place = ValueOrder.Whole(key);
                if (place < 0) place += sequence.Items.Count;
                return place >= 0 && place < sequence.Items.Count ? sequence.Items[(int)place] : new Undefined($"the item {Name(key)} of a list of {sequence.Items.Count}");
            case string text when key is long or bool:
                return Character(text, ValueOrder.Whole(key));
            default:
                return key is string attribute ? Attribute(value, attribute) : new Undefined($"the item {Name(key)} of {TypeNames.Of(value)}");
        }
    }

    public static object? Slice(RenderState state, object? value, object? start, object? stop, object? step)
    {
        long by = Bound(step, "step") ?? 1;
        if (by == 0) throw new TemplateFault("the step of a slice cannot be 0");
        if (value is string text)
        {
            List<int> cut = Cut(PythonText.CodePoints(text), Bound(start, "start"), Bound(stop, "stop"), by);
            return state.Made(PythonText.FromCodePoints(cut));
        }
        if (value is TemplateSequence { Kind: not SequenceKind.Stream } sequence)
        {
            state.Step(sequence.Items.Count);
            return new TemplateSequence(Cut(sequence.Items, Bound(start, "start"), Bound(stop, "stop"), by), sequence.Kind);
        }
        throw new TemplateFault($"{TypeNames.Of(value)} cannot be sliced");
    }

    private static object? Entry(TemplateMap map, string name) => map.TryGet(name, out object? value) ? value : new Undefined($"the entry '{name}'");

    private static object? Character(string text, long place)
    {
        if (place < 0) place += PythonText.Length(text);
        return (place >= 0 ? PythonText.CharacterAt(text, place) : null) ?? (object)new Undefined($"the character {place} of a string");
    }

    private static string Name(object? key) => key switch
    {
        string text => $"'{text}'",
        long number => number.ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => TypeNames.Of(key),
    };

    private static long? Bound(object? value, string name) => value switch
    {
        null => null,
        long number => number,
        bool flag => flag ? 1 : 0,
        _ => throw new TemplateFault($"the {name} of a slice is a whole number, not {TypeNames.Of(value)}"),
    };

    private static List<T> Cut<T>(IReadOnlyList<T> items, long? start, long? stop, long step)
    {
        long count = items.Count;
        long least = step > 0 ? 0 : -1;
        long most = step > 0 ? count : count - 1;
        long from = start is null ? (step > 0 ? 0 : count - 1) : Settle(start.Value);
        long to = stop is null ? (step > 0 ? count : -1) : Settle(stop.Value);
        var cut = new List<T>();
        for (long i = from; step > 0 ? i < to : i > to; i = Math.Clamp(i, -count, count) + Math.Clamp(step, -count - 1, count + 1)) cut.Add(items[(int)i]);
        return cut;

        long Settle(long bound) => Math.Clamp(bound < 0 ? bound + count : bound, least, most);
    }
}
