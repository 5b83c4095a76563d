using System.Text.Json;
using System.Text.Json.Nodes;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Grammars;

/// <summary>Random values that satisfy a schema, properties in the order of the schema.</summary>
internal static class SchemaValues
{
    private static readonly string[] Letters = ["a", "b", "Z", "0", " ", "\"", "\\", "/", "<", "é", "ß", "日", "😀", "\n", "\t", "\u0001", "\u007f", "\u2028", "\uffff", "'", "&"];

    public static JsonNode? Make(JsonElement schema, JsonElement root, RandomStream chance, int depth = 0)
    {
        if (schema.ValueKind == JsonValueKind.True) return Free(chance, depth);
        if (schema.TryGetProperty("nullable", out _) && chance.NextInt(4) == 0) return null;
        if (schema.TryGetProperty("examples", out JsonElement examples)) return Pick(examples, chance);
        if (schema.TryGetProperty("enum", out JsonElement values)) return Pick(values, chance);
        if (schema.TryGetProperty("const", out JsonElement value)) return Node(value);
        if (schema.TryGetProperty("$ref", out JsonElement reference)) return Make(SchemaValidator.Resolve(reference.GetString()!, root), root, chance, depth + 1);
        foreach (string keyword in new[] { "anyOf", "oneOf" })
        {
            // The last way is the one that ends a recursion.
            if (schema.TryGetProperty(keyword, out JsonElement ways) && !schema.TryGetProperty("properties", out _)) return Make(depth > 5 ? ways[ways.GetArrayLength() - 1] : ways[chance.NextInt(ways.GetArrayLength())], root, chance, depth + 1);
        }
        if (schema.TryGetProperty("allOf", out _)) return new JsonObject { ["a"] = chance.NextInt(9), ["b"] = Text(0, 3, chance) };
        if (schema.TryGetProperty("anyOf", out _)) return chance.NextInt(2) == 0 ? new JsonObject { ["a"] = 1 } : new JsonObject { ["a"] = 2, ["b"] = null };
        JsonElement type = schema.GetProperty("type");
        string name = type.ValueKind == JsonValueKind.Array ? type[chance.NextInt(type.GetArrayLength())].GetString()! : type.GetString()!;
        return name switch
        {
            "object" => Object(schema, root, chance, depth),
            "array" => Array(schema, root, chance, depth),
            "string" => Text(Int(schema, "minLength", 0), Int(schema, "maxLength", 8), chance),
            "integer" => Integer(schema, chance),
            "number" => Number(chance),
            "boolean" => chance.NextInt(2) == 0,
            _ => null,
        };
    }

    private static JsonObject Object(JsonElement schema, JsonElement root, RandomStream chance, int depth)
    {
        var made = new JsonObject();
        string[] required = schema.TryGetProperty("required", out JsonElement names) ? names.EnumerateArray().Select(item => item.GetString()!).ToArray() : [];
        bool isDescribed = schema.TryGetProperty("properties", out JsonElement properties);
        if (isDescribed)
        {
            foreach (JsonProperty property in properties.EnumerateObject())
            {
                if (required.Contains(property.Name) || chance.NextInt(2) == 0) made[property.Name] = Make(property.Value, root, chance, depth + 1);
            }
        }
        bool isRuled = schema.TryGetProperty("additionalProperties", out JsonElement others);
        foreach (string name in required.Where(name => !made.ContainsKey(name))) made[name] = isRuled ? Make(others, root, chance, depth + 1) : Free(chance, depth + 1);
        if ((isRuled && others.ValueKind != JsonValueKind.False) || (!isRuled && !isDescribed))
        {
            for (int i = chance.NextInt(depth > 4 ? 1 : 3); i > 0; i--)
            {
                string name = Text(0, 3, chance);
                if (!made.ContainsKey(name) && !(isDescribed && properties.TryGetProperty(name, out _))) made[name] = isRuled ? Make(others, root, chance, depth + 1) : Free(chance, depth + 1);
            }
        }
        return made;
    }

    private static JsonArray Array(JsonElement schema, JsonElement root, RandomStream chance, int depth)
    {
        int prefix = schema.TryGetProperty("prefixItems", out JsonElement first) ? first.GetArrayLength() : 0;
        bool isRuled = schema.TryGetProperty("items", out JsonElement items);
        int least = Int(schema, "minItems", 0);
        int most = Int(schema, "maxItems", !isRuled && prefix > 0 ? prefix : least + 3);
        var made = new JsonArray();
        int count = depth > 5 ? least : least + chance.NextInt(most - least + 1);
        for (int i = 0; i < count; i++) made.Add(i < prefix ? Make(first[i], root, chance, depth + 1) : isRuled ? Make(items, root, chance, depth + 1) : Free(chance, depth + 1));
        return made;
    }

    private static JsonNode? Free(RandomStream chance, int depth)
    {
        switch (chance.NextInt(depth > 4 ? 5 : 7))
        {
            case 0: return null;
            case 1: return chance.NextInt(2) == 0;
            case 2: return Number(chance);
            case 3 or 4: return Text(0, 6, chance);
            case 5:
                var list = new JsonArray();
                for (int i = chance.NextInt(4); i > 0; i--) list.Add(Free(chance, depth + 1));
                return list;
            default:
                var map = new JsonObject();
                for (int i = chance.NextInt(4); i > 0; i--) map[Text(0, 3, chance)] = Free(chance, depth + 1);
                return map;
        }
    }

    private static string Text(int least, int most, RandomStream chance) => string.Concat(Enumerable.Range(0, least + chance.NextInt(most - least + 1)).Select(_ => Letters[chance.NextInt(Letters.Length)]));

    private static long Integer(JsonElement schema, RandomStream chance)
    {
        long least = Math.Max(Int(schema, "minimum", -1_000_000), Int(schema, "exclusiveMinimum", -1_000_001) + 1);
        long most = Math.Min(Int(schema, "maximum", 1_000_000), Int(schema, "exclusiveMaximum", 1_000_001) - 1);
        return least + chance.NextInt((int)(most - least + 1));
    }

    private static JsonNode Number(RandomStream chance) => chance.NextInt(4) switch
    {
        0 => chance.NextInt(1000) - 500,
        1 => chance.NextDouble() * Math.Pow(10, chance.NextInt(600) - 300),
        2 => -chance.NextDouble(),
        _ => (decimal)chance.NextDouble() / 3,
    };

    private static int Int(JsonElement schema, string keyword, int fallback) => schema.TryGetProperty(keyword, out JsonElement value) ? value.GetInt32() : fallback;

    private static JsonNode? Pick(JsonElement list, RandomStream chance) => Node(list[chance.NextInt(list.GetArrayLength())]);

    private static JsonNode? Node(JsonElement value) => JsonNode.Parse(value.GetRawText());
}
