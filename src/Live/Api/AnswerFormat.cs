using System.Text.Json;
using Orrery.Engine.Generation;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>How answers look on the wire: chat or plain completions, in events or as one document.</summary>
internal abstract class AnswerFormat(AnswerPlan plan)
{
    protected AnswerPlan Plan { get; } = plan;

    protected abstract ResponseHead EventHead { get; }

    protected abstract ResponseHead DocumentHead { get; }

    /// <summary>The events before the first piece.</summary>
    public abstract void Begin(EventStream events, int answer);

    /// <summary>The events of a piece.</summary>
    public abstract void Write(EventStream events, int answer, in GeneratedPiece piece);

    /// <summary>The events after the last piece of an answer that ended well.</summary>
    public abstract void End(EventStream events, int answer, StreamEnd end);

    /// <summary>Keeps a piece for the document.</summary>
    public abstract void Collect(int answer, in GeneratedPiece piece);

    /// <summary>The choice of an answer, from its opening to its closing brace.</summary>
    protected abstract void WriteChoice(Utf8JsonWriter writer, int answer, StreamEnd end);

    /// <summary>The whole response.</summary>
    public void WriteDocument(Utf8JsonWriter writer, IReadOnlyList<StreamEnd> ends, StreamUsage usage)
    {
        DocumentHead.Write(writer);
        writer.WriteStartArray(JsonNames.Choices);
        for (int answer = 0; answer < ends.Count; answer++) WriteChoice(writer, answer, ends[answer]);
        writer.WriteEndArray();
        ResponseHead.WriteUsage(writer, usage);
        writer.WriteEndObject();
    }

    /// <summary>The event that tells the tokens: it has no choices.</summary>
    public void WriteUsage(EventStream events, StreamUsage usage)
    {
        Utf8JsonWriter writer = events.Open();
        EventHead.Write(writer);
        writer.WriteStartArray(JsonNames.Choices);
        writer.WriteEndArray();
        ResponseHead.WriteUsage(writer, usage);
        writer.WriteEndObject();
        events.Close();
    }

    /// <summary>Opens an event at its only choice.</summary>
    protected Utf8JsonWriter OpenChoice(EventStream events, int answer)
    {
        Utf8JsonWriter writer = events.Open();
        EventHead.Write(writer);
        writer.WriteStartArray(JsonNames.Choices);
        writer.WriteStartObject();
        writer.WriteNumber(JsonNames.Index, answer);
        return writer;
    }

    /// <summary>Ends what <see cref="OpenChoice"/> began.</summary>
    protected void CloseChoice(EventStream events, Utf8JsonWriter writer, string? finish)
    {
        writer.WriteString(JsonNames.FinishReason, finish);
        writer.WriteEndObject();
        writer.WriteEndArray();
        if (Plan.IncludeUsage) writer.WriteNull(JsonNames.Usage);
        writer.WriteEndObject();
        events.Close();
    }

    /// <summary>Whether a piece has a log-probability to tell: the token that ends an answer is no part of it.</summary>
    protected bool HasEntry(in GeneratedPiece piece) =>
        Plan.WantsLogprobs && piece.Token is { } token && (Plan.Common.IgnoresEnd || !Plan.Model.Model.Text.Tokenizer.EndOfGeneration.Contains(token));

    protected static string FinishOf(StreamEnd end) => end == StreamEnd.Length ? "length" : "stop";
}
