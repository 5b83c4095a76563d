using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

/// <summary>What has happened since the start, under names of <c>orrery:gateway_</c>. Safe on any thread.</summary>
internal sealed class GatewayMetrics
{
    private const string Requests = "orrery:gateway_requests_total";
    private const string Refused = "orrery:gateway_refusals_total";
    private const string Retries = "orrery:gateway_retries_total";
    private const string Malformed = "orrery:gateway_malformed_chunks_total";
    private const string FirstChunk = "orrery:gateway_time_to_first_chunk_seconds";

    /// <summary>Upper edges in seconds: those of vLLM's time to first token (b).</summary>
    private static readonly double[] Edges =
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];

    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Upstream, AttemptEnd End), long> _attempts = [];
    private readonly SortedDictionary<string, long> _refusals = new(StringComparer.Ordinal);
    private readonly long[] _firstChunks = new long[Edges.Length + 1];
    private double _firstChunkSeconds;
    private long _retries;
    private long _malformed;

    public void CountAttempt(string upstream, AttemptEnd end)
    {
        lock (_lock) _attempts[(upstream, end)] = _attempts.GetValueOrDefault((upstream, end)) + 1;
    }

    public void CountRetry() => Interlocked.Increment(ref _retries);

    public void CountMalformed() => Interlocked.Increment(ref _malformed);

    public void CountFirstChunk(Duration wait)
    {
        int bucket = Array.FindIndex(Edges, edge => wait.Seconds <= edge);
        lock (_lock)
        {
            _firstChunks[bucket < 0 ? Edges.Length : bucket]++;
            _firstChunkSeconds += wait.Seconds;
        }
    }

    /// <summary>Counts a refusal and gives it back.</summary>
    public Refusal Counted(Refusal refusal)
    {
        lock (_lock) _refusals[refusal.Code] = _refusals.GetValueOrDefault(refusal.Code) + 1;
        return refusal;
    }

    public void Write(MetricsText text)
    {
        lock (_lock)
        {
            text.Family(Requests, "counter", "Attempts at upstreams by how they ended.");
            foreach (((string upstream, AttemptEnd end), long count) in _attempts)
                text.Value(Requests, count, ("upstream", upstream), ("outcome", ChoiceNames.Of(end)));
            text.Family(Refused, "counter", "Requests that the gateway itself refused or failed, by reason.");
            foreach ((string code, long count) in _refusals) text.Value(Refused, count, ("code", code));
            text.Family(Retries, "counter", "Further attempts after one that failed.");
            text.Value(Retries, Interlocked.Read(ref _retries));
            text.Family(Malformed, "counter", "Events of streams whose data were no JSON; they were passed on as they came.");
            text.Value(Malformed, Interlocked.Read(ref _malformed));
            text.Family(FirstChunk, "histogram", "From a request's arrival to the first event of its stream.");
            long sum = 0;
            for (int i = 0; i < Edges.Length; i++)
                text.Value(FirstChunk + "_bucket", sum += _firstChunks[i], ("le", Edges[i].ToString(CultureInfo.InvariantCulture)));
            text.Value(FirstChunk + "_bucket", sum += _firstChunks[^1], ("le", "+Inf"));
            text.Value(FirstChunk + "_sum", _firstChunkSeconds);
            text.Value(FirstChunk + "_count", sum);
        }
    }
}
