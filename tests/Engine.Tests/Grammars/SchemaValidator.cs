using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Orrery.Engine.Tests.Grammars;

/// <summary>Whether a value satisfies a schema, written apart from the grammar: it looks at finished values.</summary>
internal static class SchemaValidator
{
    public static bool Holds(JsonElement schema, JsonElement value, JsonElement root)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False) return schema.ValueKind == JsonValueKind.True;
        if (schema.TryGetProperty("nullable", out JsonElement nullable) && nullable.GetBoolean() && value.ValueKind == JsonValueKind.Null) return true;
        return schema.EnumerateObject().All(keyword => Keyword(keyword.Name, keyword.Value, schema, value, root));
    }

    public static JsonElement Resolve(string reference, JsonElement root) =>
        reference.Split('/').Skip(1).Aggregate(root, (node, name) => node.ValueKind == JsonValueKind.Array ? node[int.Parse(name, CultureInfo.InvariantCulture)] : node.GetProperty(name));

    private static bool Keyword(string name, JsonElement argument, JsonElement schema, JsonElement value, JsonElement root)
    {
        switch (name)
        {
            case "type":
                return argument.ValueKind == JsonValueKind.Array ? argument.EnumerateArray().Any(type => IsType(type.GetString()!, value)) : IsType(argument.GetString()!, value);
            case "enum":
                return argument.EnumerateArray().Any(item => JsonElement.DeepEquals(item, value));
            case "const":
                return JsonElement.DeepEquals(argument, value);
            case "$ref":
                return Holds(Resolve(argument.GetString()!, root), value, root);
            case "anyOf" or "oneOf":
                return argument.EnumerateArray().Any(item => Holds(item, value, root));
            case "allOf":
                return argument.EnumerateArray().All(item => Holds(item, value, root));
        }
        return value.ValueKind switch
        {
            JsonValueKind.Object => name switch
            {
                "required" => argument.EnumerateArray().All(item => value.TryGetProperty(item.GetString()!, out _)),
                "properties" => value.EnumerateObject().All(member => !argument.TryGetProperty(member.Name, out JsonElement inner) || Holds(inner, member.Value, root)),
                "additionalProperties" => value.EnumerateObject().All(member => (schema.TryGetProperty("properties", out JsonElement known) && known.TryGetProperty(member.Name, out _)) || Holds(argument, member.Value, root)),
                _ => true,
            },
            JsonValueKind.Array => name switch
            {
                "minItems" => value.GetArrayLength() >= argument.GetInt32(),
                "maxItems" => value.GetArrayLength() <= argument.GetInt32(),
                "prefixItems" => value.EnumerateArray().Zip(argument.EnumerateArray()).All(pair => Holds(pair.Second, pair.First, root)),
                "items" => value.EnumerateArray().Skip(schema.TryGetProperty("prefixItems", out JsonElement prefix) ? prefix.GetArrayLength() : 0).All(item => Holds(argument, item, root)),
                _ => true,
            },
            JsonValueKind.String => name switch
            {
                "minLength" => value.GetString()!.EnumerateRunes().Count() >= argument.GetInt32(),
                "maxLength" => value.GetString()!.EnumerateRunes().Count() <= argument.GetInt32(),
                "pattern" => Regex.IsMatch(value.GetString()!, argument.GetString()!.Replace("$", "(?!\n)$", StringComparison.Ordinal), RegexOptions.ECMAScript),
                "format" => IsFormat(argument.GetString()!, value.GetString()!),
                _ => true,
            },
            JsonValueKind.Number => name switch
            {
                "minimum" => value.GetDecimal() >= argument.GetDecimal(),
                "maximum" => value.GetDecimal() <= argument.GetDecimal(),
                "exclusiveMinimum" => value.GetDecimal() > argument.GetDecimal(),
                "exclusiveMaximum" => value.GetDecimal() < argument.GetDecimal(),
                _ => true,
            },
            _ => true,
        };
    }

    private static bool IsFormat(string format, string text) => format switch
    {
        "date" => DateOnly.TryParseExact(text.StartsWith("0000", StringComparison.Ordinal) ? "2001" + text[4..] : text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "uuid" => Guid.TryParseExact(text, "D", out _),
        "ipv4" => System.Net.IPAddress.TryParse(text, out _) && text.Count(c => c == '.') == 3,
        "email" => System.Net.Mail.MailAddress.TryCreate(text, out _),
        _ => text.Length > 0,
    };

    private static bool IsType(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && !value.GetRawText().AsSpan().ContainsAny('.', 'e', 'E'),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => value.ValueKind == JsonValueKind.Null,
    };
}
