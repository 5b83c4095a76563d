namespace Orrery.Engine.Templates;

/// <summary>Methods of dictionaries.</summary>
internal static class MapMethods
{
    private static readonly HashSet<string> Refused = new(StringComparer.Ordinal) { "clear", "copy", "fromkeys", "pop", "popitem", "setdefault", "update" };

    public static TemplateFunction? Find(TemplateMap map, string name) => name switch
    {
        "items" => new TemplateFunction(name, (_, arguments) => Items(map, arguments)),
        "keys" => new TemplateFunction(name, (_, arguments) => List(arguments, name, map.Entries.Select(entry => entry.Key))),
        "values" => new TemplateFunction(name, (_, arguments) => List(arguments, name, map.Entries.Select(entry => entry.Value))),
        "get" => new TemplateFunction(name, (_, arguments) => Get(map, arguments.Check("get", "key", "default"))),
        _ => Refused.Contains(name) && !map.TryGet(name, out _)
            ? new TemplateFunction(name, (_, _) => throw new TemplateFault($"the method '{name}' of a dictionary is outside the subset of Jinja that is read here"))
            : null,
    };

    public static TemplateSequence Pairs(TemplateMap map) =>
        new(map.Entries.Select(entry => (object?)new TemplateSequence([entry.Key, entry.Value], SequenceKind.Tuple)).ToArray());

    private static TemplateSequence Items(TemplateMap map, CallArguments arguments)
    {
        arguments.Check("items");
        return Pairs(map);
    }

    private static TemplateSequence List(CallArguments arguments, string name, IEnumerable<object?> values)
    {
        arguments.Check(name);
        return new TemplateSequence(values.ToArray());
    }

    private static object? Get(TemplateMap map, CallArguments arguments) =>
        map.TryGet(arguments.Required(0, "key", "get"), out object? value) ? value : arguments.Take(1, "default");
}
