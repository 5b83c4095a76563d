using System.Text.Json;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Live.Designs;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tapes;

/// <summary>What a line of a tape says.</summary>
internal enum TapeLineKind
{
    /// <summary>Something ran and left no other line, or a second batch of the same instant begins.</summary>
    Tick,
    Start,
    Arrive,
    Cancel,
    End,
    Plan,
    Left,

    /// <summary>The recording process ended in order.</summary>
    Stop,
}

/// <param name="Number">Line in the file, from 1.</param>
/// <param name="Kind">What it says.</param>
/// <param name="At">When; zero for <see cref="TapeLineKind.Start"/>.</param>
/// <param name="Model">Which model.</param>
internal sealed record TapeLine(int Number, TapeLineKind Kind, Instant At, int Model)
{
    public LiveDesign? Design { get; init; }

    public Request? Request { get; init; }

    /// <summary>The request that is cancelled.</summary>
    public long Id { get; init; }

    public Outcome Outcome { get; init; }

    /// <summary>Pairs of a request and its tokens.</summary>
    public IReadOnlyDictionary<long, int> Accepted { get; init; } = Nothing;

    /// <inheritdoc cref="Accepted"/>
    public IReadOnlyDictionary<long, int> Final { get; init; } = Nothing;

    /// <summary>A decision or a departure as it stands there.</summary>
    public string Text { get; init; } = "";

    public IReadOnlySet<long> Proposed { get; init; } = Nobody;

    private static readonly Dictionary<long, int> Nothing = [];
    private static readonly HashSet<long> Nobody = [];
}

/// <summary>Reads a tape line by line: bounded memory for any length.</summary>
internal sealed class TapeReader(string path)
{
    /// <summary>True until the tape's own end was read: a process that was killed leaves none.</summary>
    public bool IsCut { get; private set; } = true;

    /// <exception cref="InputException">Not a tape, or a line that cannot be.</exception>
    public IEnumerable<TapeLine> Lines()
    {
        using StreamReader reader = InputFile.OpenText(path);
        if (reader.ReadLine() is not { } header || !IsHeader(header))
            throw new InputException($"{path} line 1: this is not a tape; make one with 'orrery serve --record FILE'");
        int number = 1;
        for (string? line = reader.ReadLine(), next; line is not null; line = next)
        {
            next = reader.ReadLine();
            number++;
            if (line.Length == 0) continue;
            if (next is null && !IsWhole(line)) yield break;
            TapeLine parsed = Parse(line, number);
            if (parsed.Kind == TapeLineKind.Stop)
            {
                IsCut = false;
                yield break;
            }
            yield return parsed;
        }
    }

    private static bool IsHeader(string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty("schema", out JsonElement schema) && schema.ValueEquals(TapeFormat.Schema);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>False for the beginning of a line: its writer was killed.</summary>
    private static bool IsWhole(string line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private TapeLine Parse(string line, int number)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return Interpret(json.RootElement, number);
        }
        catch (Exception broken) when (broken is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or OverflowException or ArgumentException)
        {
            throw new InputException($"{path} line {number}: this is no line of a tape ({broken.Message.Split('\n')[0].TrimEnd('.')}); make the tape anew", broken);
        }
    }

    private TapeLine Interpret(JsonElement root, int number)
    {
        int model = root.TryGetProperty("m", out JsonElement m) ? m.GetInt32() : -1;
        if (root.TryGetProperty("start", out JsonElement start))
            return new(number, TapeLineKind.Start, Instant.Zero, model) { Design = TapeFormat.Read(Document.Parse(start.GetString()!, $"{path} line {number}")) };
        Instant at = Instant.FromNanoseconds(root.GetProperty("t").GetInt64());
        if (root.TryGetProperty("arrive", out JsonElement arrive)) return new(number, TapeLineKind.Arrive, at, model) { Request = ReadRequest(arrive, at) };
        if (root.TryGetProperty("cancel", out JsonElement cancel))
            return new(number, TapeLineKind.Cancel, at, model) { Id = cancel.GetInt64(), Outcome = ChoiceNames.Parse<Outcome>(root.GetProperty("as").GetString()!) };
        if (root.TryGetProperty("end", out JsonElement end)) return new(number, TapeLineKind.End, at, model) { Accepted = Pairs(end, "accepted"), Final = Pairs(end, "final") };
        if (root.TryGetProperty("plan", out JsonElement plan)) return new(number, TapeLineKind.Plan, at, model) { Text = plan.GetRawText(), Proposed = Ids(plan, "proposed") };
        if (root.TryGetProperty("left", out JsonElement left)) return new(number, TapeLineKind.Left, at, model) { Text = left.GetRawText(), Id = left.GetProperty("id").GetInt64() };
        return new(number, root.TryGetProperty("stop", out _) ? TapeLineKind.Stop : TapeLineKind.Tick, at, model);
    }

    private static Request ReadRequest(JsonElement arrive, Instant at)
    {
        return new()
        {
            Id = arrive.GetProperty("id").GetInt64(),
            Arrival = at,
            PromptTokens = arrive.GetProperty("prompt").GetInt32(),
            OutputTokens = arrive.GetProperty("output").GetInt32(),
            MaxTokens = Whole(arrive, "max", 0),
            Client = Whole(arrive, "client", 0),
            Priority = Whole(arrive, "priority", 0),
            Adapter = Whole(arrive, "adapter", -1),
            Timeout = arrive.TryGetProperty("timeout", out JsonElement timeout) ? Duration.FromNanoseconds(timeout.GetInt64()) : Duration.Infinite,
            Content = arrive.TryGetProperty("content", out JsonElement content) ? Spans(content) : null,
            Calls = arrive.TryGetProperty("calls", out JsonElement calls) ? Calls(calls) : null,
        };
    }

    private static TokenSpan[] Spans(JsonElement flat)
    {
        TokenSpan[] spans = new TokenSpan[flat.GetArrayLength() / 2];
        for (int i = 0; i < spans.Length; i++) spans[i] = new(flat[2 * i].GetUInt64(), flat[(2 * i) + 1].GetInt32());
        return spans;
    }

    private static ToolCall[] Calls(JsonElement flat)
    {
        ToolCall[] calls = new ToolCall[flat.GetArrayLength() / 3];
        for (int i = 0; i < calls.Length; i++) calls[i] = new(flat[3 * i].GetInt32(), Duration.FromNanoseconds(flat[(3 * i) + 1].GetInt64()), flat[(3 * i) + 2].GetInt32());
        return calls;
    }

    private static int Whole(JsonElement map, string key, int usual) => map.TryGetProperty(key, out JsonElement value) ? value.GetInt32() : usual;

    private static Dictionary<long, int> Pairs(JsonElement map, string key)
    {
        Dictionary<long, int> pairs = [];
        if (!map.TryGetProperty(key, out JsonElement flat)) return pairs;
        for (int i = 0; i + 1 < flat.GetArrayLength(); i += 2) pairs[flat[i].GetInt64()] = flat[i + 1].GetInt32();
        return pairs;
    }

    private static HashSet<long> Ids(JsonElement map, string key) =>
        map.TryGetProperty(key, out JsonElement flat) ? [.. flat.EnumerateArray().Select(id => id.GetInt64())] : [];
}
