using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Orrery.Kernel.Random;
using Orrery.Live.Gateway;
using Orrery.Live.Metrics;
using Orrery.Live.Settings;
using Orrery.Live.Streams;

namespace Orrery.Live.Api;

/// <summary>Every path of the API. Who may ask was settled before.</summary>
internal sealed class ApiRouter
{
    private const string ModelPrefix = "/v1/models/";

    private readonly ILiveHost _host;
    private readonly IUpstreamGateway? _gateway;
    private readonly ServeLimits _limits;
    private readonly ServiceState _state;
    private readonly TimeProvider _time;
    private readonly ModelDirectory _directory;
    private readonly StatusEndpoints _status;
    private readonly ChatReader _chat;
    private readonly CompletionReader _completions;
    private readonly EmbeddingEndpoint _embeddings;
    private readonly AnswerEndpoint _answers = new();
    private readonly RandomStream _seeds;
    private readonly Dictionary<string, (string Method, Func<ApiCall, Task> Handle)> _paths;
    private long _requests;

    /// <param name="host">Models that run here.</param>
    /// <param name="gateway">Other engines; null for none.</param>
    /// <param name="limits">What requests may ask for.</param>
    /// <param name="state">Shared with whoever stops the server.</param>
    /// <param name="time">Clock of responses and rates.</param>
    /// <param name="seed">Root of the seeds of requests that name none.</param>
    /// <param name="metrics">Joins what <c>/metrics</c> shows; null shows the models and the gateway alone.</param>
    public ApiRouter(ILiveHost host, IUpstreamGateway? gateway, ServeLimits limits, ServiceState state, TimeProvider time, ulong seed, MetricsPage? metrics = null)
    {
        _host = host;
        _gateway = gateway;
        _limits = limits;
        _state = state;
        _time = time;
        _directory = new(host.Models, limits, time);
        _status = new(host, _directory, gateway, state, metrics);
        GrammarCache grammars = new();
        _chat = new(limits, grammars);
        _completions = new(limits, grammars);
        _embeddings = new(limits);
        _seeds = RandomStream.Root(seed);
        _paths = new(StringComparer.Ordinal)
        {
            ["/v1/chat/completions"] = ("POST", ChatAsync),
            ["/v1/completions"] = ("POST", CompletionAsync),
            ["/v1/embeddings"] = ("POST", EmbedAsync),
            ["/v1/responses"] = ("POST", RefuseResponses),
            ["/tokenize"] = ("POST", call => TokensAsync(call, TokenEndpoint.TokenizeAsync)),
            ["/detokenize"] = ("POST", call => TokensAsync(call, TokenEndpoint.DetokenizeAsync)),
            ["/v1/models"] = ("GET", _status.ModelsAsync),
            ["/health"] = ("GET", _status.HealthAsync),
            ["/ready"] = ("GET", _status.ReadyAsync),
            ["/version"] = ("GET", StatusEndpoints.VersionAsync),
            ["/metrics"] = ("GET", _status.MetricsAsync),
            ["/orrery/state"] = ("GET", _status.StateAsync),
        };
    }

    /// <summary>Names that can be asked for.</summary>
    public IEnumerable<string> Models => _directory.All.Select(model => model.Name).Concat(_gateway?.Models ?? []);

    /// <summary>The route of a path, for counting: no client can make up new ones.</summary>
    public string PatternOf(string path)
    {
        if (_paths.ContainsKey(path)) return path;
        return path.StartsWith(ModelPrefix, StringComparison.Ordinal) ? ModelPrefix + "{id}" : HttpMetrics.Other;
    }

    /// <summary>Answers a request.</summary>
    /// <exception cref="ApiException">An error that the client is to be told.</exception>
    public async Task AnswerAsync(ApiCall call)
    {
        HttpRequest request = call.Context.Request;
        string path = request.Path.Value ?? "";
        if (!_paths.TryGetValue(path, out (string Method, Func<ApiCall, Task> Handle) route))
        {
            if (!path.StartsWith(ModelPrefix, StringComparison.Ordinal) || path.Length == ModelPrefix.Length)
                throw new ApiException(ApiError.UnknownPath($"there is no {Shorten(path)} here{Kernel.Names.Suggest(Shorten(path), _paths.Keys)}"));
            route = ("GET", one => _status.ModelAsync(one, path[ModelPrefix.Length..]));
        }
        bool fits = request.Method == route.Method || (request.Method == "HEAD" && route.Method == "GET");
        if (!fits)
        {
            call.Context.Response.Headers.Allow = route.Method;
            throw new ApiException(ApiError.WrongMethod($"{Shorten(path)} is asked with {route.Method}"));
        }
        if (route.Method == "GET")
        {
            await route.Handle(call).ConfigureAwait(false);
            return;
        }
        if (!_state.TryEnter()) throw new ApiException(ApiError.Unavailable("the server is stopping; ask another", "draining", retryAfterSeconds: 1));
        try
        {
            await route.Handle(call).ConfigureAwait(false);
        }
        finally
        {
            _state.Leave();
        }
    }

    private static Task RefuseResponses(ApiCall call) =>
        throw new ApiException(ApiError.UnknownPath("the Responses API is not served; use /v1/chat/completions, which has tools, streaming and response_format"));

    private Task ChatAsync(ApiCall call) => GenerateAsync(call, _chat.Read, plan => new ChatFormat(plan, call.Id, UnixSeconds));

    private Task CompletionAsync(ApiCall call) => GenerateAsync(call, _completions.Read, plan => new CompletionFormat(plan, call.Id, UnixSeconds));

    private async Task GenerateAsync(ApiCall call, Func<Fields, ServedModel, string, ulong, AnswerPlan> read, Func<AnswerPlan, AnswerFormat> format)
    {
        ReadOnlyMemory<byte> body = await BodyReader.ReadJsonAsync(call, _limits.BodySize.Count).ConfigureAwait(false);
        AnswerPlan plan;
        using (JsonDocument document = JsonBody.Parse(body))
        {
            Fields fields = new(document.RootElement);
            if (Find(call, fields, isNeeded: true) is not { } model)
            {
                await ForwardAsync(call, fields, body).ConfigureAwait(false);
                return;
            }
            RequireSound(model);
            plan = read(fields, model, call.Client, _seeds.Split(Interlocked.Increment(ref _requests)).NextUInt64());
        }
        CommonReader.CheckCalls(plan.Common, plan.Prompts.Max(prompt => prompt.Length), plan.Model.Model);
        // The body is let go before the answer, which may take long.
        body = default;
        await _answers.AnswerAsync(call, plan, format(plan)).ConfigureAwait(false);
    }

    private async Task EmbedAsync(ApiCall call)
    {
        ReadOnlyMemory<byte> body = await BodyReader.ReadJsonAsync(call, _limits.BodySize.Count).ConfigureAwait(false);
        using JsonDocument document = JsonBody.Parse(body);
        Fields fields = new(document.RootElement);
        if (Find(call, fields, isNeeded: true) is not { } model)
        {
            await ForwardAsync(call, fields, body).ConfigureAwait(false);
            return;
        }
        RequireSound(model);
        await _embeddings.AnswerAsync(call, fields, model).ConfigureAwait(false);
    }

    private async Task TokensAsync(ApiCall call, Func<ApiCall, Fields, ServedModel, Task> answer)
    {
        ReadOnlyMemory<byte> body = await BodyReader.ReadJsonAsync(call, _limits.BodySize.Count).ConfigureAwait(false);
        using JsonDocument document = JsonBody.Parse(body);
        Fields fields = new(document.RootElement);
        if (Find(call, fields, isNeeded: false) is { } model) await answer(call, fields, model).ConfigureAwait(false);
        else await ForwardAsync(call, fields, body).ConfigureAwait(false);
    }

    /// <summary>The model that a request names; null where another engine has it.</summary>
    /// <param name="call">Learns the name.</param>
    /// <param name="fields">Of the request.</param>
    /// <param name="isNeeded">Otherwise a server of one model knows which is meant.</param>
    /// <exception cref="ApiException">404: nobody has it.</exception>
    private ServedModel? Find(ApiCall call, Fields fields, bool isNeeded)
    {
        string? name = isNeeded ? fields.RequiredText("model") : fields.Text("model");
        if (name is null)
        {
            if (_directory.All.Count == 0 || _host.Models.Count > 1) throw fields.Bad("model", "this server has several models; name one");
            name = _directory.All[0].Name;
        }
        ServedModel? model = _directory.Find(name);
        if (model is null && _gateway?.Serves(name) != true) throw new ApiException(_status.Unknown(name));
        // Only a name that is known goes to the log.
        call.Model = name;
        return model;
    }

    /// <summary>The one place where a request goes to another engine; it checks the fields that this server does not.</summary>
    private Task ForwardAsync(ApiCall call, Fields fields, ReadOnlyMemory<byte> body)
    {
        bool stream = fields.Bool("stream") ?? false;
        int priority = fields.Int("priority") ?? 0;
        string? user = CommonReader.ReadUser(fields);
        return _gateway!.ForwardAsync(call.Context, new(body, call.Context.Request.Path.Value!, call.Model!, stream, call.Client, priority, user));
    }

    private void RequireSound(ServedModel model)
    {
        if ((_host.Fault ?? model.Model.Fault) is { } fault) throw new ApiException(ApiError.Unavailable(fault, "fault"));
    }

    private long UnixSeconds => _time.GetUtcNow().ToUnixTimeSeconds();

    private static string Shorten(string path) => path.Length > 128 ? path[..128] + "…" : path;
}
