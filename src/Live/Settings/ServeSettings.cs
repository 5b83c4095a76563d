using Orrery.Documents;
using Orrery.Kernel.Time;

namespace Orrery.Live.Settings;

/// <summary>Where API keys come from; with neither, nobody needs one.</summary>
/// <param name="File">A file with one key per line, <c>name:key</c> or the key alone.</param>
/// <param name="Environment">A variable that holds such lines, or keys joined by commas.</param>
public sealed record KeySettings(string? File = null, string? Environment = null)
{
    /// <summary>Read where nothing else is said.</summary>
    public const string UsualEnvironment = "ORRERY_API_KEYS";
}

/// <summary>A server as data: what <c>orrery serve FILE.yaml</c> reads and flags refine.</summary>
public sealed record ServeSettings
{
    public const string DefaultHost = "127.0.0.1";
    public const int DefaultPort = 8080;

    /// <summary>An address, or localhost.</summary>
    public string Host { get; init; } = DefaultHost;

    /// <summary>0 takes a free one.</summary>
    public int Port { get; init; } = DefaultPort;

    /// <summary>Others than this machine may ask without a key.</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>Host names that requests may carry beside those of the address.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Pages that may ask from a browser, such as https://chat.example.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>What runs here. Empty only beside a gateway.</summary>
    public IReadOnlyList<ModelSettings> Models { get; init; } = [];

    public KeySettings Keys { get; init; } = new();

    public ServeLimits Limits { get; init; } = new();

    /// <summary>Time that running answers get when the server stops.</summary>
    public Duration Drain { get; init; } = Duration.FromSeconds(30);

    /// <summary>A file for the tape of arrivals, decisions and durations; null for none.</summary>
    public string? Record { get; init; }

    /// <summary>How requests go to other engines, still to be read by the gateway; null takes the defaults.</summary>
    public Node? Gateway { get; init; }

    /// <summary>Those engines, still to be read by the gateway; null for none.</summary>
    public Node? Upstreams { get; init; }

    /// <summary>A collector of OpenTelemetry traces (OTLP over HTTP); null traces nothing.</summary>
    public Uri? Traces { get; init; }

    /// <summary>Root of the seeds of requests that name none.</summary>
    public ulong Seed { get; init; }
}
