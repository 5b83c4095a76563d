using System.IO.Compression;
using System.Text;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;

namespace Orrery.Lab.Runs.Output;

/// <summary>
/// <c>timeline.json.gz</c> for the Perfetto viewer (Trace Event Format): one process per replica, one track per request whose slices
/// nest (the request holds its queue, prefill and decode), and counters of the replica.
/// </summary>
/// <remarks>Requests overlap, and slices of one track must nest: so each request is an asynchronous track of its own.</remarks>
internal sealed class PerfettoTrace : IDisposable
{
    public const string FileName = "timeline.json.gz";

    private const string Category = "request";

    private readonly OutputFile _file;
    private readonly GZipStream _gzip;
    private readonly StreamWriter _text;
    private bool _hasEvents;

    public PerfettoTrace(string folder)
    {
        _file = new(Path.Combine(folder, FileName));
        _gzip = new(_file.Stream, CompressionLevel.Fastest, leaveOpen: true);
        _text = new(_gzip, new UTF8Encoding(false), 1 << 16);
        _text.Write("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
    }

    public void NameReplica(int replica, string name)
    {
        Open();
        _text.Write($"{{\"ph\":\"M\",\"pid\":{replica},\"name\":\"process_name\",\"args\":{{\"name\":{Json(name)}}}}}");
    }

    /// <summary>The slices of a request that left; one that never reached a replica has none.</summary>
    public void Add(Sequence sequence)
    {
        if (sequence.Replica < 0) return;
        string name = sequence.Request.Label is { } label ? Json("request " + label) : $"\"request {sequence.Id}\"";
        Slice(sequence, name, sequence.Arrival, sequence.End);
        Instant scheduled = Instant.Min(sequence.FirstScheduled, sequence.End);
        Instant first = Instant.Min(sequence.FirstToken, sequence.End);
        Slice(sequence, "\"queue\"", sequence.Arrival, scheduled);
        Slice(sequence, "\"prefill\"", scheduled, first);
        Slice(sequence, "\"decode\"", first, sequence.End);
    }

    public void Sample(Replica replica, Instant now)
    {
        Counter(replica.Index, now, "running", replica.RunningRequests);
        Counter(replica.Index, now, "waiting", replica.WaitingRequests);
        Counter(replica.Index, now, "KV blocks", replica.UsedBlocks);
    }

    public void Finish()
    {
        _text.Write("\n]}\n");
        _text.Dispose();
        _gzip.Dispose();
        _file.Finish();
    }

    public void Dispose() => _file.Dispose();

    private void Slice(Sequence sequence, string name, Instant from, Instant to)
    {
        if (to <= from) return;
        Edge('b', sequence, name, from);
        Edge('e', sequence, name, to);
    }

    private void Edge(char phase, Sequence sequence, string name, Instant at)
    {
        Open();
        _text.Write($"{{\"ph\":\"{phase}\",\"cat\":\"{Category}\",\"pid\":{sequence.Replica},\"tid\":0,\"id\":{sequence.Id},\"name\":{name},\"ts\":");
        Time(at);
        _text.Write('}');
    }

    private void Counter(int replica, Instant now, string name, long value)
    {
        Open();
        _text.Write($"{{\"ph\":\"C\",\"pid\":{replica},\"name\":\"{name}\",\"ts\":");
        Time(now);
        _text.Write($",\"args\":{{\"value\":{value}}}}}");
    }

    private void Open()
    {
        _text.Write(_hasEvents ? ",\n" : "\n");
        _hasEvents = true;
    }

    /// <summary>Microseconds with their three decimals.</summary>
    private void Time(Instant at)
    {
        const long perMicrosecond = 1000;
        _text.Write(at.Nanoseconds / perMicrosecond);
        _text.Write('.');
        _text.Write((at.Nanoseconds % perMicrosecond).ToString("000", System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string Json(string text) => System.Text.Json.JsonSerializer.Serialize(text);
}
