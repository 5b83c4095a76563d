using System.Text;
using System.Text.Json;

namespace Orrery.Live.Api;

/// <summary>Takes an answer apart into text and calls.</summary>
internal interface IAnswerSink
{
    void Content(string text);

    void CallStart(int index, string name);

    /// <summary>More of the arguments, as JSON text.</summary>
    void CallArguments(int index, string text);
}

/// <summary>Recognises calls of tools in the text of an answer, as it comes.</summary>
/// <remarks>
/// Forms: an answer that is one JSON object with name and arguments (or parameters), or an array of such; and objects between
/// <c>&lt;tool_call&gt;</c> and <c>&lt;/tool_call&gt;</c> within text: what the templates of Llama and Qwen models teach (b). What names no tool on
/// offer, or is not JSON, is text. An answer that had to be a call is one by its grammar, and its arguments come as they are written.
/// </remarks>
internal sealed class ToolCallReader(ToolSet tools)
{
    private const string Opening = "<tool_call>";
    private const string Closing = "</tool_call>";

    private readonly StringBuilder _held = new();
    private readonly ArgumentsReader? _constrained = tools.Choice == ToolChoice.Required ? new() : null;
    private Mode _mode = Mode.Undecided;

    private enum Mode
    {
        /// <summary>Nothing but blanks came.</summary>
        Undecided,

        /// <summary>It may be JSON as a whole, which only its end tells.</summary>
        Whole,

        Text,

        /// <summary>Between the marks of a call.</summary>
        Call,

        /// <summary>One call was wanted and came.</summary>
        Ended,
    }

    /// <summary>Calls so far.</summary>
    public int Calls { get; private set; }

    public void Append(string text, IAnswerSink sink)
    {
        if (_constrained is not null)
        {
            if (_constrained.Append(text, sink)) Calls = 1;
            return;
        }
        if (_mode == Mode.Text && _held.Length == 0 && !text.Contains('<', StringComparison.Ordinal))
        {
            sink.Content(text);
            return;
        }
        _held.Append(text);
        if (_mode == Mode.Undecided)
        {
            ReadOnlySpan<char> begun = _held.ToString().AsSpan().TrimStart();
            if (begun.IsEmpty) return;
            _mode = begun[0] is '{' or '[' ? Mode.Whole : Mode.Text;
        }
        while (_mode is Mode.Text or Mode.Call && Advance(sink))
        {
        }
    }

    /// <summary>The answer has ended: what was held back is a call or text.</summary>
    public void Finish(IAnswerSink sink)
    {
        string rest = _held.ToString();
        _held.Clear();
        if (rest.Length == 0 || _mode == Mode.Ended) return;
        if (_mode is Mode.Whole or Mode.Call && TryCalls(rest, sink)) return;
        sink.Content(_mode == Mode.Call ? Opening + rest : rest);
    }

    /// <summary>Moves past one mark.</summary>
    /// <returns>False where more text is needed.</returns>
    private bool Advance(IAnswerSink sink)
    {
        string text = _held.ToString();
        string mark = _mode == Mode.Text ? Opening : Closing;
        int at = text.IndexOf(mark, StringComparison.Ordinal);
        if (at < 0)
        {
            if (_mode == Mode.Text) Give(text, text.Length - Overlap(text, Opening), sink);
            return false;
        }
        if (_mode == Mode.Text)
        {
            Give(text, at, sink);
            _held.Remove(0, Opening.Length);
            _mode = Mode.Call;
            return true;
        }
        string call = text[..at];
        _held.Remove(0, at + Closing.Length);
        _mode = Mode.Text;
        if (!TryCalls(call, sink)) sink.Content(Opening + call + Closing);
        else if (!tools.IsParallel) _mode = Mode.Ended;
        return true;
    }

    private void Give(string text, int length, IAnswerSink sink)
    {
        if (length == 0) return;
        _held.Remove(0, length);
        string given = text[..length];
        // Blanks between calls are no content.
        if (Calls == 0 || !string.IsNullOrWhiteSpace(given)) sink.Content(given);
    }

    private bool TryCalls(string text, IAnswerSink sink)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            JsonElement root = document.RootElement;
            List<(string Name, string Arguments)> found = [];
            IEnumerable<JsonElement> items = root.ValueKind == JsonValueKind.Array ? root.EnumerateArray() : [root];
            foreach (JsonElement item in items)
            {
                if (CallOf(item) is not { } call) return false;
                found.Add(call);
            }
            foreach ((string name, string arguments) in tools.IsParallel ? found : found.Take(1))
            {
                sink.CallStart(Calls, name);
                sink.CallArguments(Calls, arguments);
                Calls++;
            }
            return found.Count > 0;
        }
        catch (Exception other) when (other is JsonException or InvalidOperationException)
        {
            // Not JSON, or with half characters: then it is text.
            return false;
        }
    }

    private (string Name, string Arguments)? CallOf(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object) return null;
        if (!item.TryGetProperty("name", out JsonElement name) || name.ValueKind != JsonValueKind.String || !tools.Knows(name.GetString()!)) return null;
        if (!item.TryGetProperty("arguments", out JsonElement arguments) && !item.TryGetProperty("parameters", out arguments)) return null;
        return arguments.ValueKind switch
        {
            JsonValueKind.Object => (name.GetString()!, arguments.GetRawText()),
            JsonValueKind.String => (name.GetString()!, arguments.GetString()!),
            _ => null,
        };
    }

    /// <summary>Characters at the end of a text that may begin a mark.</summary>
    private static int Overlap(string text, string mark)
    {
        for (int length = Math.Min(mark.Length - 1, text.Length); length > 0; length--)
            if (mark.StartsWith(text.AsSpan(text.Length - length), StringComparison.Ordinal)) return length;
        return 0;
    }
}
