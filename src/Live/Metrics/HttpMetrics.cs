using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.CompilerServices;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Metrics;

/// <summary>What the HTTP side of the server does. Safe on any thread; counting takes no lock.</summary>
public sealed class HttpMetrics
{
    /// <summary>Series of each family, so that no client can make the page grow; what comes later counts under <see cref="Other"/>.</summary>
    public const int MostSeries = 256;

    /// <summary>Endpoint or reason where there are too many.</summary>
    public const string Other = "other";

    private static readonly MetricFamily Requests = new(
        "orrery:http_requests_total", MetricKind.Counter, "requests", "endpoint, status", "HTTP requests that were answered, by path and status; 499 when the client left before the end");

    private static readonly MetricFamily InFlight = new("orrery:http_requests_in_flight", MetricKind.Gauge, "requests", "", "HTTP requests being answered now");

    private static readonly MetricFamily Refused = new(
        "orrery:http_requests_refused_total", MetricKind.Counter, "requests", "reason", "HTTP requests turned away before they reached a model, by the limit they met");

    private static readonly MetricFamily BytesIn = new("orrery:http_request_bytes_total", MetricKind.Counter, "bytes", "", "Bytes of request bodies read");

    private static readonly MetricFamily BytesOut = new("orrery:http_response_bytes_total", MetricKind.Counter, "bytes", "", "Bytes of answers written, without headers");

    private readonly ConcurrentDictionary<(string Endpoint, int Status), StrongBox<long>> _requests = new();
    private readonly ConcurrentDictionary<string, StrongBox<long>> _refused = new(StringComparer.Ordinal);
    private long _inFlight;
    private long _bytesIn;
    private long _bytesOut;

    public static IReadOnlyList<MetricFamily> Families { get; } = [Requests, InFlight, Refused, BytesIn, BytesOut];

    /// <summary>Being answered now.</summary>
    public long NowInFlight => Interlocked.Read(ref _inFlight);

    /// <summary>A request came; each has one <see cref="End"/>.</summary>
    public void Begin() => Interlocked.Increment(ref _inFlight);

    /// <param name="endpoint">The route's pattern, never the path as it came: <c>/v1/models/{id}</c>.</param>
    /// <param name="status">What the client got; 499 when it left before the end.</param>
    /// <param name="bytesIn">Of the body, as far as it was read.</param>
    /// <param name="bytesOut">Of the answer.</param>
    public void End(string endpoint, int status, long bytesIn, long bytesOut)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        Interlocked.Decrement(ref _inFlight);
        Interlocked.Add(ref _bytesIn, bytesIn);
        Interlocked.Add(ref _bytesOut, bytesOut);
        if (!_requests.TryGetValue((endpoint, status), out StrongBox<long>? count))
        {
            (string, int) key = _requests.Count < MostSeries ? (endpoint, status) : (Other, 0);
            count = _requests.GetOrAdd(key, static _ => new());
        }
        Interlocked.Increment(ref count.Value);
    }

    /// <summary>A limit turned a request away; its status is counted by <see cref="End"/> as well.</summary>
    /// <param name="reason">One word of a fixed list: <c>queue</c>, <c>tokens</c>, <c>body</c>, <c>key</c> …</param>
    public void Refuse(string reason)
    {
        ArgumentNullException.ThrowIfNull(reason);
        if (!_refused.TryGetValue(reason, out StrongBox<long>? count)) count = _refused.GetOrAdd(_refused.Count < MostSeries ? reason : Other, static _ => new());
        Interlocked.Increment(ref count.Value);
    }

    public void Write(ExpositionText text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text.Begin(Requests);
        foreach (((string endpoint, int status), StrongBox<long> count) in _requests.OrderBy(pair => pair.Key.Endpoint, StringComparer.Ordinal).ThenBy(pair => pair.Key.Status))
            text.Sample(ExpositionText.Labels(("endpoint", endpoint), ("status", status.ToString(CultureInfo.InvariantCulture))), Interlocked.Read(ref count.Value));
        text.Begin(InFlight);
        text.Sample("", NowInFlight);
        text.Begin(Refused);
        foreach ((string reason, StrongBox<long> count) in _refused.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            text.Sample(ExpositionText.Labels(("reason", reason)), Interlocked.Read(ref count.Value));
        text.Begin(BytesIn);
        text.Sample("", Interlocked.Read(ref _bytesIn));
        text.Begin(BytesOut);
        text.Sample("", Interlocked.Read(ref _bytesOut));
    }
}
