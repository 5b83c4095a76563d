using System.Text.Json;

namespace Orrery.Live.Load;

/// <summary>What one event of a streamed completion says to somebody who counts tokens.</summary>
internal readonly record struct StreamChunk
{
    /// <summary>Some text, reasoning or part of a tool call came.</summary>
    public bool HasText { get; private init; }

    /// <summary>It belongs to the answer; the event that only reports usage does not.</summary>
    public bool HasChoice { get; private init; }

    /// <summary>Tokens that the event names one by one (token ids, log-probabilities); 0 where it names none.</summary>
    public int NamedTokens { get; private init; }

    /// <summary>Tokens of the answer up to this event, as the server counts; null where it does not say.</summary>
    public int? CompletionTokens { get; private init; }

    public int? PromptTokens { get; private init; }

    public int? CachedTokens { get; private init; }

    /// <summary>Why the answer ends with this event; null while it goes on.</summary>
    public string? FinishReason { get; private init; }

    /// <summary>The server's words for what went wrong; null while all is well.</summary>
    public string? Error { get; private init; }

    /// <summary>True for the event that closes a stream.</summary>
    public static bool IsDone(ReadOnlySpan<byte> data) => data.SequenceEqual("[DONE]"u8);

    /// <summary>
    /// Tokens that came with this event: what the server counts beyond <paramref name="before"/>, else those it names, else one if there is text.
    /// Tokens that no event shows (their bytes are no whole character yet) are settled by the usage at the end.
    /// </summary>
    public int TokensAfter(int before)
    {
        if (CompletionTokens is { } total && HasChoice && (HasText || FinishReason is null)) return Math.Max(0, total - before);
        return NamedTokens > 0 ? NamedTokens : HasText ? 1 : 0;
    }

    /// <summary>Reads an event of either completion endpoint. Keys that are not known are passed over.</summary>
    /// <exception cref="JsonException">No JSON object.</exception>
    public static StreamChunk Read(ReadOnlySpan<byte> data)
    {
        var json = new Utf8JsonReader(data);
        StreamChunk chunk = default;
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject) throw new JsonException("the event is no JSON object");
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("choices"u8)) chunk = Choices(ref json, chunk);
            else if (json.ValueTextEquals("usage"u8)) chunk = Usage(ref json, chunk);
            else if (json.ValueTextEquals("error"u8)) chunk = chunk with { Error = ErrorBody.Value(ref json) };
            else Pass(ref json);
        }
        return chunk;
    }

    private static StreamChunk Choices(ref Utf8JsonReader json, StreamChunk chunk)
    {
        if (!Enter(ref json, JsonTokenType.StartArray)) return chunk;
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
        {
            chunk = chunk with { HasChoice = true };
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("text"u8)) chunk = chunk with { HasText = IsSomething(ref json) | chunk.HasText };
                else if (json.ValueTextEquals("delta"u8)) chunk = Delta(ref json, chunk);
                else if (json.ValueTextEquals("token_ids"u8)) chunk = chunk with { NamedTokens = Math.Max(chunk.NamedTokens, Count(ref json)) };
                else if (json.ValueTextEquals("logprobs"u8)) chunk = Logprobs(ref json, chunk);
                else if (json.ValueTextEquals("finish_reason"u8)) chunk = chunk with { FinishReason = Text(ref json) ?? chunk.FinishReason };
                else Pass(ref json);
            }
        }
        return chunk;
    }

    private static StreamChunk Delta(ref Utf8JsonReader json, StreamChunk chunk)
    {
        if (!Enter(ref json, JsonTokenType.StartObject)) return chunk;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            bool isText = json.ValueTextEquals("content"u8) || json.ValueTextEquals("reasoning_content"u8) || json.ValueTextEquals("reasoning"u8) || json.ValueTextEquals("tool_calls"u8);
            if (isText) chunk = chunk with { HasText = IsSomething(ref json) | chunk.HasText };
            else Pass(ref json);
        }
        return chunk;
    }

    /// <summary>Completions name <c>tokens</c>, chats a list of <c>content</c>.</summary>
    private static StreamChunk Logprobs(ref Utf8JsonReader json, StreamChunk chunk)
    {
        if (!Enter(ref json, JsonTokenType.StartObject)) return chunk;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("tokens"u8) || json.ValueTextEquals("content"u8)) chunk = chunk with { NamedTokens = Math.Max(chunk.NamedTokens, Count(ref json)) };
            else Pass(ref json);
        }
        return chunk;
    }

    private static StreamChunk Usage(ref Utf8JsonReader json, StreamChunk chunk)
    {
        if (!Enter(ref json, JsonTokenType.StartObject)) return chunk;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("completion_tokens"u8)) chunk = chunk with { CompletionTokens = Number(ref json) };
            else if (json.ValueTextEquals("prompt_tokens"u8)) chunk = chunk with { PromptTokens = Number(ref json) };
            else if (json.ValueTextEquals("prompt_tokens_details"u8)) chunk = Details(ref json, chunk);
            else Pass(ref json);
        }
        return chunk;
    }

    private static StreamChunk Details(ref Utf8JsonReader json, StreamChunk chunk)
    {
        if (!Enter(ref json, JsonTokenType.StartObject)) return chunk;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("cached_tokens"u8)) chunk = chunk with { CachedTokens = Number(ref json) };
            else Pass(ref json);
        }
        return chunk;
    }

    /// <summary>Steps into a value of the kind; a value of another kind is passed over.</summary>
    private static bool Enter(ref Utf8JsonReader json, JsonTokenType kind)
    {
        json.Read();
        if (json.TokenType == kind) return true;
        json.Skip();
        return false;
    }

    private static void Pass(ref Utf8JsonReader json)
    {
        json.Read();
        json.Skip();
    }

    /// <summary>A string that is not empty, or a list with something in it.</summary>
    private static bool IsSomething(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String) return json.ValueSpan.Length > 0;
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return false;
        }
        return Items(ref json) > 0;
    }

    private static int Count(ref Utf8JsonReader json) => Enter(ref json, JsonTokenType.StartArray) ? Items(ref json) : 0;

    private static int Items(ref Utf8JsonReader json)
    {
        int items = 0;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            items++;
            json.Skip();
        }
        return items;
    }

    private static int? Number(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out int number)) return number;
        json.Skip();
        return null;
    }

    /// <summary>Reasons are few; the usual ones are not allocated again.</summary>
    private static string? Text(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.String)
        {
            json.Skip();
            return null;
        }
        return json.ValueTextEquals("length"u8) ? "length" : json.ValueTextEquals("stop"u8) ? "stop" : json.GetString();
    }
}
