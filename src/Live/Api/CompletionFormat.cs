using System.Text;
using System.Text.Json;
using Orrery.Engine.Generation;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Answers as <c>text_completion</c> (OpenAI API reference, b).</summary>
internal sealed class CompletionFormat : AnswerFormat
{
    private readonly LogprobWriter _logprobs;
    private readonly StringBuilder?[] _texts;
    private readonly List<GeneratedPiece>?[] _entries;
    private readonly int[] _offsets;

    public CompletionFormat(AnswerPlan plan, string id, long createdUnixSeconds)
        : base(plan)
    {
        EventHead = DocumentHead = new($"cmpl-{id}", plan.Model.Name, "text_completion", createdUnixSeconds);
        _logprobs = new(plan.Model.Model.Text.Tokenizer);
        _texts = new StringBuilder[plan.Answers];
        _entries = new List<GeneratedPiece>[plan.Answers];
        _offsets = new int[plan.Answers];
    }

    protected override ResponseHead EventHead { get; }

    protected override ResponseHead DocumentHead { get; }

    public override void Begin(EventStream events, int answer)
    {
        if (Plan.Echo is { } echo) WriteText(events, answer, echo[answer / Plan.Choices], null, null);
    }

    public override void Write(EventStream events, int answer, in GeneratedPiece piece)
    {
        bool hasEntry = HasEntry(piece);
        if (piece.Text.Length > 0 || hasEntry) WriteText(events, answer, piece.Text, hasEntry ? piece : null, null);
    }

    public override void End(EventStream events, int answer, StreamEnd end) => WriteText(events, answer, "", null, FinishOf(end));

    public override void Collect(int answer, in GeneratedPiece piece)
    {
        (_texts[answer] ??= new()).Append(piece.Text);
        if (HasEntry(piece)) (_entries[answer] ??= []).Add(piece);
    }

    protected override void WriteChoice(Utf8JsonWriter writer, int answer, StreamEnd end)
    {
        writer.WriteStartObject();
        writer.WriteNumber(JsonNames.Index, answer);
        writer.WriteString(JsonNames.Text, Plan.Echo?[answer / Plan.Choices] + _texts[answer]);
        if (Plan.WantsLogprobs) _logprobs.WriteArrays(writer, _entries[answer] ?? [], 0);
        else writer.WriteNull(JsonNames.Logprobs);
        writer.WriteString(JsonNames.FinishReason, FinishOf(end));
        writer.WriteEndObject();
    }

    private void WriteText(EventStream events, int answer, string text, GeneratedPiece? entry, string? finish)
    {
        Utf8JsonWriter writer = OpenChoice(events, answer);
        writer.WriteString(JsonNames.Text, text);
        if (entry is { } piece)
        {
            _logprobs.WriteArrays(writer, [piece], _offsets[answer]);
            _offsets[answer] += _logprobs.LengthOf(piece.Token!.Value);
        }
        else
        {
            writer.WriteNull(JsonNames.Logprobs);
        }
        CloseChoice(events, writer, finish);
    }
}
