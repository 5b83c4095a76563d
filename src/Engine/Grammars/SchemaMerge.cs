using System.Text.Json.Nodes;
using Orrery.Kernel;

namespace Orrery.Engine.Grammars;

/// <summary>Several schemas that must all hold as one: properties and required names together, the rest where they say the same.</summary>
internal static class SchemaMerge
{
    public static JsonNode Both(JsonNode first, JsonNode second, string path)
    {
        if (first is JsonValue a && a.TryGetValue(out bool isAny)) return isAny ? second.DeepClone() : false;
        if (second is JsonValue b && b.TryGetValue(out bool isAnyToo)) return isAnyToo ? first.DeepClone() : false;
        if (first is not JsonObject left || second is not JsonObject right) throw new InputException($"JSON schema, {path}: a schema is an object, true or false.");
        if (IsClosed(left) || IsClosed(right))
        {
            // A closed object forbids what only the other one names.
            string[] names = Keys(left);
            if (!names.ToHashSet().SetEquals(Keys(right)) && left.ContainsKey("properties") && right.ContainsKey("properties"))
            {
                throw new InputException($"JSON schema, {path}: additionalProperties beside other properties in allOf, anyOf or $ref is not supported; put all properties into one schema.");
            }
        }
        var merged = (JsonObject)left.DeepClone();
        foreach ((string keyword, JsonNode? value) in right)
        {
            if (!merged.TryGetPropertyValue(keyword, out JsonNode? known))
            {
                merged[keyword] = value?.DeepClone();
                continue;
            }
            merged[keyword] = (keyword, known, value) switch
            {
                ("properties", JsonObject mine, JsonObject theirs) => Properties(mine, theirs, path),
                ("required", JsonArray mine, JsonArray theirs) => Union(mine, theirs),
                ("type", not null, not null) => Types(known, value, path),
                ("allOf" or "$defs" or "definitions" or "title" or "description" or "default" or "examples", _, _) => known?.DeepClone(),
                ("minimum" or "exclusiveMinimum" or "minLength" or "minItems", JsonValue mine, JsonValue theirs) => Math.Max(mine.GetValue<double>(), theirs.GetValue<double>()),
                ("maximum" or "exclusiveMaximum" or "maxLength" or "maxItems", JsonValue mine, JsonValue theirs) => Math.Min(mine.GetValue<double>(), theirs.GetValue<double>()),
                _ when JsonNode.DeepEquals(known, value) => known?.DeepClone(),
                _ => throw new InputException($"JSON schema, {path}: two values of '{keyword}' that must both hold are not supported; put them into one."),
            };
        }
        return merged;
    }

    private static bool IsClosed(JsonObject schema) => schema["additionalProperties"] is JsonValue value && value.TryGetValue(out bool isOpen) && !isOpen;

    private static string[] Keys(JsonObject schema) => schema["properties"] is JsonObject properties ? properties.Select(pair => pair.Key).ToArray() : [];

    private static JsonObject Properties(JsonObject mine, JsonObject theirs, string path)
    {
        var merged = (JsonObject)mine.DeepClone();
        foreach ((string name, JsonNode? schema) in theirs)
        {
            merged[name] = merged.TryGetPropertyValue(name, out JsonNode? known) && known is not null && schema is not null
                ? JsonNode.DeepEquals(known, schema) ? known.DeepClone() : new JsonObject { ["allOf"] = new JsonArray(known.DeepClone(), schema.DeepClone()) }
                : schema?.DeepClone();
        }
        return merged;
    }

    private static JsonArray Union(JsonArray mine, JsonArray theirs)
    {
        var union = (JsonArray)mine.DeepClone();
        foreach (JsonNode? name in theirs)
        {
            if (!union.Any(known => JsonNode.DeepEquals(known, name))) union.Add(name?.DeepClone());
        }
        return union;
    }

    private static JsonArray Types(JsonNode mine, JsonNode theirs, string path)
    {
        string[] first = TypeList(mine, path);
        string[] second = TypeList(theirs, path);
        var both = first.Where(type => second.Contains(type) || (type == "integer" && second.Contains("number")))
            .Concat(second.Where(type => type == "integer" && first.Contains("number")))
            .Distinct();
        return new JsonArray([.. both.Select(type => (JsonNode)type)]);
    }

    public static string[] TypeList(JsonNode? types, string path) => types switch
    {
        JsonValue one when one.TryGetValue(out string? name) => [name],
        JsonArray many when many.All(item => item is JsonValue value && value.TryGetValue(out string? _)) => many.Select(item => item!.GetValue<string>()).ToArray(),
        _ => throw new InputException($"JSON schema, {path}: the keyword 'type' wants a name or an array of names."),
    };
}
