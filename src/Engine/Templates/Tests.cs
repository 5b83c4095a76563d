namespace Orrery.Engine.Templates;

internal delegate bool Test(RenderState state, object? value, CallArguments arguments);

/// <summary>The tests by name (what stands after 'is'). Source: Jinja's documentation, "List of Builtin Tests" (b).</summary>
internal static class Tests
{
    private static readonly Dictionary<string, Test> Known = new(StringComparer.Ordinal)
    {
        ["defined"] = (_, v, _) => v is not Undefined,
        ["undefined"] = (_, v, _) => v is Undefined,
        ["none"] = (_, v, _) => v is null,
        ["string"] = (_, v, _) => v is string,
        ["mapping"] = (_, v, _) => v is TemplateMap,
        ["iterable"] = (_, v, _) => v is string or TemplateSequence or TemplateMap or Undefined,
        ["sequence"] = (_, v, _) => v is string or TemplateMap or Undefined or TemplateSequence { Kind: not SequenceKind.Stream },
        ["number"] = (_, v, _) => v is long or double or bool,
        ["integer"] = (_, v, _) => v is long,
        ["float"] = (_, v, _) => v is double,
        ["boolean"] = (_, v, _) => v is bool,
        ["true"] = (_, v, _) => v is true,
        ["false"] = (_, v, _) => v is false,
        ["callable"] = (_, v, _) => v is TemplateFunction,
        ["odd"] = (s, v, _) => Remainder(s, v, 2L) is 1L or 1.0,
        ["even"] = (s, v, _) => Remainder(s, v, 2L) is 0L or 0.0,
        ["divisibleby"] = (s, v, a) => Remainder(s, v, a.Required(0, "num", "the test divisibleby")) is 0L or 0.0,
        ["lower"] = (s, v, _) => Printing.Text(s, v) is var text && text.Any(char.IsLower) && !text.Any(char.IsUpper),
        ["upper"] = (s, v, _) => Printing.Text(s, v) is var text && text.Any(char.IsUpper) && !text.Any(char.IsLower),
        ["in"] = (s, v, a) => Arithmetic.Contains(s, a.Required(0, "seq", "the test in"), v),
        ["sameas"] = (_, v, a) => a.Required(0, "other", "the test sameas") is var other && (ReferenceEquals(v, other) || (v is bool or long or string && v.Equals(other))),
        ["eq"] = Holds("=="),
        ["=="] = Holds("=="),
        ["equalto"] = Holds("=="),
        ["ne"] = Holds("!="),
        ["!="] = Holds("!="),
        ["lt"] = Holds("<"),
        ["<"] = Holds("<"),
        ["lessthan"] = Holds("<"),
        ["le"] = Holds("<="),
        ["<="] = Holds("<="),
        ["gt"] = Holds(">"),
        [">"] = Holds(">"),
        ["greaterthan"] = Holds(">"),
        ["ge"] = Holds(">="),
        [">="] = Holds(">="),
    };

    public static IReadOnlyCollection<string> Names => Known.Keys;

    public static Test? Find(string name) => Known.GetValueOrDefault(name);

    private static object? Remainder(RenderState state, object? value, object? divisor) =>
        ValueOrder.Number(value) is { } ? Arithmetic.Apply(state, "%", value, divisor) : throw new TemplateFault($"the test wants a number, not {TypeNames.Of(value)}");

    private static Test Holds(string signs) => (state, value, arguments) => Arithmetic.Holds(state, signs, value, arguments.Required(0, "other", $"the test '{signs}'"));
}
