using System.Buffers;
using Orrery.Lab.Results;
using Orrery.Lab.Runs.Output;
using Orrery.Live.Load;
using Orrery.Serving.Metrics;
using Orrery.Traffic.Readers;

namespace Orrery.Cli.Verbs;

/// <summary>The rows that <c>load --out</c> writes while it runs: <c>requests.csv</c>, and <c>traffic.csv</c> where it is asked for.</summary>
internal sealed class LoadFolder : IDisposable
{
    public const string TrafficFile = "traffic.csv";

    private const int FlushBytes = 1 << 16;

    private readonly RequestsCsv _requests;
    private readonly OutputFile? _traffic;
    private readonly ArrayBufferWriter<byte> _rows = new();

    /// <exception cref="Kernel.InputException">The folder cannot be written to.</exception>
    public LoadFolder(string folder, bool recordsTraffic)
    {
        _requests = new(folder, new QoeRule());
        if (!recordsTraffic) return;
        _traffic = new(Path.Combine(folder, TrafficFile));
        TraceWriter.AppendHeader(_rows);
    }

    public void Add(LoadRecord record)
    {
        _requests.Add(new RequestRow
        {
            Request = record.Request,
            FirstToken = record.FirstToken,
            End = record.End,
            PromptTokens = record.PromptTokens,
            OutputTokens = record.OutputTokens,
            Qoe = record.Outcome == LoadOutcome.Finished ? record.Qoe : null,
            // When a server schedules a request is not seen from outside.
            FirstScheduled = Orrery.Kernel.Time.Instant.Never,
            CachedTokens = record.CachedTokens,
            Outcome = NameOf(record.Outcome),
            Reason = record.Reason,
        });
        if (_traffic is null || record.OutputTokens == 0) return;
        TraceWriter.Append(_rows, WatchedTraffic.Copy(record.Request, record.OutputTokens, record.Request.Calls), record.Client.Length > 0 ? record.Client : "0");
        if (_rows.WrittenCount >= FlushBytes) Flush();
    }

    public void Finish()
    {
        _requests.Finish();
        Flush();
        _traffic?.Finish();
    }

    public void Dispose()
    {
        _requests.Dispose();
        _traffic?.Dispose();
    }

    private void Flush()
    {
        _traffic?.Stream.Write(_rows.WrittenSpan);
        _rows.ResetWrittenCount();
    }

    private static string NameOf(LoadOutcome outcome) => outcome switch
    {
        LoadOutcome.TimedOut => "timed-out",
        _ => outcome.ToString().ToLowerInvariant(),
    };
}
