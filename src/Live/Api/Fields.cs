using System.Globalization;
using System.Text.Json;
using Orrery.Kernel;

namespace Orrery.Live.Api;

/// <summary>
/// Reads an object of a request field by field and remembers which were asked for; <see cref="Done"/> turns any other into an error that names
/// the nearest known one. A null counts as absent, as in the OpenAI API.
/// </summary>
internal sealed class Fields
{
    private readonly JsonElement _object;
    private readonly string _path;
    private readonly List<string> _asked = [];

    public Fields(JsonElement element, string path = "")
    {
        _object = element.ValueKind == JsonValueKind.Object ? element : throw Wrong(path, "an object", element);
        _path = path;
    }

    public string PathOf(string name) => _path.Length == 0 ? name : $"{_path}.{name}";

    public JsonElement? Optional(string name)
    {
        _asked.Add(name);
        return _object.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    public JsonElement Required(string name) => Optional(name) ?? throw Bad(name, "this field is missing");

    public string? Text(string name) => Optional(name) is { } value ? TextOf(value, PathOf(name)) : null;

    public string RequiredText(string name) => TextOf(Required(name), PathOf(name));

    public bool? Bool(string name) => Optional(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        { } other => throw Wrong(PathOf(name), "true or false", other),
    };

    public int? Int(string name, int min = int.MinValue, int max = int.MaxValue) => (int?)Long(name, min, max);

    public long? Long(string name, long min = long.MinValue, long max = long.MaxValue) =>
        Optional(name) is { } value ? LongOf(value, PathOf(name), min, max) : null;

    public double? Number(string name)
    {
        if (Optional(name) is not { } value) return null;
        if (value.ValueKind != JsonValueKind.Number) throw Wrong(PathOf(name), "a number", value);
        return value.TryGetDouble(out double number) && double.IsFinite(number) && Math.Abs(number) <= float.MaxValue ? number : throw Bad(name, "the number is too large");
    }

    public Fields? Object(string name) => Optional(name) is { } value ? new(value, PathOf(name)) : null;

    /// <summary>The items of an array with their paths; null where the field is absent.</summary>
    /// <param name="name">The field.</param>
    /// <param name="most">Items that are taken.</param>
    public IReadOnlyList<(JsonElement Item, string Path)>? List(string name, int most) =>
        Optional(name) is { } value ? ListOf(value, PathOf(name), most) : null;

    /// <summary>A field that is known and not supported: only values that change nothing are taken.</summary>
    public void Refuse(Refusal refusal)
    {
        if (Optional(refusal.Name) is not { } value || refusal.IsNeutral(value)) return;
        throw new ApiException(ApiError.BadField(PathOf(refusal.Name), refusal.Sentence, "unsupported_parameter"));
    }

    /// <summary>To be called when every known field was asked for.</summary>
    public void Done()
    {
        foreach (JsonProperty property in _object.EnumerateObject())
        {
            if (_asked.Contains(property.Name)) continue;
            string shown = property.Name.Length > 64 ? property.Name[..64] + "…" : property.Name;
            throw new ApiException(ApiError.BadField(PathOf(shown), "unknown field" + Names.Suggest(shown, _asked), "unknown_parameter"));
        }
    }

    public ApiException Bad(string name, string sentence) => new(ApiError.BadField(PathOf(name), sentence));

    public static string TextOf(JsonElement value, string path) => value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(path, "a string", value);

    public static long LongOf(JsonElement value, string path, long min, long max)
    {
        if (value.ValueKind != JsonValueKind.Number) throw Wrong(path, "a whole number", value);
        if (value.TryGetInt64(out long number) && number >= min && number <= max) return number;
        string range = max is long.MaxValue or int.MaxValue ? $"of at least {min}" : $"from {min} to {max}";
        throw new ApiException(ApiError.BadField(path, string.Create(CultureInfo.InvariantCulture, $"expected a whole number {range}")));
    }

    public static IReadOnlyList<(JsonElement Item, string Path)> ListOf(JsonElement value, string path, int most)
    {
        if (value.ValueKind != JsonValueKind.Array) throw Wrong(path, "an array", value);
        int count = value.GetArrayLength();
        if (count > most) throw new ApiException(ApiError.BadField(path, $"it has {count} items; at most {most} are taken"));
        var items = new (JsonElement, string)[count];
        int at = 0;
        foreach (JsonElement item in value.EnumerateArray()) items[at] = (item, $"{path}[{at++}]");
        return items;
    }

    public static ApiException Wrong(string path, string expected, JsonElement found)
    {
        string what = found.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "an array",
            JsonValueKind.String => "a string",
            JsonValueKind.Number => "a number",
            JsonValueKind.Null => "null",
            _ => found.ValueKind == JsonValueKind.True ? "true" : "false",
        };
        return new(ApiError.BadField(path.Length == 0 ? "body" : path, $"expected {expected}, not {what}"));
    }
}

/// <summary>A field of the API that this server does not support.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sentence">Why, and what to do instead.</param>
/// <param name="Neutral">Values as JSON that ask for nothing and are taken.</param>
internal sealed record Refusal(string Name, string Sentence, params string[] Neutral)
{
    public bool IsNeutral(JsonElement value)
    {
        string text = value.GetRawText();
        return Neutral.Contains(text.Length > 64 ? "" : text.Replace(" ", "", StringComparison.Ordinal));
    }
}
