using System.Text.Json;
using System.Text.Unicode;

namespace Orrery.Live.Api;

/// <summary>The body of a request as JSON, strictly: valid UTF-8, no key twice, bounded depth, every text readable.</summary>
internal static class JsonBody
{
    /// <summary>Deepest nesting; that of the template's values and of schemas is bounded below it (our choice, d).</summary>
    public const int MaxDepth = 64;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <exception cref="ApiException">400: says what is wrong.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        if (body.IsEmpty) throw new ApiException(ApiError.BadRequest("the body is empty; send a JSON object"));
        if (!Utf8.IsValid(body.Span)) throw new ApiException(ApiError.BadRequest("the body is not UTF-8 text; send JSON in UTF-8", "invalid_utf8"));
        try
        {
            RequireWholeCharacters(body.Span);
            JsonDocument document = JsonDocument.Parse(body, Options);
            if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
            document.Dispose();
            throw new ApiException(ApiError.BadRequest("the body must be a JSON object", "invalid_json"));
        }
        catch (JsonException problem)
        {
            throw new ApiException(ApiError.BadRequest($"the body is not JSON as expected: {problem.Message.TrimEnd('.')}", "invalid_json"));
        }
    }

    /// <summary>Escapes may write halves of a surrogate pair, which are no text: whoever reads such a string later would fail.</summary>
    private static void RequireWholeCharacters(ReadOnlySpan<byte> body)
    {
        if (body.IndexOf("\\u"u8) < 0) return;
        Utf8JsonReader reader = new(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is not (JsonTokenType.String or JsonTokenType.PropertyName) || !reader.ValueIsEscaped) continue;
            try
            {
                reader.GetString();
            }
            catch (InvalidOperationException)
            {
                throw new ApiException(ApiError.BadRequest("the body has an escape that is half a character (an unpaired surrogate); send whole characters", "invalid_json"));
            }
        }
    }
}
