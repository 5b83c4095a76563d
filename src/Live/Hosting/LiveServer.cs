using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orrery.Kernel;
using Orrery.Live.Api;
using Orrery.Live.Gateway;
using Orrery.Live.Metrics;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Hosting;

/// <summary>What a server works with.</summary>
/// <param name="Host">Models that run here; not disposed of with the server.</param>
/// <param name="Keys">API keys.</param>
/// <param name="Time">Clock of responses, logs and rates.</param>
public sealed record LiveServerParts(ILiveHost Host, KeyRing Keys, TimeProvider Time)
{
    /// <summary>Other engines; null for none.</summary>
    public IUpstreamGateway? Gateway { get; init; }

    /// <summary>Takes what the log says of each request; null writes nothing down.</summary>
    public Action<RequestLog>? Log { get; init; }

    /// <summary>What the HTTP side counts.</summary>
    public HttpMetrics Http { get; init; } = new();

    /// <summary>Joins what <c>/metrics</c> shows; null shows the models and the gateway alone.</summary>
    public MetricsPage? Metrics { get; init; }

    /// <summary>Spans of requests.</summary>
    public RequestTracing Tracing { get; init; } = RequestTracing.Off;
}

/// <summary>The OpenAI-compatible server: Kestrel alone, without a host, configuration files or variables of its own.</summary>
public sealed class LiveServer : IAsyncDisposable
{
    /// <summary>Headers of an API request are few; a megabyte of them is an attack (our choice, d; Kestrel: 32 KiB (b)).</summary>
    private const int HeaderBytes = 16 << 10;

    private const int HeaderCount = 64;

    /// <summary>Below the least rate for this long, a peer is cut off (Kestrel's default, b).</summary>
    private static readonly TimeSpan RateGrace = TimeSpan.FromSeconds(5);

    /// <summary>Time in which answers that were cut off tell their clients (our choice, d).</summary>
    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(2);

    private readonly KestrelServer _server;
    private readonly ILiveHost _host;
    private readonly ServiceState _state;
    private readonly TimeProvider _time;

    private LiveServer(KestrelServer server, ILiveHost host, ServiceState state, TimeProvider time, Uri address, IReadOnlyList<string> models)
    {
        _server = server;
        _host = host;
        _state = state;
        _time = time;
        Address = address;
        Models = models;
    }

    /// <summary>Where it listens, with the port that was taken.</summary>
    public Uri Address { get; }

    /// <summary>What can be asked for.</summary>
    public IReadOnlyList<string> Models { get; }

    /// <summary>Requests under way.</summary>
    public int InFlight => _state.InFlight;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="InputException">The address cannot be used, or others could ask without a key.</exception>
    public static async Task<LiveServer> StartAsync(ServeSettings settings, LiveServerParts parts)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(parts);
        IPAddress address = Resolve(settings.Host);
        bool isLoopback = IPAddress.IsLoopback(address);
        CheckKeys(settings, parts.Keys);
        ServiceState state = new();
        ApiRouter router = new(parts.Host, parts.Gateway, settings.Limits, state, parts.Time, settings.Seed, parts.Metrics);
        ServerApplication application = new(new(settings, parts.Keys, isLoopback), router, state, parts);
        KestrelServerOptions options = OptionsOf(settings.Limits);
        options.Listen(address, settings.Port);
        NullLoggerFactory silence = NullLoggerFactory.Instance;
        var server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), silence), silence);
        try
        {
            await server.StartAsync(application, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or SocketException)
        {
            server.Dispose();
            throw Unusable(settings, failure);
        }
        string bound = server.Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return new(server, parts.Host, state, parts.Time, new(bound), [.. router.Models]);
    }

    /// <exception cref="InputException">Other machines could ask without a key.</exception>
    public static void CheckKeys(ServeSettings settings, KeyRing keys)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(keys);
        if (keys.IsEmpty && !settings.AllowAnonymous && !IPAddress.IsLoopback(Resolve(settings.Host)))
            throw new InputException($"host {settings.Host}: other machines could ask without a key; name a file of API keys, or allow anonymous requests on purpose (--api-key-file FILE, --allow-anonymous)");
    }

    /// <summary>Refuses new requests, lets those under way end, and stops.</summary>
    /// <param name="patience">How long they may take; then their answers fail, and their clients are told.</param>
    /// <param name="force">Cuts them off at once.</param>
    /// <returns>How many did not end in time.</returns>
    public async Task<int> DrainAsync(TimeSpan patience, CancellationToken force = default)
    {
        _state.Drain();
        int cutOff = 0;
        if (!await IsIdleWithinAsync(patience, force).ConfigureAwait(false))
        {
            cutOff = _state.InFlight;
            await _host.EndAnswersAsync().ConfigureAwait(false);
            await IsIdleWithinAsync(LastWords, CancellationToken.None).ConfigureAwait(false);
        }
        await StopAsync(isGentle: true).ConfigureAwait(false);
        return cutOff;
    }

    public async ValueTask DisposeAsync()
    {
        _state.Drain();
        await StopAsync(isGentle: false).ConfigureAwait(false);
        _server.Dispose();
    }

    private async Task<bool> IsIdleWithinAsync(TimeSpan patience, CancellationToken force)
    {
        try
        {
            await _state.Idle.WaitAsync(patience, _time, force).ConfigureAwait(false);
            return true;
        }
        catch (Exception late) when (late is TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    private async Task StopAsync(bool isGentle)
    {
        // The last bytes of responses get a moment to leave; idle connections are closed without one.
        using CancellationTokenSource end = new(isGentle ? TimeSpan.FromSeconds(1) : TimeSpan.Zero, _time);
        await _server.StopAsync(end.Token).ConfigureAwait(false);
    }

    private static KestrelServerOptions OptionsOf(ServeLimits limits)
    {
        KestrelServerOptions options = new() { AddServerHeader = false, AllowSynchronousIO = false };
        MinDataRate? rate = limits.LeastBytesPerSecond == 0 ? null : new(limits.LeastBytesPerSecond, RateGrace);
        KestrelServerLimits kestrel = options.Limits;
        // The API bounds bodies as it reads them. Kestrel's own bound would cut the connection before a client could read why.
        kestrel.MaxRequestBodySize = null;
        kestrel.MaxConcurrentConnections = limits.Connections;
        kestrel.MaxRequestHeadersTotalSize = HeaderBytes;
        kestrel.MaxRequestHeaderCount = HeaderCount;
        kestrel.RequestHeadersTimeout = Positive(limits.HeaderTimeout.Seconds);
        kestrel.KeepAliveTimeout = Positive(limits.KeepAlive.Seconds);
        kestrel.MinRequestBodyDataRate = rate;
        kestrel.MinResponseDataRate = rate;
        return options;
    }

    private static TimeSpan Positive(double seconds) => seconds > 0 ? TimeSpan.FromSeconds(seconds) : Timeout.InfiniteTimeSpan;

    private static IPAddress Resolve(string host)
    {
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return IPAddress.Loopback;
        return IPAddress.TryParse(host, out IPAddress? address)
            ? address
            : throw new InputException($"host '{host}': it is an address such as 127.0.0.1 or 0.0.0.0, or localhost");
    }

    private static InputException Unusable(ServeSettings settings, Exception failure)
    {
        SocketError? error = (failure as SocketException ?? failure.InnerException as SocketException ?? failure.InnerException?.InnerException as SocketException)?.SocketErrorCode;
        if (error == SocketError.AddressAlreadyInUse || failure.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
            return new($"port {settings.Port} of {settings.Host} is in use; take another with --port, or stop the program that has it", failure);
        if (error == SocketError.AccessDenied) return new($"port {settings.Port} needs the rights of an administrator; take one from 1024 on", failure);
        return error == SocketError.AddressNotAvailable
            ? new($"host {settings.Host} is no address of this machine; take 127.0.0.1, or 0.0.0.0 for all", failure)
            : new($"{settings.Host}:{settings.Port} cannot be listened on: {failure.Message.TrimEnd('.')}", failure);
    }
}
