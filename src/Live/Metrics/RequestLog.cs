using System.Buffers;
using System.Text.Json;

namespace Orrery.Live.Metrics;

/// <summary>One request as the log and the traces tell it: who, what, how much, how long. Never a prompt, an answer or a key.</summary>
public sealed record RequestLog
{
    /// <summary>When it arrived.</summary>
    public required DateTimeOffset Time { get; init; }

    public required string Id { get; init; }

    /// <summary>The path that was asked.</summary>
    public required string Endpoint { get; init; }

    /// <summary>Name of the client, which is the name of its key and not the key; empty where nobody needs one.</summary>
    public string Client { get; init; } = "";

    public string Model { get; init; } = "";

    /// <summary>HTTP status; 499 when the client left before the end.</summary>
    public required int Status { get; init; }

    public int PromptTokens { get; init; }

    /// <summary>Of all its answers.</summary>
    public int CompletionTokens { get; init; }

    /// <summary>Prompt tokens that the prefix cache supplied.</summary>
    public int CachedTokens { get; init; }

    /// <summary>Arrival to the first step; null where that is not known.</summary>
    public double? QueueSeconds { get; init; }

    /// <summary>Arrival to the first token; null when none came.</summary>
    public double? TtftSeconds { get; init; }

    public required double TotalSeconds { get; init; }

    /// <summary><c>stop</c>, <c>length</c>, <c>tool_calls</c>, <c>cancelled</c> …; null when it never began.</summary>
    public string? Finish { get; init; }

    /// <summary>A short code of the error, as clients see it, or the type and the places of a mistake of the program; null for none.</summary>
    public string? Error { get; init; }
}

/// <summary>Writes one line of JSON for each request. Safe on any thread; a line is written whole.</summary>
/// <param name="output">Where to; flushed after each line, not disposed.</param>
public sealed class RequestLogWriter(Stream output)
{
    private readonly Lock _gate = new();
    private readonly ArrayBufferWriter<byte> _line = new();

    /// <summary>Lines that could not be written, as to a disk that is full: the server goes on.</summary>
    public long Lost { get; private set; }

    public void Write(RequestLog entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        lock (_gate)
        {
            _line.ResetWrittenCount();
            using (Utf8JsonWriter json = new(_line)) Fill(json, entry);
            _line.Write("\n"u8);
            try
            {
                output.Write(_line.WrittenSpan);
                output.Flush();
            }
            catch (Exception failure) when (failure is IOException or ObjectDisposedException)
            {
                Lost++;
            }
        }
    }

    private static void Fill(Utf8JsonWriter json, RequestLog entry)
    {
        json.WriteStartObject();
        json.WriteString("time", entry.Time.UtcDateTime);
        json.WriteString("id", entry.Id);
        json.WriteString("endpoint", entry.Endpoint);
        json.WriteString("client", entry.Client);
        json.WriteString("model", entry.Model);
        json.WriteNumber("status", entry.Status);
        json.WriteNumber("prompt_tokens", entry.PromptTokens);
        json.WriteNumber("completion_tokens", entry.CompletionTokens);
        json.WriteNumber("cached_tokens", entry.CachedTokens);
        Seconds(json, "queue_seconds", entry.QueueSeconds);
        Seconds(json, "ttft_seconds", entry.TtftSeconds);
        Seconds(json, "total_seconds", entry.TotalSeconds);
        json.WriteString("finish", entry.Finish);
        if (entry.Error is { } error) json.WriteString("error", error);
        json.WriteEndObject();
    }

    private static void Seconds(Utf8JsonWriter json, string name, double? seconds)
    {
        if (seconds is { } value && double.IsFinite(value)) json.WriteNumber(name, Math.Round(value, 6));
        else json.WriteNull(name);
    }
}
