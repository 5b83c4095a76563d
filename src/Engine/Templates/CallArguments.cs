namespace Orrery.Engine.Templates;

/// <summary>The arguments of a call, a filter or a test. A taker asks for each by place and name; what nobody took is an error.</summary>
internal sealed class CallArguments(IReadOnlyList<object?> positional, IReadOnlyList<KeyValuePair<string, object?>> named)
{
    public static readonly CallArguments None = new([], []);

    public IReadOnlyList<object?> Positional => positional;

    public IReadOnlyList<KeyValuePair<string, object?>> Named => named;

    public bool Has(int place, string name) => place < positional.Count || named.Any(pair => pair.Key == name);

    public object? Take(int place, string name, object? fallback = null)
    {
        if (place >= 0 && place < positional.Count) return positional[place];
        foreach (KeyValuePair<string, object?> pair in named)
        {
            if (pair.Key == name) return pair.Value;
        }
        return fallback;
    }

    public object? Required(int place, string name, string callee) =>
        Has(place, name) ? Take(place, name) : throw new TemplateFault($"{callee} wants an argument '{name}'");

    public bool Flag(int place, string name, bool fallback = false) => Has(place, name) ? Truth.Of(Take(place, name)) : fallback;

    public string? Text(int place, string name, string callee) => Take(place, name) switch
    {
        null => null,
        string text => text,
        object other => throw new TemplateFault($"{callee} wants a string for '{name}', not {TypeNames.Of(other)}"),
    };

    public long Integer(int place, string name, long fallback, string callee) => Has(place, name)
        ? Take(place, name) switch
        {
            long number => number,
            bool flag => flag ? 1 : 0,
            var other => throw new TemplateFault($"{callee} wants a whole number for '{name}', not {TypeNames.Of(other)}"),
        }
        : fallback;

    /// <summary>Refuses more places than <paramref name="names"/> and names that are not among them.</summary>
    public CallArguments Check(string callee, params ReadOnlySpan<string> names)
    {
        if (positional.Count > names.Length) throw new TemplateFault($"{callee} takes {names.Length} argument{(names.Length == 1 ? "" : "s")}, not {positional.Count}");
        foreach (KeyValuePair<string, object?> pair in named)
        {
            if (!names.Contains(pair.Key)) throw new TemplateFault($"{callee} has no argument '{pair.Key}'");
        }
        return this;
    }

    /// <summary>The arguments after the first <paramref name="count"/>.</summary>
    public CallArguments After(int count) => new(positional.Skip(count).ToArray(), named);
}
