using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Orrery.Live.Gateway;

/// <summary>An answer that is none: an error in OpenAI's form.</summary>
/// <param name="Status">HTTP status, where nothing was sent yet.</param>
/// <param name="Code">For programs.</param>
/// <param name="Message">A sentence for people.</param>
/// <param name="RetryAfterSeconds">When it may be worth trying again.</param>
internal sealed record Refusal(int Status, string Code, string Message, int? RetryAfterSeconds = null)
{
    private static ReadOnlySpan<byte> EventStart => "data: "u8;

    private static ReadOnlySpan<byte> EventEnd => "\n\n"u8;

    private string Type => Status == StatusCodes.Status429TooManyRequests ? "rate_limit_error" : "server_error";

    public async Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.StatusCode = Status;
        response.ContentType = "application/json";
        if (RetryAfterSeconds is { } seconds) response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        WriteJson(response.BodyWriter);
        await response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>As an event of a stream that has begun.</summary>
    public void WriteEvent(IBufferWriter<byte> output)
    {
        output.Put(EventStart);
        WriteJson(output);
        output.Put(EventEnd);
    }

    private void WriteJson(IBufferWriter<byte> output)
    {
        using Utf8JsonWriter json = new(output);
        json.WriteStartObject();
        json.WriteStartObject("error");
        json.WriteString("message", Message);
        json.WriteString("type", Type);
        json.WriteNull("param");
        json.WriteString("code", Code);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
