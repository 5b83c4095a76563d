using System.Text.Json.Nodes;

namespace Orrery.Documents;

/// <summary>What kind of value an option takes.</summary>
internal sealed record Shape(string TypeName)
{
    public string Unit { get; private init; } = "";

    public string Range { get; private init; } = "";

    public IReadOnlyList<string> Choices { get; private init; } = [];

    public bool IsOptional { get; init; }

    public Quantity? Kind { get; private init; }

    public JsonNode? Minimum { get; private init; }

    public JsonNode? Maximum { get; private init; }

    public static Shape Truth { get; } = new("true/false");

    public static Shape AnyText { get; } = new("text");

    public static Shape OneOf(IReadOnlyList<string> names) => new("choice") { Choices = names };

    public static Shape Integer(int min, int max) => new("integer")
    {
        Range = RangeText(min == int.MinValue ? null : Numbers.Text(min), max == int.MaxValue ? null : Numbers.Text(max)),
        Minimum = min == int.MinValue ? null : min,
        Maximum = max == int.MaxValue ? null : max,
    };

    public static Shape Real(double min, double max) => new("number")
    {
        Range = RangeText(double.IsInfinity(min) ? null : Numbers.Text(min), double.IsInfinity(max) ? null : Numbers.Text(max)),
        Minimum = double.IsInfinity(min) ? null : min,
        Maximum = double.IsInfinity(max) ? null : max,
    };

    public static Shape Of(Quantity kind, double min, double max)
    {
        string noun = Quantities.Noun(kind);
        return new(noun[(noun.IndexOf(' ', StringComparison.Ordinal) + 1)..])
        {
            Kind = kind,
            Unit = Quantities.Example(kind).TrimStart("+-.0123456789$".ToCharArray()) is { Length: > 0 } unit ? unit : "USD",
            // Every quantity is at least zero: saying so of each would be noise.
            Range = RangeText(
                min == 0 || double.IsInfinity(min) ? null : Quantities.Format(min, kind),
                double.IsInfinity(max) ? null : Quantities.Format(max, kind)),
        };
    }

    private static string RangeText(string? min, string? max) => (min, max) switch
    {
        (null, null) => "",
        (null, _) => $"at most {max}",
        (_, null) => $"at least {min}",
        _ => $"{min} to {max}",
    };
}

/// <summary>The JSON schema of one option.</summary>
internal static class OptionSchemas
{
    public static JsonObject Describe(Shape shape, Node ofDefault, string doc, string source)
    {
        var schema = new JsonObject { ["description"] = source.Length == 0 ? doc : $"{doc} Source: {source}" };
        string type = shape.TypeName switch { "integer" => "integer", "number" => "number", "true/false" => "boolean", _ => "string" };
        schema["type"] = shape.IsOptional ? new JsonArray(type, "null") : type;
        if (shape.Choices.Count > 0) schema["enum"] = new JsonArray([.. shape.Choices.Select(name => (JsonNode)name)]);
        if (shape.Kind is { } kind) schema["pattern"] = Quantities.Pattern(kind);
        if (shape.Minimum is { } minimum) schema["minimum"] = minimum.DeepClone();
        if (shape.Maximum is { } maximum) schema["maximum"] = maximum.DeepClone();
        schema["default"] = DefaultOf(ofDefault, type);
        return schema;
    }

    private static JsonNode? DefaultOf(Node value, string type) => value.Kind == NodeKind.Null ? null : type switch
    {
        "integer" => value.AsLong(),
        "number" => value.AsNumber(),
        "boolean" => value.AsBool(),
        _ => value.Text,
    };
}
