using System.Text.Json;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>What every document and every event of one response begins with.</summary>
internal sealed class ResponseHead
{
    private readonly JsonEncodedText _id;
    private readonly JsonEncodedText _model;
    private readonly JsonEncodedText _kind;
    private readonly long _createdUnixSeconds;

    public ResponseHead(string id, string model, string kind, long createdUnixSeconds)
    {
        _id = JsonEncodedText.Encode(id, JsonNames.Encoder);
        _model = JsonEncodedText.Encode(model, JsonNames.Encoder);
        _kind = JsonEncodedText.Encode(kind);
        _createdUnixSeconds = createdUnixSeconds;
    }

    /// <summary>Opens the object and leaves it open.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString(JsonNames.Id, _id);
        writer.WriteString(JsonNames.Object, _kind);
        writer.WriteNumber(JsonNames.Created, _createdUnixSeconds);
        writer.WriteString(JsonNames.Model, _model);
    }

    public static void WriteUsage(Utf8JsonWriter writer, StreamUsage usage)
    {
        writer.WriteStartObject(JsonNames.Usage);
        writer.WriteNumber("prompt_tokens", usage.PromptTokens);
        writer.WriteNumber("completion_tokens", usage.CompletionTokens);
        writer.WriteNumber("total_tokens", usage.PromptTokens + usage.CompletionTokens);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("cached_tokens", usage.CachedTokens);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
