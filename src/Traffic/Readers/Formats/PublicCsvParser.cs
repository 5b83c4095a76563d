namespace Orrery.Traffic.Readers.Formats;

/// <summary>Which columns of a public CSV hold what.</summary>
/// <param name="Time">Column of the arrival; null when the format has none.</param>
/// <param name="TimeOptional">The arrival column may be absent.</param>
/// <param name="Calendar">Arrivals are dates and times rather than seconds.</param>
/// <param name="Prompt">Column of the prompt tokens.</param>
/// <param name="Output">Column of the output tokens.</param>
/// <param name="Client">Column that names the client, null or absent: one client.</param>
internal sealed record PublicLayout(string? Time, bool TimeOptional, bool Calendar, string Prompt, string Output, string? Client)
{
    /// <summary>Azure LLM inference traces 2023 and 2024 (the 2024 stamps carry a zone).</summary>
    internal static PublicLayout Azure { get; } = new("TIMESTAMP", false, true, "ContextTokens", "GeneratedTokens", null);

    /// <summary>BurstGPT: seconds from an arbitrary start; the model named by a row stands for the client.</summary>
    internal static PublicLayout BurstGpt { get; } = new("Timestamp", false, false, "Request tokens", "Response tokens", "Model");

    /// <summary>Vidur's processed traces; the column of arrivals exists in some of them only.</summary>
    internal static PublicLayout Vidur { get; } = new("arrived_at", true, false, "num_prefill_tokens", "num_decode_tokens", null);

    /// <summary>splitwise-sim: <c>application_id</c> stands for the client; type and batch size do not matter here.</summary>
    internal static PublicLayout Splitwise { get; } = new("arrival_timestamp", false, false, "prompt_size", "token_size", "application_id");
}

/// <summary>
/// Public traces in CSV: further columns are ignored. Rows with 0 prompt or output tokens (failed or filtered requests) count as 1
/// token, and are counted:
/// dropping them would change the arrival process, and a request of 0 tokens does not exist.
/// </summary>
internal sealed class PublicCsvParser : ITraceParser
{
    /// <summary>Logs of parallel front ends interleave by a few rows; 4,096 rows are about a minute at 60 requests/s.</summary>
    internal const int DisorderRows = 4096;

    private readonly CsvReader _csv;
    private readonly ClientTable _clients;
    private readonly bool _calendar;
    private readonly int _time;
    private readonly int _prompt;
    private readonly int _output;
    private readonly int _client;

    internal PublicCsvParser(LineReader lines, PublicLayout layout, ClientTable clients)
    {
        _csv = new CsvReader(lines);
        _clients = clients;
        _calendar = layout.Calendar;
        _time = layout.Time is null ? -1 : layout.TimeOptional ? _csv.Find(layout.Time) : _csv.Require(layout.Time);
        _prompt = _csv.Require(layout.Prompt);
        _output = _csv.Require(layout.Output);
        _client = layout.Client is null ? -1 : _csv.Find(layout.Client);
    }

    public bool StartsAtFirstRow => true;

    public int SortWindowRows => HasArrivals ? DisorderRows : 0;

    public bool HasArrivals => _time >= 0;

    public long LiftedRows { get; private set; }

    public string Origin => _csv.Origin;

    public long LineNumber => _csv.LineNumber;

    public bool TryRead(ref TraceRow row)
    {
        if (!_csv.TryRead(out CsvRow csv)) return false;
        row.ArrivalNanoseconds = _time < 0 ? 0 : _calendar ? Timestamp(csv) : csv.Nanoseconds(_time);
        int prompt = csv.Int(_prompt, 0, Limits.MaxTokens);
        int output = csv.Int(_output, 0, Limits.MaxTokens);
        if (prompt == 0 || output == 0) LiftedRows++;
        row.PromptTokens = Math.Max(1, prompt);
        row.OutputTokens = Math.Max(1, output);
        row.Client = _client < 0 ? 0 : _clients.Index(csv[_client]);
        return true;
    }

    public void Dispose() => _csv.Dispose();

    private long Timestamp(CsvRow csv) => Fields.TryTimestamp(Fields.Trim(csv[_time]), out long nanoseconds)
        ? nanoseconds
        : throw csv.Error(_time, $"'{csv.Text(_time)}' is not a date and time such as 2023-11-16 18:17:03.9799600");
}
