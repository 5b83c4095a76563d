using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Serving.Metrics;
using Orrery.Serving.Sequences;
using Orrery.Traffic.Requests;

namespace Orrery.Lab.Runs.Output;

/// <summary>
/// <c>requests.csv</c>: one row per request in the order of departure. Times are seconds since the start of the run (queue: a span);
/// what never happened is empty.
/// </summary>
public sealed class RequestsCsv : IDisposable
{
    public const string FileName = "requests.csv";

    public const string Header =
        "id,arrival_seconds,first_token_seconds,finish_seconds,prompt_tokens,output_tokens,preemptions,qoe,queue_seconds,replica,cached_tokens,outcome,reason";

    private readonly OutputFile _file;
    private readonly Utf8Rows _rows;
    private readonly QoeRule _qoe;

    /// <param name="folder">Made when missing.</param>
    /// <param name="qoe">How the QoE of sequences is made.</param>
    /// <exception cref="Kernel.InputException">The folder cannot be written to.</exception>
    public RequestsCsv(string folder, QoeRule qoe)
    {
        _file = new(Path.Combine(folder, FileName));
        _rows = new(_file.Stream);
        _qoe = qoe;
        _file.Stream.Write(System.Text.Encoding.UTF8.GetBytes(Header + "\n"));
    }

    internal void Add(Sequence sequence) => Add(new RequestRow
    {
        Request = sequence.Request,
        FirstToken = sequence.FirstToken,
        End = sequence.End,
        PromptTokens = sequence.PromptTokens,
        OutputTokens = sequence.GeneratedTokens,
        Preemptions = sequence.Preemptions,
        Qoe = sequence.Outcome == Outcome.Finished ? sequence.QualityOfExperience(_qoe) : null,
        FirstScheduled = sequence.FirstScheduled,
        Replica = sequence.Replica >= 0 ? sequence.Replica : null,
        CachedTokens = sequence.CachedTokens,
        Outcome = NameOf(sequence.Outcome),
        Reason = sequence.Reason,
    });

    public void Add(in RequestRow row)
    {
        if (row.Request.Label is { } label) _rows.Text(label);
        else _rows.Field(row.Request.Id);
        _rows.Seconds(row.Request.Arrival.Nanoseconds);
        Optional(row.FirstToken, Instant.Zero);
        _rows.Seconds(row.End.Nanoseconds);
        _rows.Field(row.PromptTokens);
        _rows.Field(row.OutputTokens);
        Optional(row.Preemptions);
        if (row.Qoe is { } qoe) _rows.Field(qoe);
        else _rows.Empty();
        Optional(row.FirstScheduled, row.Request.Arrival);
        Optional(row.Replica);
        Optional(row.CachedTokens);
        _rows.Text(row.Outcome);
        if (row.Reason is { } reason) _rows.Text(reason);
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

    private void Optional(int? value)
    {
        if (value is { } known) _rows.Field(known);
        else _rows.Empty();
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

/// <summary>One request that has left; what is not known is null, what never happened <see cref="Instant.Never"/>.</summary>
public readonly record struct RequestRow
{
    /// <summary>Its name and arrival.</summary>
    public required Request Request { get; init; }

    public required Instant FirstToken { get; init; }

    public required Instant End { get; init; }

    public required int PromptTokens { get; init; }

    public required int OutputTokens { get; init; }

    public int? Preemptions { get; init; }

    /// <summary>Of finished requests.</summary>
    public double? Qoe { get; init; }

    public required Instant FirstScheduled { get; init; }

    public int? Replica { get; init; }

    public int? CachedTokens { get; init; }

    /// <summary>Such as <c>finished</c> or <c>timed-out</c>.</summary>
    public required string Outcome { get; init; }

    public string? Reason { get; init; }
}
