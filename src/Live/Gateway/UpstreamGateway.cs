using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Serving.Exposition;

namespace Orrery.Live.Gateway;

/// <summary>
/// The gateway: queue, router, retries and relay over a set of upstreams. An answer that has begun is never retried and never doubled; each
/// attempt is over, its connection closed, before the next begins.
/// </summary>
public sealed class UpstreamGateway : IUpstreamGateway, IAsyncDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(5);

    private readonly GatewaySettings _settings;
    private readonly HttpMessageInvoker _http;
    private readonly GatewayMetrics _metrics = new();
    private readonly Dispatcher _dispatcher;
    private readonly Quotas _quotas;
    private readonly UpstreamCall _call;
    private readonly UpstreamWatch _watch;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationToken _stopped;
    private Task _watching = Task.CompletedTask;
    private int _disposed;

    /// <param name="settings">What is behind it.</param>
    /// <param name="handler">Makes the connections, and is disposed with the gateway; see <see cref="CreateHandler"/>.</param>
    /// <param name="time">For all waits and ages.</param>
    /// <param name="seed">Key of the routers' random choices.</param>
    public UpstreamGateway(GatewaySettings settings, HttpMessageHandler handler, TimeProvider time, ulong seed = 0)
    {
        _settings = settings;
        _http = new(handler);
        _dispatcher = new(settings, time, _metrics, seed);
        _quotas = new(settings, _metrics);
        _call = new(_http, settings, time, _dispatcher, _metrics);
        _watch = new(_http, settings, time, _dispatcher);
        _stopped = _stopping.Token;
    }

    public IReadOnlyList<string> Models => _dispatcher.Models();

    /// <summary>Connections that follow no redirect, keep no cookies, use no proxy, and close as soon as an answer is not wanted.</summary>
    public static HttpMessageHandler CreateHandler() => new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectTimeout = ConnectTimeout,
        PooledConnectionLifetime = ConnectionLifetime,
        MaxResponseDrainSize = 0,
    };

    /// <summary>Begins to check upstreams and to read their metrics, until it is disposed.</summary>
    public void Start() => _watching = _watch.RunAsync(_stopped);

    /// <summary>Checks every upstream once, now: when it returns, models are known and the view is fresh.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => Task.WhenAll(
        _dispatcher.Upstreams.SelectMany(upstream => (Task[])[_watch.CheckAsync(upstream, cancellation), _watch.ReadMetricsAsync(upstream, cancellation)]));

    public bool Serves(string model) => _dispatcher.Serves(model);

    public async Task ForwardAsync(HttpContext context, GatewayRequest request)
    {
        RequestOutline outline = RequestOutline.Read(request.Body.Span);
        if (_quotas.Enter(request.Client, outline.PromptTokens, _dispatcher.Now) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }
        Ticket ticket = _dispatcher.Open(request, outline);
        AnswerUsage usage = new();
        try
        {
            if (await AttemptAsync(context, request, ticket, usage) is { } failure) await failure.WriteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has left: there is nobody to answer.
        }
        finally
        {
            long used = _dispatcher.Settle(ticket, usage.IsServed, usage.PromptTokens, usage.OutputTokens);
            _quotas.Leave(request.Client, outline.PromptTokens, used);
        }
    }

    public string Metrics()
    {
        ExpositionText text = new();
        _metrics.Write(text);
        _dispatcher.WriteMetrics(text);
        return text.ToString();
    }

    public void WriteState(Utf8JsonWriter writer) => _dispatcher.WriteState(writer);

    /// <summary>Refuses what waits, cuts what is under way with an error, and stops the checks.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stopping.CancelAsync();
        _dispatcher.RefuseAll();
        await _watching;
        _http.Dispose();
        _stopping.Dispose();
    }

    /// <summary>Tries upstreams until one has answered. What is given back is left to tell the client.</summary>
    private async Task<Refusal?> AttemptAsync(HttpContext context, GatewayRequest request, Ticket ticket, AnswerUsage usage)
    {
        Refusal? last = null;
        for (int attempt = 0; ; attempt++)
        {
            if (_stopped.IsCancellationRequested) return _metrics.Counted(Refusals.Stopping);
            Placement placement = await _dispatcher.PlaceAsync(ticket, context.RequestAborted);
            // Where nothing is up any more, how it came to that says more.
            if (placement.Refusal is { } refusal) return last is not null && refusal.Code == "no_upstream" ? last : refusal;
            if (attempt > 0) _metrics.CountRetry();
            bool retriesLeft = attempt < _settings.Retries;
            CallResult result = await _call.RunAsync(context, request, placement.Flight!, usage, retriesLeft, _stopped);
            if (result.Failure is null) return null;
            last = result.Failure;
            if (!result.MayRetry || !retriesLeft) return _metrics.Counted(last);
        }
    }
}
