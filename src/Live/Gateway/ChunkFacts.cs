using System.Buffers;
using System.Text.Json;

namespace Orrery.Live.Gateway;

/// <summary>What the gateway learns of one event of a stream, or of a whole answer.</summary>
/// <param name="Tokens">Choices that carry text, tool calls or reasoning: engines send an event for each token.</param>
/// <param name="PromptTokens">From the usage, 0 where it is not there.</param>
/// <param name="CompletionTokens">From the usage, 0 where it is not there.</param>
/// <param name="IsDone">The event that ends a stream.</param>
/// <param name="IsFinish">Some choice says why it finished.</param>
/// <param name="IsError">It reports an error.</param>
/// <param name="IsMalformed">Its data are no JSON.</param>
internal readonly record struct ChunkFacts(
    int Tokens, int PromptTokens, int CompletionTokens, bool IsDone, bool IsFinish, bool IsError, bool IsMalformed)
{
    /// <param name="serverEvent">Lines up to and with the blank one.</param>
    public static ChunkFacts OfEvent(in ReadOnlySequence<byte> serverEvent)
    {
        if (serverEvent.IsSingleSegment) return OfEvent(serverEvent.FirstSpan);
        int length = (int)serverEvent.Length;
        byte[] rented = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            serverEvent.CopyTo(rented);
            return OfEvent(rented.AsSpan(0, length));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    public static ChunkFacts OfEvent(ReadOnlySpan<byte> serverEvent)
    {
        // Engines put the whole JSON on one data line; of several only the first is looked at.
        while (serverEvent.Length > 0)
        {
            int end = serverEvent.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? serverEvent : serverEvent[..end];
            serverEvent = end < 0 ? [] : serverEvent[(end + 1)..];
            if (!line.StartsWith("data:"u8)) continue;
            ReadOnlySpan<byte> data = line["data:"u8.Length..].Trim(" \r"u8);
            return data.SequenceEqual("[DONE]"u8) ? default(ChunkFacts) with { IsDone = true } : OfJson(data);
        }
        return default;
    }

    public static ChunkFacts OfJson(ReadOnlySpan<byte> json)
    {
        try
        {
            return Walk(json);
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return default(ChunkFacts) with { IsMalformed = true };
        }
    }

    private static ChunkFacts Walk(ReadOnlySpan<byte> json)
    {
        ChunkFacts facts = default;
        Utf8JsonReader reader = new(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return facts with { IsMalformed = true };
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isChoices = reader.ValueTextEquals("choices"u8);
            bool isUsage = reader.ValueTextEquals("usage"u8);
            bool isError = reader.ValueTextEquals("error"u8);
            reader.Read();
            if (isChoices && reader.TokenType == JsonTokenType.StartArray) Choices(ref reader, ref facts);
            else if (isUsage && reader.TokenType == JsonTokenType.StartObject) Usage(ref reader, ref facts);
            else if (isError && reader.TokenType == JsonTokenType.StartObject) facts = facts with { IsError = true };
            reader.Skip();
        }
        return facts;
    }

    private static void Choices(ref Utf8JsonReader reader, ref ChunkFacts facts)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
        {
            bool hasToken = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool isDelta = reader.ValueTextEquals("delta"u8);
                bool isText = reader.ValueTextEquals("text"u8);
                bool isFinish = reader.ValueTextEquals("finish_reason"u8);
                reader.Read();
                if (isDelta && reader.TokenType == JsonTokenType.StartObject) hasToken |= Delta(ref reader);
                else if (isText && reader.TokenType == JsonTokenType.String) hasToken |= HasText(reader);
                else if (isFinish && reader.TokenType == JsonTokenType.String) facts = facts with { IsFinish = true };
                reader.Skip();
            }
            if (hasToken) facts = facts with { Tokens = facts.Tokens + 1 };
        }
    }

    /// <summary>Anything but the role counts: content, reasoning, the pieces of a tool call.</summary>
    private static bool Delta(ref Utf8JsonReader reader)
    {
        bool hasToken = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isRole = reader.ValueTextEquals("role"u8);
            reader.Read();
            hasToken |= !isRole && (reader.TokenType == JsonTokenType.StartArray || (reader.TokenType == JsonTokenType.String && HasText(reader)));
            reader.Skip();
        }
        return hasToken;
    }

    private static void Usage(ref Utf8JsonReader reader, ref ChunkFacts facts)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            bool isPrompt = reader.ValueTextEquals("prompt_tokens"u8);
            bool isCompletion = reader.ValueTextEquals("completion_tokens"u8);
            reader.Read();
            if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int count) && count >= 0)
            {
                if (isPrompt) facts = facts with { PromptTokens = count };
                if (isCompletion) facts = facts with { CompletionTokens = count };
            }
            reader.Skip();
        }
    }

    private static bool HasText(in Utf8JsonReader reader) => reader.ValueSpan.Length > 0;
}
