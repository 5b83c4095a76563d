using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.Serving.Routing;

namespace Orrery.Live.Gateway;

/// <summary>Who goes first when every upstream is full.</summary>
public enum QueueOrder
{
    /// <summary>First come, first served.</summary>
    Fifo,

    /// <summary>The lowest priority number, then first come.</summary>
    Priority,

    /// <summary>The client that was served least (virtual token counters).</summary>
    Fair,
}

/// <summary>How upstreams are asked whether they are well.</summary>
public sealed record HealthSettings
{
    public static readonly OptionSet<HealthSettings> Set = new OptionSet<HealthSettings>()
        .Duration("every", o => o.Every, (o, v) => o with { Every = v }, "time between checks", "our choice (d)")
        .Text("path", o => o.Path, (o, v) => o with { Path = v }, "what is asked; any 2xx answer is well", "vLLM, SGLang and llama-server (b)")
        .Duration("timeout", o => o.Timeout, (o, v) => o with { Timeout = v }, "a later answer counts as none", "our choice (d)")
        .Int("failures", o => o.Failures, (o, v) => o with { Failures = v }, "checks in a row that must fail for the upstream to be down", "our choice (d)");

    public Duration Every { get; init; } = Duration.FromSeconds(5);

    public string Path { get; init; } = "/health";

    public Duration Timeout { get; init; } = Duration.FromSeconds(2);

    public int Failures { get; init; } = 2;
}

/// <summary>When an upstream that fails requests is left alone.</summary>
public sealed record BreakerSettings
{
    public static readonly OptionSet<BreakerSettings> Set = new OptionSet<BreakerSettings>()
        .Int("failures", o => o.Failures, (o, v) => o with { Failures = v }, "requests in a row that must fail", "our choice (d)")
        .Duration("open", o => o.Open, (o, v) => o with { Open = v }, "how long nothing is sent, before one request tries again", "our choice (d)");

    public int Failures { get; init; } = 5;

    public Duration Open { get; init; } = Duration.FromSeconds(10);
}

/// <summary>What one client may ask for; null is no limit.</summary>
public sealed record QuotaSettings
{
    public static readonly OptionSet<QuotaSettings> Set = new OptionSet<QuotaSettings>()
        .OptionalInt("requestsPerMinute", o => o.RequestsPerMinute, (o, v) => o with { RequestsPerMinute = v }, "a bucket of so many, refilled evenly", "our choice (d)")
        .OptionalInt("tokensPerMinute", o => o.TokensPerMinute, (o, v) => o with { TokensPerMinute = v },
            "prompt and output tokens; the output is charged when it is known", "our choice (d)")
        .OptionalInt("concurrent", o => o.Concurrent, (o, v) => o with { Concurrent = v }, "requests at a time, queued ones included", "our choice (d)");

    public int? RequestsPerMinute { get; init; }

    public int? TokensPerMinute { get; init; }

    public int? Concurrent { get; init; }
}

/// <summary>The <c>gateway:</c> and <c>upstreams:</c> keys of a serving file.</summary>
public sealed record GatewaySettings
{
    /// <summary>Metrics that were not read anew for so many periods say nothing any more (our choice, d).</summary>
    private const int StalePeriods = 5;

    /// <summary>The name under which the quota of all clients without one of their own is given.</summary>
    public const string DefaultQuota = "default";

    public static readonly OptionSet<GatewaySettings> Set = new OptionSet<GatewaySettings>()
        .Choice<QueueOrder>("order", o => o.Order, (o, v) => o with { Order = v }, "who goes first when every upstream is full: fifo, priority or fair", "our choice (d)")
        .Int("queue", o => o.Queue, (o, v) => o with { Queue = v }, "requests that may wait; more are refused with 429", "our choice (d)", min: 0)
        .Duration("deadline", o => o.Deadline, (o, v) => o with { Deadline = v }, "longest wait for an upstream; then 503", "our choice (d)")
        .Int("perUpstream", o => o.PerUpstream, (o, v) => o with { PerUpstream = v }, "most requests at an upstream at a time", "our choice (d)")
        .Int("retries", o => o.Retries, (o, v) => o with { Retries = v }, "further attempts while nothing of the answer was sent", "our choice (d)", min: 0)
        .Duration("metricsEvery", o => o.MetricsEvery, (o, v) => o with { MetricsEvery = v }, "time between readings of an upstream's metrics", "our choice (d)")
        .Duration("silence", o => o.Silence, (o, v) => o with { Silence = v }, "an upstream that sends nothing for so long has failed the request", "our choice (d)");

    /// <summary>Chooses among the upstreams that are up and have room.</summary>
    public RouterSpec Router { get; init; } = new LeastLoadedOptions();

    public QueueOrder Order { get; init; } = QueueOrder.Fifo;

    public int Queue { get; init; } = 256;

    public Duration Deadline { get; init; } = Duration.FromSeconds(30);

    public int PerUpstream { get; init; } = 64;

    public int Retries { get; init; } = 2;

    public Duration MetricsEvery { get; init; } = Duration.FromSeconds(1);

    /// <summary>Older figures of an upstream's metrics are left out of its view.</summary>
    public Duration StaleAfter => MetricsEvery * StalePeriods;

    public Duration Silence { get; init; } = Duration.FromMinutes(5);

    public HealthSettings Health { get; init; } = new();

    public BreakerSettings Breaker { get; init; } = new();

    /// <summary>The reader's pace, to which faster streams are held; null sends tokens as they come.</summary>
    public double? PaceTokensPerSecond { get; init; }

    /// <summary>By client's name; <see cref="DefaultQuota"/> is for all others.</summary>
    public IReadOnlyDictionary<string, QuotaSettings> Quotas { get; init; } = new Dictionary<string, QuotaSettings>();

    public IReadOnlyList<UpstreamSettings> Upstreams { get; init; } = [];

    /// <summary>Reads a mapping that has these two keys, <c>gateway:</c> being optional, and no others.</summary>
    /// <exception cref="Kernel.InputException">A mistake, with its place.</exception>
    public static GatewaySettings Read(Node node)
    {
        MapReader map = node.AsMap();
        Node? gateway = map.Optional("gateway");
        Node upstreams = map.Required("upstreams");
        map.Done();
        return Read(gateway, upstreams);
    }

    /// <summary>Reads the values of the two keys, for a file that has others too.</summary>
    /// <param name="environment">Where keys come from; null is the process's environment.</param>
    /// <exception cref="Kernel.InputException">A mistake, with its place.</exception>
    public static GatewaySettings Read(Node? gateway, Node upstreams, Func<string, string?>? environment = null) =>
        GatewayReader.Read(gateway, upstreams, environment ?? Environment.GetEnvironmentVariable);
}
