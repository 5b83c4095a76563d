using System.Text;
using System.Text.Json;

namespace Orrery.Live.Load;

/// <summary>The words in a server's error, in the shapes that OpenAI-compatible servers use.</summary>
internal static class ErrorBody
{
    /// <summary>Reasons are read in one line.</summary>
    private const int LongestReason = 160;

    private static readonly string[] Keys = ["message", "detail", "error"];

    /// <summary>Message of a whole body; its first words where it is no JSON.</summary>
    public static string Message(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            if (json.Read()) return Of(ref json);
        }
        catch (Exception noJson) when (noJson is JsonException or InvalidOperationException)
        {
            // A proxy's page or plain text: its words are told as they stand.
        }
        return Shorten(Encoding.UTF8.GetString(body));
    }

    /// <summary>Message of the value that follows the property just read.</summary>
    public static string? Value(ref Utf8JsonReader json)
    {
        json.Read();
        return json.TokenType == JsonTokenType.Null ? null : Of(ref json);
    }

    private static string Of(ref Utf8JsonReader json)
    {
        using JsonDocument document = JsonDocument.ParseValue(ref json);
        JsonElement element = document.RootElement;
        // {"error": {"message": …}} and {"error": "…"}: one level at a time.
        while (element.ValueKind == JsonValueKind.Object)
        {
            JsonElement? inner = null;
            foreach (string key in Keys)
                if (inner is null && element.TryGetProperty(key, out JsonElement value)) inner = value;
            if (inner is null) break;
            element = inner.Value;
        }
        return Shorten(element.ToString());
    }

    private static string Shorten(string text)
    {
        string line = string.Join(' ', text.Split((char[])[' ', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestReason ? line : line[..LongestReason] + "…";
    }
}
