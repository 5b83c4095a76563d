using System.Text.Json;

namespace Orrery.Live.Api;

/// <summary>What a client is told when its request is not answered, in the form of the OpenAI API.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Message">One sentence: what is wrong and what to do.</param>
/// <param name="Type">Family of the error, one of the names of the OpenAI API.</param>
/// <param name="Param">The field at fault, as a path such as <c>messages[0].content</c>.</param>
/// <param name="Code">Name for programs.</param>
public sealed record ApiError(int Status, string Message, string Type, string? Param = null, string? Code = null)
{
    /// <summary>The status that proxies log for a client that left; never sent.</summary>
    public const int ClientLeft = 499;

    private const string Invalid = "invalid_request_error";

    /// <summary>Seconds after which another attempt is sensible.</summary>
    public int? RetryAfterSeconds { get; init; }

    public static ApiError BadField(string path, string sentence, string? code = null) => new(400, $"{path}: {sentence}", Invalid, path, code);

    public static ApiError BadRequest(string message, string? code = null) => new(400, message, Invalid, null, code);

    public static ApiError WrongKey() => new(401, "a valid API key is needed: send the header Authorization: Bearer KEY", "authentication_error", null, "invalid_api_key");

    public static ApiError Forbidden(string message, string code) => new(403, message, "permission_error", null, code);

    public static ApiError UnknownModel(string message) => new(404, message, Invalid, "model", "model_not_found");

    public static ApiError UnknownPath(string message) => new(404, message, Invalid, null, "unknown_url");

    public static ApiError WrongMethod(string message) => new(405, message, Invalid, null, "method_not_allowed");

    public static ApiError TooSlow(string message) => new(408, message, "timeout_error", null, "timeout");

    public static ApiError TooLarge(long limitBytes) => new(413, $"the body is larger than {limitBytes} bytes; send less, or raise limits.bodySize of the server", Invalid, null, "request_too_large");

    public static ApiError WrongContent() => new(415, "the body must be JSON; send the header Content-Type: application/json", Invalid, null, "unsupported_media_type");

    public static ApiError TooMany(string message, int retryAfterSeconds) =>
        new(429, message, "rate_limit_error", null, "rate_limit_exceeded") { RetryAfterSeconds = retryAfterSeconds };

    public static ApiError Internal() => new(500, "the server made a mistake; its log has more", "server_error", null, "internal_error");

    public static ApiError Unavailable(string message, string code, int? retryAfterSeconds = null) =>
        new(503, message, "server_error", null, code) { RetryAfterSeconds = retryAfterSeconds };

    /// <summary>Writes <c>{"error": {…}}</c>.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteStartObject("error");
        writer.WriteString("message", Message);
        writer.WriteString("type", Type);
        writer.WriteString("param", Param);
        writer.WriteString("code", Code);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}

/// <summary>A request ends with an error that its client may see.</summary>
public sealed class ApiException(ApiError error) : Exception(error.Message)
{
    public ApiError Error { get; } = error;
}
