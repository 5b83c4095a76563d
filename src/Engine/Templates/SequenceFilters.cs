namespace Orrery.Engine.Templates;

/// <summary>Filters over lists, and what everything that goes through items shares.</summary>
internal static class SequenceFilters
{
    /// <summary>The items that a for or a filter goes through.</summary>
    public static IReadOnlyList<object?> Iterate(RenderState state, object? value)
    {
        if (value is string { Length: var length }) state.Step(length);
        IReadOnlyList<object?> items = value switch
        {
            TemplateSequence sequence => sequence.Items,
            TemplateMap map => map.Entries.Select(entry => entry.Key).ToArray(),
            string text => PythonText.Characters(text),
            Undefined => [],
            _ => throw new TemplateFault($"{TypeNames.Of(value)} has no items to go through"),
        };
        state.Step(items.Count);
        return items;
    }

    public static object? First(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter first");
        return Iterate(state, value) is [var first, ..] ? first : new Undefined("the first item of an empty list");
    }

    public static object? Last(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter last");
        if (value is TemplateSequence { Kind: SequenceKind.Stream }) throw new TemplateFault($"the filter last cannot take {TypeNames.Of(value)}");
        return Iterate(state, value) is [.., var last] ? last : new Undefined("the last item of an empty list");
    }

    public static object? List(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter list");
        return new TemplateSequence(Iterate(state, value));
    }

    public static object? Items(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter items");
        return value switch
        {
            TemplateMap map => new TemplateSequence(MapMethods.Pairs(map).Items, SequenceKind.Stream),
            Undefined => new TemplateSequence([], SequenceKind.Stream),
            _ => throw new TemplateFault($"the filter items wants a dictionary, not {TypeNames.Of(value)}"),
        };
    }

    public static object? DictSort(RenderState state, object? value, CallArguments arguments)
    {
        const string name = "the filter dictsort";
        arguments.Check(name, "case_sensitive", "by", "reverse");
        if (value is not TemplateMap map) throw new TemplateFault($"{name} wants a dictionary, not {TypeNames.Of(value)}");
        int part = arguments.Text(1, "by", name) switch
        {
            null or "key" => 0,
            "value" => 1,
            string other => throw new TemplateFault($"{name} sorts by key or value, not by '{other}'"),
        };
        bool isCaseSensitive = arguments.Flag(0, "case_sensitive");
        return Sorted(state, MapMethods.Pairs(map).Items, pair => Fold(((TemplateSequence)pair!).Items[part], isCaseSensitive), arguments.Flag(2, "reverse"));
    }

    public static object? Join(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter join", "d", "attribute");
        object? attribute = arguments.Take(1, "attribute");
        IReadOnlyList<object?> items = Iterate(state, value);
        if (attribute is not null) items = items.Select(item => Path(item, attribute)).ToArray();
        return Join(state, new TemplateSequence(items), Printing.Text(state, arguments.Take(0, "d", "")), isStrict: false);
    }

    /// <param name="state">The rendering.</param>
    /// <param name="value">The items.</param>
    /// <param name="separator">Goes between them.</param>
    /// <param name="isStrict">Only strings may be joined, as the method of strings has it.</param>
    public static string Join(RenderState state, object? value, string separator, bool isStrict)
    {
        var parts = new List<string>();
        long length = 0;
        foreach (object? item in Iterate(state, value))
        {
            if (isStrict && item is not string) throw new TemplateFault($"join wants strings, not {TypeNames.Of(item)}");
            parts.Add(Printing.Text(state, item));
            length += parts[^1].Length + separator.Length;
            state.CheckLength(length - separator.Length);
        }
        return state.Made(string.Join(separator, parts));
    }

    public static object? Map(RenderState state, object? value, CallArguments arguments)
    {
        const string name = "the filter map";
        // As Jinja has it: map and select take any false value, none among them, for an empty list.
        IReadOnlyList<object?> items = Truth.Of(value) ? Iterate(state, value) : [];
        if (arguments.Positional.Count == 0)
        {
            arguments.Check(name, "attribute", "default");
            object attribute = arguments.Required(-1, "attribute", name) ?? throw new TemplateFault($"{name} wants an attribute or a filter");
            object? fallback = arguments.Take(-1, "default");
            return Stream(items.Select(item => Path(item, attribute) is var found && found is Undefined && fallback is not null ? fallback : found));
        }
        string filterName = arguments.Text(0, "filter", name) ?? "";
        Filter filter = Filters.Find(filterName) ?? throw new TemplateFault($"no filter '{filterName}'{Kernel.Names.Suggest(filterName, Filters.Names)}");
        CallArguments rest = arguments.After(1);
        return Stream(items.Select(item =>
        {
            state.Charge(item);
            return filter(state, item, rest);
        }));
    }

    public static object? Select(RenderState state, object? value, CallArguments arguments, bool byAttribute, bool keeps)
    {
        int taken = byAttribute ? 1 : 0;
        object? attribute = byAttribute ? arguments.Required(0, "attribute", "the filter selectattr") : null;
        Test? test = null;
        if (arguments.Positional.Count > taken)
        {
            string testName = arguments.Text(taken, "test", "the filter select") ?? "";
            test = Tests.Find(testName) ?? throw new TemplateFault($"no test '{testName}'{Kernel.Names.Suggest(testName, Tests.Names)}");
            taken++;
        }
        CallArguments rest = arguments.After(taken);
        return Stream((Truth.Of(value) ? Iterate(state, value) : []).Where(item =>
        {
            object? judged = byAttribute ? Path(item, attribute) : item;
            state.Charge(judged);
            return (test is null ? Truth.Of(judged) : test(state, judged, rest)) == keeps;
        }));
    }

    public static object? Unique(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter unique", "case_sensitive", "attribute");
        bool isCaseSensitive = arguments.Flag(0, "case_sensitive");
        object? attribute = arguments.Take(1, "attribute");
        var seen = new TemplateMap();
        var kept = new List<object?>();
        foreach (object? item in Iterate(state, value))
        {
            object? key = Fold(attribute is null ? item : Path(item, attribute), isCaseSensitive);
            state.Charge(key);
            if (key is not string) state.Step(seen.Entries.Count);
            if (seen.TryGet(key, out _)) continue;
            seen.Set(key, true);
            kept.Add(item);
        }
        return new TemplateSequence(kept, SequenceKind.Stream);
    }

    public static object? Sort(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter sort", "reverse", "case_sensitive", "attribute");
        bool isCaseSensitive = arguments.Flag(1, "case_sensitive");
        object? attribute = arguments.Take(2, "attribute");
        return Sorted(state, Iterate(state, value), item => Fold(attribute is null ? item : Path(item, attribute), isCaseSensitive), arguments.Flag(0, "reverse"));
    }

    public static object? Reverse(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter reverse");
        IEnumerable<object?> reversed = Iterate(state, value).Reverse();
        return value is string ? state.Made(string.Concat(reversed)) : Stream(reversed);
    }

    public static object? Extreme(RenderState state, object? value, CallArguments arguments, string name, int sign)
    {
        arguments.Check($"the filter {name}", "case_sensitive", "attribute");
        bool isCaseSensitive = arguments.Flag(0, "case_sensitive");
        object? attribute = arguments.Take(1, "attribute");
        IReadOnlyList<object?> items = Iterate(state, value);
        if (items.Count == 0) return new Undefined($"the {name} of an empty list");
        object? best = items[0];
        foreach (object? item in items.Skip(1))
        {
            state.Charge(item);
            if (ValueOrder.Compare(Key(item), Key(best)) * sign > 0) best = item;
        }
        return best;

        object? Key(object? item) => Fold(attribute is null ? item : Path(item, attribute), isCaseSensitive);
    }

    public static object? Sum(RenderState state, object? value, CallArguments arguments)
    {
        arguments.Check("the filter sum", "attribute", "start");
        object? attribute = arguments.Take(0, "attribute");
        object? sum = arguments.Take(1, "start", 0L);
        foreach (object? item in Iterate(state, value)) sum = Arithmetic.Apply(state, "+", sum, attribute is null ? item : Path(item, attribute));
        return sum;
    }

    /// <summary>The entries of a dictionary in the order of their keys.</summary>
    public static IEnumerable<KeyValuePair<object?, object?>> SortedEntries(RenderState state, TemplateMap map) =>
        Sorted(state, map.Entries.Select(entry => entry.Key).ToArray(), key => key, isReversed: false).Items
            .Select(key => new KeyValuePair<object?, object?>(key, map.TryGet(key, out object? value) ? value : null));

    /// <summary>An attribute, an index, or names joined by dots.</summary>
    private static object? Path(object? item, object? attribute)
    {
        if (attribute is not string path) return Members.Item(item, attribute);
        foreach (string name in path.Split('.'))
        {
            item = Members.Item(item, long.TryParse(name, out long index) ? index : name);
        }
        return item;
    }

    private static object? Fold(object? key, bool isCaseSensitive) => key is string text && !isCaseSensitive ? text.ToLowerInvariant() : key;

    private static TemplateSequence Stream(IEnumerable<object?> items) => new(items.ToArray(), SequenceKind.Stream);

    private static TemplateSequence Sorted(RenderState state, IReadOnlyList<object?> items, Func<object?, object?> key, bool isReversed)
    {
        var pairs = items.Select(item => (Key: key(item), Item: item)).ToArray();
        IComparer<object?> comparer = Comparer<object?>.Create((a, b) =>
        {
            state.Step();
            state.Charge(a);
            return ValueOrder.Compare(a, b);
        });
        // Python's reverse sort keeps the order of equals, as a stable sort by the opposite order does.
        var ordered = isReversed ? pairs.OrderByDescending(pair => pair.Key, comparer) : pairs.OrderBy(pair => pair.Key, comparer);
        try
        {
            return new TemplateSequence(ordered.Select(pair => pair.Item).ToArray());
        }
        catch (InvalidOperationException wrapped) when (wrapped.InnerException is TemplateFault fault)
        {
            throw fault;
        }
    }
}
