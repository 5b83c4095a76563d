using System.Globalization;
using System.Text;
using System.Text.Json;
using Orrery.Engine.Generation;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Answers as <c>chat.completion</c> and <c>chat.completion.chunk</c> (OpenAI API reference, b).</summary>
internal sealed class ChatFormat : AnswerFormat
{
    private readonly string _id;
    private readonly LogprobWriter _logprobs;
    private readonly Choice[] _choices;

    public ChatFormat(AnswerPlan plan, string id, long createdUnixSeconds)
        : base(plan)
    {
        _id = id;
        string name = $"chatcmpl-{id}";
        EventHead = new(name, plan.Model.Name, "chat.completion.chunk", createdUnixSeconds);
        DocumentHead = new(name, plan.Model.Name, "chat.completion", createdUnixSeconds);
        _logprobs = new(plan.Model.Model.Text.Tokenizer);
        _choices = new Choice[plan.Answers];
        for (int i = 0; i < _choices.Length; i++) _choices[i] = new(this, i);
    }

    protected override ResponseHead EventHead { get; }

    protected override ResponseHead DocumentHead { get; }

    public override void Begin(EventStream events, int answer)
    {
        Utf8JsonWriter writer = OpenChoice(events, answer);
        writer.WriteStartObject(JsonNames.Delta);
        writer.WriteString(JsonNames.Role, JsonNames.Assistant);
        writer.WriteString(JsonNames.Content, "");
        writer.WriteEndObject();
        writer.WriteNull(JsonNames.Logprobs);
        CloseChoice(events, writer, null);
    }

    public override void Write(EventStream events, int answer, in GeneratedPiece piece) => _choices[answer].Take(piece, events);

    public override void Collect(int answer, in GeneratedPiece piece) => _choices[answer].Take(piece, null);

    public override void End(EventStream events, int answer, StreamEnd end)
    {
        Choice choice = _choices[answer];
        choice.Finish(events);
        Utf8JsonWriter writer = OpenChoice(events, answer);
        writer.WriteStartObject(JsonNames.Delta);
        writer.WriteEndObject();
        writer.WriteNull(JsonNames.Logprobs);
        CloseChoice(events, writer, choice.FinishReason(end));
    }

    protected override void WriteChoice(Utf8JsonWriter writer, int answer, StreamEnd end)
    {
        _choices[answer].Finish(null);
        _choices[answer].Write(writer, end);
    }

    /// <summary>One answer: text and calls, written as they come or kept for the document.</summary>
    private sealed class Choice(ChatFormat format, int index) : IAnswerSink
    {
        private readonly ToolCallReader? _reader = format.Plan.Tools is { } tools ? new(tools) : null;
        private readonly StringBuilder _content = new();
        private readonly List<(string Name, StringBuilder Arguments)> _calls = [];
        private readonly List<GeneratedPiece> _entries = [];
        private EventStream? _events;
        private GeneratedPiece? _entry;

        public void Take(in GeneratedPiece piece, EventStream? events)
        {
            _events = events;
            if (format.HasEntry(piece)) _entry = piece;
            if (_reader is null) Content(piece.Text);
            else _reader.Append(piece.Text, this);
            // A token without text still has its log-probability.
            if (_entry is not null) Content("");
        }

        public void Finish(EventStream? events)
        {
            _events = events;
            _reader?.Finish(this);
        }

        public string FinishReason(StreamEnd end) => _reader is { Calls: > 0 } && end == StreamEnd.Stop ? "tool_calls" : FinishOf(end);

        public void Content(string text)
        {
            if (_events is null)
            {
                _content.Append(text);
                if (_entry is { } entry) _entries.Add(entry);
                _entry = null;
                return;
            }
            if (text.Length == 0 && _entry is null) return;
            Utf8JsonWriter writer = format.OpenChoice(_events, index);
            writer.WriteStartObject(JsonNames.Delta);
            writer.WriteString(JsonNames.Content, text);
            writer.WriteEndObject();
            WriteEntry(writer);
            format.CloseChoice(_events, writer, null);
        }

        public void CallStart(int call, string name)
        {
            if (_events is null)
            {
                _calls.Add((name, new()));
                return;
            }
            Utf8JsonWriter writer = OpenCall(call);
            writer.WriteString(JsonNames.Id, CallId(call));
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", name);
            writer.WriteString("arguments", "");
            CloseCall(writer);
        }

        public void CallArguments(int call, string text)
        {
            if (_events is null)
            {
                _calls[call].Arguments.Append(text);
                return;
            }
            Utf8JsonWriter writer = OpenCall(call);
            writer.WriteStartObject("function");
            writer.WriteString("arguments", text);
            CloseCall(writer);
        }

        public void Write(Utf8JsonWriter writer, StreamEnd end)
        {
            writer.WriteStartObject();
            writer.WriteNumber(JsonNames.Index, index);
            writer.WriteStartObject("message");
            writer.WriteString(JsonNames.Role, JsonNames.Assistant);
            writer.WriteString(JsonNames.Content, _content.Length == 0 && _calls.Count > 0 ? null : _content.ToString());
            writer.WriteNull("refusal");
            if (_calls.Count > 0) WriteCalls(writer);
            writer.WriteEndObject();
            if (format.Plan.WantsLogprobs) WriteEntries(writer, _entries);
            else writer.WriteNull(JsonNames.Logprobs);
            writer.WriteString(JsonNames.FinishReason, FinishReason(end));
            writer.WriteEndObject();
        }

        private void WriteCalls(Utf8JsonWriter writer)
        {
            writer.WriteStartArray("tool_calls");
            for (int call = 0; call < _calls.Count; call++)
            {
                writer.WriteStartObject();
                writer.WriteString(JsonNames.Id, CallId(call));
                writer.WriteString("type", "function");
                writer.WriteStartObject("function");
                writer.WriteString("name", _calls[call].Name);
                writer.WriteString("arguments", _calls[call].Arguments.ToString());
                writer.WriteEndObject();
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
        }

        private Utf8JsonWriter OpenCall(int call)
        {
            Utf8JsonWriter writer = format.OpenChoice(_events!, index);
            writer.WriteStartObject(JsonNames.Delta);
            writer.WriteStartArray("tool_calls");
            writer.WriteStartObject();
            writer.WriteNumber(JsonNames.Index, call);
            return writer;
        }

        private void CloseCall(Utf8JsonWriter writer)
        {
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
            writer.WriteEndObject();
            WriteEntry(writer);
            format.CloseChoice(_events!, writer, null);
        }

        private void WriteEntry(Utf8JsonWriter writer)
        {
            if (_entry is { } entry) WriteEntries(writer, [entry]);
            else writer.WriteNull(JsonNames.Logprobs);
            _entry = null;
        }

        private void WriteEntries(Utf8JsonWriter writer, IReadOnlyList<GeneratedPiece> entries)
        {
            writer.WriteStartObject(JsonNames.Logprobs);
            writer.WriteStartArray(JsonNames.Content);
            foreach (GeneratedPiece entry in entries) format._logprobs.WriteEntry(writer, entry);
            writer.WriteEndArray();
            writer.WriteNull("refusal");
            writer.WriteEndObject();
        }

        private string CallId(int call) => string.Create(CultureInfo.InvariantCulture, $"call_{format._id}_{index}_{call}");
    }
}
