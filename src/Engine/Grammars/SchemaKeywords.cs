using System.Text.Json.Nodes;
using Orrery.Kernel;

namespace Orrery.Engine.Grammars;

/// <summary>One schema that is an object, with its place for errors. Every keyword must be known.</summary>
internal sealed class SchemaKeywords
{
    public static readonly string[] Object = ["properties", "required", "additionalProperties"];
    public static readonly string[] Array = ["items", "prefixItems", "minItems", "maxItems"];
    public static readonly string[] String = ["minLength", "maxLength", "pattern", "format"];
    public static readonly string[] Number = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    public static readonly string[] Combined = ["anyOf", "oneOf", "allOf", "$ref"];
    private static readonly string[] Other = ["type", "enum", "const", "nullable"];

    /// <summary>Keywords that say something about a schema and forbid nothing.</summary>
    private static readonly string[] Annotations =
        ["$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "example", "examples", "deprecated", "readOnly", "writeOnly", "strict"];

    private static readonly HashSet<string> Known = [.. Object, .. Array, .. String, .. Number, .. Combined, .. Other, .. Annotations];

    public SchemaKeywords(JsonObject schema, string path)
    {
        Schema = schema;
        Path = path;
        foreach ((string keyword, JsonNode? value) in schema)
        {
            if (keyword is "uniqueItems" && value is JsonValue flag && flag.TryGetValue(out bool isUnique) && !isUnique) continue;
            if (!Known.Contains(keyword)) throw Failure(keyword, $"is not supported{Names.Suggest(keyword, [.. Known.Order(StringComparer.Ordinal)])}");
        }
    }

    public JsonObject Schema { get; }

    public string Path { get; }

    public bool Has(string keyword) => Schema.ContainsKey(keyword);

    public bool HasAny(params ReadOnlySpan<string> keywords)
    {
        foreach (string keyword in keywords)
        {
            if (Has(keyword)) return true;
        }
        return false;
    }

    /// <summary>The schema without some keywords, or null when nothing is left that forbids anything.</summary>
    public JsonObject? Without(params IReadOnlyList<string> keywords)
    {
        var rest = new JsonObject();
        foreach ((string keyword, JsonNode? value) in Schema)
        {
            if (!keywords.Contains(keyword) && !Annotations.Contains(keyword)) rest[keyword] = value?.DeepClone();
        }
        return rest.Count == 0 ? null : rest;
    }

    public int? Count(string keyword)
    {
        if (!Has(keyword)) return null;
        return Schema[keyword] is JsonValue value && value.TryGetValue(out double number) && number >= 0 && number <= int.MaxValue && number == Math.Floor(number)
            ? (int)number
            : throw Failure(keyword, "wants a whole number that is not negative");
    }

    public string? Text(string keyword) =>
        !Has(keyword) ? null : Schema[keyword] is JsonValue value && value.TryGetValue(out string? text) ? text : throw Failure(keyword, "wants a string");

    public bool Flag(string keyword) =>
        Has(keyword) && (Schema[keyword] is JsonValue value && value.TryGetValue(out bool flag) ? flag : throw Failure(keyword, "wants true or false"));

    public JsonArray List(string keyword) => Schema[keyword] as JsonArray ?? throw Failure(keyword, "wants an array");

    public JsonObject Map(string keyword) => Schema[keyword] as JsonObject ?? throw Failure(keyword, "wants an object");

    public string PathOf(string keyword) => $"{Path}/{keyword}";

    public InputException Failure(string keyword, string problem) => new($"JSON schema, {Path}: the keyword '{keyword}' {problem}.");
}
