using System.Text.Json;
using Orrery.Live.Api;

namespace Orrery.Live.Hosting;

/// <summary>A request that has been answered. Neither prompts nor answers nor keys are in it.</summary>
/// <param name="At">When it ended, UTC.</param>
/// <param name="Id">As in the response.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">Without the query.</param>
/// <param name="Status">HTTP status; 499 where the client left.</param>
public sealed record AccessEntry(DateTimeOffset At, string Id, string Method, string Path, int Status)
{
    public string? Model { get; init; }

    /// <summary>Name of the API key.</summary>
    public string Client { get; init; } = "";

    public int PromptTokens { get; init; }

    public int CachedTokens { get; init; }

    public int CompletionTokens { get; init; }

    /// <summary>From the request to the first piece of an answer.</summary>
    public double? FirstSeconds { get; init; }

    /// <summary>From the request to its end.</summary>
    public double TotalSeconds { get; init; }

    /// <summary>What went wrong, for the operator; null where nothing did.</summary>
    public string? Note { get; init; }
}

/// <summary>Where requests are written down. Called by many threads.</summary>
public interface IAccessLog
{
    void Write(AccessEntry entry);
}

/// <summary>One line of JSON per request.</summary>
/// <param name="output">Owned by the caller.</param>
public sealed class JsonAccessLog(TextWriter output) : IAccessLog
{
    private readonly Lock _lock = new();

    public void Write(AccessEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        using var line = new MemoryStream();
        using (Utf8JsonWriter writer = new(line, JsonNames.Options)) Write(writer, entry);
        lock (_lock)
        {
            output.WriteLine(System.Text.Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length));
            output.Flush();
        }
    }

    private static void Write(Utf8JsonWriter writer, AccessEntry entry)
    {
        writer.WriteStartObject();
        writer.WriteString("at", entry.At);
        writer.WriteString("id", entry.Id);
        writer.WriteString("method", entry.Method);
        writer.WriteString("path", entry.Path);
        writer.WriteNumber("status", entry.Status);
        if (entry.Model is not null) writer.WriteString("model", entry.Model);
        if (entry.Client.Length > 0) writer.WriteString("client", entry.Client);
        if (entry.PromptTokens > 0)
        {
            writer.WriteNumber("promptTokens", entry.PromptTokens);
            writer.WriteNumber("cachedTokens", entry.CachedTokens);
            writer.WriteNumber("completionTokens", entry.CompletionTokens);
        }
        if (entry.FirstSeconds is { } first) writer.WriteNumber("firstSeconds", Math.Round(first, 6));
        writer.WriteNumber("totalSeconds", Math.Round(entry.TotalSeconds, 6));
        if (entry.Note is not null) writer.WriteString("note", entry.Note);
        writer.WriteEndObject();
    }
}
