using System.Buffers;
using System.Text.Json;

namespace Orrery.Live.Gateway;

/// <summary>What the gateway learns of a request's JSON in one pass over its outermost keys.</summary>
/// <param name="PromptStart">Where the value of <c>messages</c>, <c>prompt</c> or <c>input</c> begins; 0 where there is none.</param>
/// <param name="PromptBytes">Its length; the whole body where there is none.</param>
/// <param name="PromptTokens">Counted where the prompt is a list of tokens, else estimated by <see cref="BytesPerToken"/>; at least 1.</param>
/// <param name="MaxTokens">The longest answer that the client wants, 0 where it does not say.</param>
internal readonly record struct RequestOutline(int PromptStart, int PromptBytes, int PromptTokens, int MaxTokens)
{
    /// <summary>English text under the usual vocabularies has about four bytes to a token (c).</summary>
    public const int BytesPerToken = 4;

    public static RequestOutline Read(ReadOnlySpan<byte> body)
    {
        RequestOutline whole = new(0, body.Length, Math.Max(1, body.Length / BytesPerToken), 0);
        try
        {
            return Read(body, whole);
        }
        catch (JsonException)
        {
            // The upstream says what is wrong with it; here only its size matters.
            return whole;
        }
    }

    /// <summary>The body with every outermost <c>model</c> named anew and all other bytes as they were.</summary>
    /// <exception cref="JsonException">The body is no JSON.</exception>
    public static ReadOnlyMemory<byte> WithModel(ReadOnlyMemory<byte> body, string model)
    {
        ReadOnlySpan<byte> bytes = body.Span;
        ArrayBufferWriter<byte> output = new(bytes.Length + model.Length);
        Utf8JsonReader reader = new(bytes);
        int copied = 0;
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1) continue;
            bool isModel = reader.ValueTextEquals("model"u8);
            reader.Read();
            int start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (!isModel) continue;
            output.Write(bytes[copied..start]);
            output.Write("\""u8);
            output.Write(JsonEncodedText.Encode(model).EncodedUtf8Bytes);
            output.Write("\""u8);
            copied = (int)reader.BytesConsumed;
        }
        output.Write(bytes[copied..]);
        return output.WrittenMemory;
    }

    private static RequestOutline Read(ReadOnlySpan<byte> body, RequestOutline outline)
    {
        Utf8JsonReader reader = new(body);
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1) continue;
            bool isPrompt = reader.ValueTextEquals("messages"u8) || reader.ValueTextEquals("prompt"u8) || reader.ValueTextEquals("input"u8);
            bool isLimit = reader.ValueTextEquals("max_tokens"u8) || reader.ValueTextEquals("max_completion_tokens"u8);
            reader.Read();
            if (isLimit && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int limit) && limit > 0)
                outline = outline with { MaxTokens = limit };
            int start = (int)reader.TokenStartIndex;
            int numbers = SkipCountingNumbers(ref reader);
            if (!isPrompt) continue;
            int length = (int)reader.BytesConsumed - start;
            outline = outline with { PromptStart = start, PromptBytes = length, PromptTokens = numbers > 0 ? numbers : Math.Max(1, length / BytesPerToken) };
        }
        return outline;
    }

    /// <summary>Numbers within a list of numbers, or of such lists; 0 where there is anything else.</summary>
    private static int SkipCountingNumbers(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return 0;
        }
        int depth = reader.CurrentDepth;
        int numbers = 0;
        bool isPure = true;
        while (reader.Read() && !(reader.TokenType == JsonTokenType.EndArray && reader.CurrentDepth == depth))
        {
            if (reader.TokenType == JsonTokenType.Number) numbers++;
            else if (reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.EndArray)) isPure = false;
        }
        return isPure ? numbers : 0;
    }
}
