using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Gateway;

/// <summary>What has happened since the start, under names of <c>orrery:gateway_</c>. Safe on any thread.</summary>
internal sealed class GatewayMetrics
{
    private static readonly MetricFamily Requests = new("orrery:gateway_requests_total", MetricKind.Counter, "attempts", "upstream, outcome", "Attempts at upstreams by how they ended");
    private static readonly MetricFamily Refused = new("orrery:gateway_refusals_total", MetricKind.Counter, "requests", "code", "Requests that the gateway itself refused or failed, by reason");
    private static readonly MetricFamily Retries = new("orrery:gateway_retries_total", MetricKind.Counter, "attempts", "", "Further attempts after one that failed");
    private static readonly MetricFamily Malformed = new("orrery:gateway_malformed_chunks_total", MetricKind.Counter, "events", "", "Events of streams whose data were no JSON; they were passed on as they came");
    private static readonly MetricFamily FirstChunk = new("orrery:gateway_time_to_first_chunk_seconds", MetricKind.Histogram, "seconds", "", "From a request's arrival to the first event of its stream");

    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Upstream, AttemptEnd End), long> _attempts = [];
    private readonly SortedDictionary<string, long> _refusals = new(StringComparer.Ordinal);
    private readonly BucketHistogram _firstChunks = new(BucketEdges.TimeToFirstToken);
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
        lock (_lock) _firstChunks.Add(wait.Nanoseconds);
    }

    /// <summary>Counts a refusal and gives it back.</summary>
    public Refusal Counted(Refusal refusal)
    {
        lock (_lock) _refusals[refusal.Code] = _refusals.GetValueOrDefault(refusal.Code) + 1;
        return refusal;
    }

    public void Write(ExpositionText text)
    {
        lock (_lock)
        {
            text.Begin(Requests);
            foreach (((string upstream, AttemptEnd end), long count) in _attempts)
                text.Sample(ExpositionText.Labels(("upstream", upstream), ("outcome", ChoiceNames.Of(end))), count);
            text.Begin(Refused);
            foreach ((string code, long count) in _refusals) text.Sample(ExpositionText.Labels(("code", code)), count);
            text.Begin(Retries);
            text.Sample("", Interlocked.Read(ref _retries));
            text.Begin(Malformed);
            text.Sample("", Interlocked.Read(ref _malformed));
            text.Begin(FirstChunk);
            text.Sample("", _firstChunks);
        }
    }
}
