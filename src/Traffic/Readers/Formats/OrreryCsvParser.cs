using System.Buffers.Text;
using Orrery.Kernel;
using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Traffic.Readers.Formats;

/// <summary>
/// Orrery's own trace: strict, so that a mistake is found here and not in a strange result. <c>arrival_seconds</c> decides when a
/// request comes; with <c>session</c> and <c>think_seconds</c> it comes no earlier than that and waits for its session (see
/// <see cref="SessionReplay"/>).
/// </summary>
internal sealed class OrreryCsvParser : ITraceParser
{
    internal const string RequiredColumns = "arrival_seconds,prompt_tokens,output_tokens";

    /// <summary>Every column that the format knows; another name is an error with the nearest of these.</summary>
    internal static readonly string[] KnownColumns =
    [
        "arrival_seconds", "prompt_tokens", "output_tokens", "id", "client", "priority", "adapter", "prefix_id", "prefix_tokens", "session", "think_seconds",
        "max_tokens", "slo_ttft_seconds", "slo_tpot_seconds", "timeout_seconds", "cancel_seconds", "calls", "content", "output_id",
    ];

    private readonly CsvReader _csv;
    private readonly ClientTable _clients;
    private readonly Columns _at;

    internal OrreryCsvParser(LineReader lines, ClientTable clients)
    {
        _csv = new CsvReader(lines);
        _clients = clients;
        foreach (string column in _csv.Columns)
        {
            if (!KnownColumns.Contains(column, StringComparer.OrdinalIgnoreCase))
                throw new InputException($"{_csv.Origin}:1: column '{column}' is not known{Names.Suggest(column, KnownColumns)}");
        }
        if (_csv.Columns.GroupBy(c => c, StringComparer.OrdinalIgnoreCase).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InputException($"{_csv.Origin}:1: column '{twice.Key}' occurs twice");
        _at = new Columns(_csv);
        if (_at.PrefixId >= 0 != _at.PrefixTokens >= 0)
            throw new InputException($"{_csv.Origin}:1: columns 'prefix_id' and 'prefix_tokens' go together; one of them is missing");
    }

    public bool StartsAtFirstRow => false;

    public int SortWindowRows => 0;

    public bool HasArrivals => true;

    public bool HasThinkTimes => _at.Think >= 0 && _at.Session >= 0;

    public long LiftedRows => 0;

    public string Origin => _csv.Origin;

    public long LineNumber => _csv.LineNumber;

    public bool TryRead(ref TraceRow row)
    {
        if (!_csv.TryRead(out CsvRow csv)) return false;
        row.ArrivalNanoseconds = csv.Nanoseconds(_at.Arrival);
        row.PromptTokens = csv.Int(_at.Prompt, 1, Limits.MaxTokens);
        row.OutputTokens = csv.Int(_at.Output, 1, Limits.MaxTokens);
        if (_at.OnlyRequired) return true;
        row.Label = csv.IsEmpty(_at.Id) ? null : csv.Text(_at.Id);
        row.Client = _at.Client < 0 ? 0 : _clients.Index(csv[_at.Client]);
        row.Priority = csv.IsEmpty(_at.Priority) ? 0 : csv.Int(_at.Priority, int.MinValue, int.MaxValue);
        row.Adapter = csv.IsEmpty(_at.Adapter) ? -1 : csv.Int(_at.Adapter, -1, int.MaxValue);
        row.Session = csv.IsEmpty(_at.Session) ? -1 : csv.Long(_at.Session, -1, long.MaxValue);
        row.MaxTokens = csv.IsEmpty(_at.MaxTokens) ? 0 : csv.Int(_at.MaxTokens, 0, Limits.MaxTokens);
        row.TtftLimit = Optional(csv, _at.SloTtft, Duration.Zero);
        row.TpotLimit = Optional(csv, _at.SloTpot, Duration.Zero);
        row.Timeout = Optional(csv, _at.Timeout, Duration.Infinite);
        row.CancelAfter = Optional(csv, _at.Cancel, Duration.Infinite);
        row.ThinkNanoseconds = csv.IsEmpty(_at.Think) ? 0 : csv.Nanoseconds(_at.Think);
        row.OutputContentId = csv.IsEmpty(_at.OutputId) ? 0 : Identity(csv[_at.OutputId]);
        row.Calls = csv.IsEmpty(_at.Calls) ? null : ListFields.Calls(csv, _at.Calls, row.OutputTokens);
        row.Content = Content(csv, row.PromptTokens);
        return true;
    }

    public void Dispose() => _csv.Dispose();

    /// <summary>A number stands for itself; any other text for its FNV-1a hash.</summary>
    internal static ulong Identity(ReadOnlySpan<byte> text)
    {
        if (Utf8Parser.TryParse(text, out ulong number, out int used) && used == text.Length) return number;
        ulong hash = 0xCBF29CE484222325UL;
        foreach (byte b in text) hash = (hash ^ b) * 0x100000001B3UL;
        return hash;
    }

    private static Duration Optional(CsvRow csv, int column, Duration absent) =>
        csv.IsEmpty(column) ? absent : Duration.FromNanoseconds(csv.Nanoseconds(column));

    private TokenSpan[]? Content(CsvRow csv, int promptTokens)
    {
        if (!csv.IsEmpty(_at.Content))
        {
            if (!csv.IsEmpty(_at.PrefixId)) throw csv.Error(_at.Content, "a row has either 'content' or 'prefix_id', not both");
            return ListFields.Spans(csv, _at.Content, promptTokens);
        }
        if (csv.IsEmpty(_at.PrefixId))
        {
            if (!csv.IsEmpty(_at.PrefixTokens) && csv.Int(_at.PrefixTokens, 0, Limits.MaxTokens) > 0)
                throw csv.Error(_at.PrefixId, "'prefix_tokens' is given, so an identity is needed");
            return null;
        }
        if (csv.IsEmpty(_at.PrefixTokens))
            throw csv.Error(_at.PrefixTokens, "'prefix_id' is given, so the length of the shared prefix is needed");
        int tokens = csv.Int(_at.PrefixTokens, 0, promptTokens);
        return tokens == 0 ? null : [new TokenSpan(Identity(csv[_at.PrefixId]), tokens)];
    }

    private sealed class Columns(CsvReader csv)
    {
        internal int Arrival { get; } = csv.Require("arrival_seconds");
        internal int Prompt { get; } = csv.Require("prompt_tokens");
        internal int Output { get; } = csv.Require("output_tokens");
        internal int Id { get; } = csv.Find("id");
        internal int Client { get; } = csv.Find("client");
        internal int Priority { get; } = csv.Find("priority");
        internal int Adapter { get; } = csv.Find("adapter");
        internal int PrefixId { get; } = csv.Find("prefix_id");
        internal int PrefixTokens { get; } = csv.Find("prefix_tokens");
        internal int Session { get; } = csv.Find("session");
        internal int Think { get; } = csv.Find("think_seconds");
        internal int MaxTokens { get; } = csv.Find("max_tokens");
        internal int SloTtft { get; } = csv.Find("slo_ttft_seconds");
        internal int SloTpot { get; } = csv.Find("slo_tpot_seconds");
        internal int Timeout { get; } = csv.Find("timeout_seconds");
        internal int Cancel { get; } = csv.Find("cancel_seconds");
        internal int Calls { get; } = csv.Find("calls");
        internal int Content { get; } = csv.Find("content");
        internal int OutputId { get; } = csv.Find("output_id");
        internal bool OnlyRequired { get; } = csv.Columns.Count == 3;
    }
}
