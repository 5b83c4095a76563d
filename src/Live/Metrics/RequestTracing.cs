using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Orrery.Live.Metrics;

/// <summary>
/// One span per request, sent to an OpenTelemetry collector (OTLP over HTTP): attributes of the GenAI semantic conventions (b), events when a
/// step first took the request and when its first token came. Never text of prompts or answers. Off unless an endpoint is configured.
/// </summary>
public sealed class RequestTracing : IDisposable
{
    private const string TracesPath = "/v1/traces";
    private const string ServiceName = "orrery";

    private readonly ActivitySource? _source;
    private readonly TracerProvider? _provider;

    private RequestTracing(ActivitySource? source, TracerProvider? provider)
    {
        _source = source;
        _provider = provider;
    }

    /// <summary>Traces nothing and costs nothing.</summary>
    public static RequestTracing Off { get; } = new(null, null);

    /// <summary>
    /// Sends spans to a collector, in the background and in batches; a collector that does not answer loses spans and holds nothing up.
    /// </summary>
    /// <param name="endpoint">Its base address, <c>http://127.0.0.1:4318</c>, or the whole address of its traces.</param>
    /// <param name="version">Of this program.</param>
    public static RequestTracing To(Uri endpoint, string version)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        // A source of its own: servers side by side in one process do not send each other's spans.
        ActivitySource source = new($"Orrery.Live {endpoint}", version);
        Uri traces = endpoint.AbsolutePath.EndsWith(TracesPath, StringComparison.Ordinal) ? endpoint : new(endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/') + TracesPath);
        TracerProvider provider = Sdk.CreateTracerProviderBuilder()
            .SetResourceBuilder(ResourceBuilder.CreateEmpty().AddService(ServiceName, serviceVersion: version, autoGenerateServiceInstanceId: false))
            .SetSampler(new ParentBasedSampler(new AlwaysOnSampler()))
            .AddSource(source.Name)
            .AddOtlpExporter(options =>
            {
                options.Endpoint = traces;
                options.Protocol = OtlpExportProtocol.HttpProtobuf;
            })
            .Build();
        return new(source, provider);
    }

    /// <summary>Begins a request's span; end it once.</summary>
    /// <param name="operation">Of the conventions: <c>chat</c>, <c>text_completion</c>, <c>embeddings</c>.</param>
    /// <param name="model">As the client asked for it.</param>
    /// <param name="at">When the request arrived.</param>
    /// <param name="traceparent">The client's header of that name (W3C Trace Context), or null; a malformed one begins a new trace.</param>
    /// <param name="tracestate">The client's header of that name, or null.</param>
    public RequestTrace Begin(string operation, string model, DateTimeOffset at, string? traceparent = null, string? tracestate = null)
    {
        if (_source is null || !_source.HasListeners()) return default;
        _ = ActivityContext.TryParse(traceparent, tracestate, isRemote: true, out ActivityContext parent);
        // Without a parent the framework would take its own activity of this request, which is sent to nobody.
        Activity? ambient = Activity.Current;
        Activity.Current = null;
        Activity? span = _source.StartActivity(
            $"{operation} {model}", ActivityKind.Server, parent,
            [new("gen_ai.operation.name", operation), new("gen_ai.provider.name", ServiceName), new("gen_ai.request.model", model)], startTime: at);
        Activity.Current = ambient;
        return new(span);
    }

    /// <summary>Sends what is left.</summary>
    public void Dispose()
    {
        _provider?.Dispose();
        _source?.Dispose();
    }
}

/// <summary>The span of one request; the default value traces nothing.</summary>
public readonly struct RequestTrace
{
    private readonly Activity? _span;

    internal RequestTrace(Activity? span) => _span = span;

    /// <summary>The header that carries this span on to an upstream server; null where nothing is traced.</summary>
    public string? TraceParent => _span?.Id;

    /// <summary>What the client asked for; null or 0 where it said nothing.</summary>
    public void Asks(int maxTokens, double? temperature, double? topP, int answers)
    {
        if (_span is null) return;
        if (maxTokens > 0) _span.SetTag("gen_ai.request.max_tokens", maxTokens);
        if (temperature is { } heat) _span.SetTag("gen_ai.request.temperature", heat);
        if (topP is { } share) _span.SetTag("gen_ai.request.top_p", share);
        if (answers > 1) _span.SetTag("gen_ai.request.choice.count", answers);
    }

    /// <summary>The request is over.</summary>
    /// <param name="log">What the log says of it.</param>
    public void End(RequestLog log)
    {
        ArgumentNullException.ThrowIfNull(log);
        if (_span is null) return;
        _span.SetTag("gen_ai.response.id", log.Id);
        _span.SetTag("http.response.status_code", log.Status);
        _span.SetTag("gen_ai.usage.input_tokens", log.PromptTokens);
        _span.SetTag("gen_ai.usage.output_tokens", log.CompletionTokens);
        _span.SetTag("gen_ai.usage.cache_read.input_tokens", log.CachedTokens);
        if (log.Finish is { } finish) _span.SetTag("gen_ai.response.finish_reasons", new[] { finish });
        _span.SetTag("gen_ai.latency.e2e", log.TotalSeconds);
        if (log.QueueSeconds is { } queue)
        {
            _span.SetTag("gen_ai.latency.time_in_queue", queue);
            _span.AddEvent(new("scheduled", log.Time.AddSeconds(queue)));
        }
        if (log.TtftSeconds is { } ttft)
        {
            _span.SetTag("gen_ai.latency.time_to_first_token", ttft);
            _span.AddEvent(new("first_token", log.Time.AddSeconds(ttft)));
        }
        if (log.Error is { } error)
        {
            _span.SetTag("error.type", error);
            _span.SetStatus(ActivityStatusCode.Error);
        }
        _span.SetEndTime(log.Time.UtcDateTime.AddSeconds(log.TotalSeconds));
        _span.Stop();
    }
}
