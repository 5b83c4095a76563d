using System.Text.Json;
using Orrery.Engine.Grammars;
using Orrery.Kernel;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Grammars of schemas that clients send again and again: what a grammar learns about tokens is worth keeping.</summary>
internal sealed class GrammarCache
{
    /// <summary>Grammars kept, the oldest going first (our choice, d).</summary>
    private const int Capacity = 64;

    /// <summary>Schemas longer than this are compiled each time (our choice, d).</summary>
    private const int LongestKey = 64 << 10;

    private readonly Lock _lock = new();
    private readonly Dictionary<(ILiveModel Model, string Schema), JsonGrammar> _grammars = [];
    private readonly Queue<(ILiveModel Model, string Schema)> _order = new();

    /// <exception cref="ApiException">400: not a schema, or outside what can be enforced; the sentence is the compiler's.</exception>
    public JsonGrammar Get(ILiveModel model, string schema, string path)
    {
        lock (_lock)
        {
            if (_grammars.TryGetValue((model, schema), out JsonGrammar? known)) return known;
        }
        JsonGrammar made;
        try
        {
            made = JsonGrammar.Compile(schema, model.Text.Vocabulary);
        }
        catch (InputException refused)
        {
            throw new ApiException(ApiError.BadField(path, refused.Message.TrimEnd('.')));
        }
        if (schema.Length > LongestKey) return made;
        lock (_lock)
        {
            if (!_grammars.TryAdd((model, schema), made)) return _grammars[(model, schema)];
            _order.Enqueue((model, schema));
            if (_order.Count > Capacity) _grammars.Remove(_order.Dequeue());
        }
        return made;
    }

    /// <summary>What the field response_format asks for; null for any text.</summary>
    public JsonGrammar? Read(Fields fields, ILiveModel model)
    {
        if (fields.Object("response_format") is not { } format) return null;
        string type = format.RequiredText("type");
        switch (type)
        {
            case "text":
                format.Done();
                return null;
            case "json_object":
                format.Done();
                return Get(model, "{\"type\":\"object\"}", "response_format");
            case "json_schema":
                break;
            default:
                throw format.Bad("type", $"unknown type{Names.Suggest(type.Length > 64 ? type[..64] : type, ["text", "json_object", "json_schema"])}");
        }
        Fields named = new(format.Required("json_schema"), format.PathOf("json_schema"));
        format.Done();
        named.RequiredText("name");
        named.Text("description");
        // Whether strict or not, the schema is followed.
        named.Bool("strict");
        JsonElement? schema = named.Optional("schema");
        named.Done();
        return Get(model, schema is { } given ? given.GetRawText() : "{\"type\":\"object\"}", named.PathOf("schema"));
    }
}
