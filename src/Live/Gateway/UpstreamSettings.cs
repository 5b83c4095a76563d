namespace Orrery.Live.Gateway;

/// <summary>An upstream's API key. Its text never reaches a log or a message.</summary>
public sealed class UpstreamKey(string text)
{
    public override string ToString() => "(key)";

    /// <summary>The value of the Authorization header.</summary>
    internal string Bearer() => "Bearer " + text;
}

/// <summary>One engine behind the gateway: an entry of <c>upstreams:</c>.</summary>
public sealed record UpstreamSettings
{
    /// <summary>What metrics and state call it.</summary>
    public required string Name { get; init; }

    /// <summary>Where it listens; paths such as <c>/v1/models</c> are appended.</summary>
    public required Uri Url { get; init; }

    /// <summary>What it serves, by its own names; null asks it at <c>/v1/models</c>.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Its own name of each model that clients know by another.</summary>
    public IReadOnlyDictionary<string, string> Aliases { get; init; } = new Dictionary<string, string>();

    /// <summary>Sent in place of the client's key; null sends none.</summary>
    public UpstreamKey? Key { get; init; }

    /// <summary>Its loads are divided by this before routers compare them.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Overrides the gateway's health path.</summary>
    public string? HealthPath { get; init; }

    /// <summary>Where its Prometheus metrics are; an engine without them is known by what was sent to it.</summary>
    public string MetricsPath { get; init; } = "/metrics";
}
