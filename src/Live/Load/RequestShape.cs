using System.Buffers;
using System.Text.Json;
using Orrery.Kernel;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>Where prompts are sent.</summary>
public enum LoadEndpoint
{
    /// <summary><c>/v1/completions</c>.</summary>
    Completions,

    /// <summary><c>/v1/chat/completions</c>.</summary>
    Chat,
}

/// <summary>What requests say beside their prompts.</summary>
public sealed record RequestShape
{
    public LoadEndpoint Endpoint { get; init; }

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Names of the adapters, by the index that requests state; one that lies beyond the list gets the model itself.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>Asks for answers of exactly the stated length.</summary>
    public bool IgnoresEnd { get; init; } = true;

    /// <summary>Sends pauses for tools as <c>orrery_calls</c>, which only this program's server knows.</summary>
    public bool SendsCalls { get; init; }

    /// <summary>Further fields, sent as they stand; null for none.</summary>
    public JsonElement? Extra { get; init; }

    public string Path => Endpoint == LoadEndpoint.Chat ? "v1/chat/completions" : "v1/completions";

    /// <summary>The object of further fields in a text.</summary>
    /// <exception cref="InputException">No JSON object, or a field that is always sent.</exception>
    public static JsonElement ReadExtra(string text)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                foreach (string own in (string[])["model", "prompt", "messages", "max_tokens", "stream", "stream_options"])
                    if (document.RootElement.TryGetProperty(own, out _)) throw new InputException($"--extra: the field '{own}' is made from the traffic; leave it out");
                return document.RootElement.Clone();
            }
        }
        catch (JsonException failure)
        {
            throw new InputException($"--extra: '{text}' is no JSON; write for example --extra '{{\"temperature\": 0}}'", failure);
        }
        throw new InputException($"--extra: '{text}' is no JSON object; write for example --extra '{{\"temperature\": 0}}'");
    }

    /// <summary>The body of a request.</summary>
    internal ReadOnlyMemory<byte> Write(IExchange exchange)
    {
        Request request = exchange.Request;
        var buffer = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("model", request.Adapter >= 0 && request.Adapter < Adapters.Count ? Adapters[request.Adapter] : Model);
        WritePrompt(json, exchange.Prompt);
        json.WriteNumber("max_tokens", request.MaxTokens > 0 ? Math.Min(request.MaxTokens, request.OutputTokens) : request.OutputTokens);
        json.WriteBoolean("stream", true);
        json.WriteStartObject("stream_options");
        json.WriteBoolean("include_usage", true);
        json.WriteEndObject();
        if (IgnoresEnd) json.WriteBoolean("ignore_eos", true);
        if (exchange.Client.Length > 0) json.WriteString("user", exchange.Client);
        if (request.Priority != 0) json.WriteNumber("priority", request.Priority);
        if (SendsCalls && request.Calls is { } calls) WriteCalls(json, calls, exchange.Returned);
        if (Extra is { } extra)
            foreach (JsonProperty field in extra.EnumerateObject()) field.WriteTo(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private void WritePrompt(Utf8JsonWriter json, LoadPrompt prompt)
    {
        if (Endpoint == LoadEndpoint.Chat)
        {
            json.WriteStartArray("messages");
            json.WriteStartObject();
            json.WriteString("role", "user");
            json.WriteString("content", prompt.Text);
            json.WriteEndObject();
            json.WriteEndArray();
        }
        else if (prompt.Tokens is { } tokens)
        {
            json.WriteStartArray("prompt");
            foreach (int token in tokens) json.WriteNumberValue(token);
            json.WriteEndArray();
        }
        else
        {
            json.WriteString("prompt", prompt.Text);
        }
    }

    private static void WriteCalls(Utf8JsonWriter json, ToolCall[] calls, IReadOnlyList<int[]>? returned)
    {
        json.WriteStartArray("orrery_calls");
        for (int i = 0; i < calls.Length; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("after_tokens", calls[i].AfterTokens);
            json.WriteNumber("seconds", calls[i].Duration.Seconds);
            json.WriteNumber("return_tokens", calls[i].ReturnTokens);
            if (returned is not null && i < returned.Count && returned[i].Length > 0)
            {
                json.WriteStartArray("returned");
                foreach (int token in returned[i]) json.WriteNumberValue(token);
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
