using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Serving.Metrics;
using Orrery.Serving.Sequences;

namespace Orrery.Lab.Runs.Output;

/// <summary>
/// <c>requests.csv</c>: one row per request in the order of departure. Times are seconds since the start of the run (queue: a span);
/// what never happened is empty.
/// </summary>
internal sealed class RequestsCsv : IDisposable
{
    public const string FileName = "requests.csv";

    public const string Header =
        "id,arrival_seconds,first_token_seconds,finish_seconds,prompt_tokens,output_tokens,preemptions,qoe,queue_seconds,replica,cached_tokens,outcome,reason";

    private readonly OutputFile _file;
    private readonly Utf8Rows _rows;
    private readonly QoeRule _qoe;

    public RequestsCsv(string folder, QoeRule qoe)
    {
        _file = new(Path.Combine(folder, FileName));
        _rows = new(_file.Stream);
        _qoe = qoe;
        _file.Stream.Write(System.Text.Encoding.UTF8.GetBytes(Header + "\n"));
    }

    public void Add(Sequence sequence)
    {
        if (sequence.Request.Label is { } label) _rows.Text(label);
        else _rows.Field(sequence.Id);
        _rows.Seconds(sequence.Arrival.Nanoseconds);
        Optional(sequence.FirstToken, Instant.Zero);
        _rows.Seconds(sequence.End.Nanoseconds);
        _rows.Field(sequence.PromptTokens);
        _rows.Field(sequence.GeneratedTokens);
        _rows.Field(sequence.Preemptions);
        if (sequence.Outcome == Outcome.Finished) _rows.Field(sequence.QualityOfExperience(_qoe));
        else _rows.Empty();
        Optional(sequence.FirstScheduled, sequence.Arrival);
        if (sequence.Replica >= 0) _rows.Field(sequence.Replica);
        else _rows.Empty();
        _rows.Field(sequence.CachedTokens);
        _rows.Text(NameOf(sequence.Outcome));
        if (sequence.Reason is { } reason) _rows.Text(reason);
        else _rows.Empty();
        _rows.EndRow();
    }

    public void Finish()
    {
        _rows.Flush();
        _file.Finish();
    }

    public void Dispose() => _file.Dispose();

    private void Optional(Instant at, Instant since)
    {
        if (at.IsNever) _rows.Empty();
        else _rows.Seconds(at.Nanoseconds - since.Nanoseconds);
    }

    internal static string NameOf(Outcome outcome) => outcome switch
    {
        Outcome.Finished => "finished",
        Outcome.Rejected => "rejected",
        Outcome.Cancelled => "cancelled",
        Outcome.TimedOut => "timed-out",
        _ => "live",
    };
}
