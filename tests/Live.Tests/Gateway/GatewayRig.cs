using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Orrery.Live.Gateway;

namespace Orrery.Live.Tests.Gateway;

/// <summary>A gateway behind a port of its own, in front of fake engines, on time that the test moves.</summary>
internal sealed class GatewayRig : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly IReadOnlyList<FakeEngine> _engines;

    private GatewayRig(WebApplication app, UpstreamGateway gateway, ManualTime time, IReadOnlyList<FakeEngine> engines)
    {
        _app = app;
        _engines = engines;
        Gateway = gateway;
        Time = time;
        Client = new HttpClient { BaseAddress = new(app.Urls.First()) };
    }

    public UpstreamGateway Gateway { get; }

    public ManualTime Time { get; }

    public HttpClient Client { get; }

    public FakeEngine this[int index] => _engines[index];

    public static async Task<GatewayRig> StartAsync(int engines, Func<GatewaySettings, GatewaySettings>? change = null)
    {
        List<FakeEngine> started = [];
        for (int i = 0; i < engines; i++) started.Add(await FakeEngine.StartAsync($"e{i}"));
        GatewaySettings settings = new()
        {
            Upstreams = [.. started.Select(engine => new UpstreamSettings { Name = engine.Name, Url = engine.Url, Models = ["m"] })],
        };
        if (change is not null) settings = change(settings);
        ManualTime time = new();
        UpstreamGateway gateway = new(settings, UpstreamGateway.CreateHandler(), time);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        app.Run(context => ForwardAsync(gateway, context));
        await app.StartAsync();
        return new(app, gateway, time, started);
    }

    public static string Body(string text = "hello", string model = "m") =>
        $$"""{"model":"{{model}}","messages":[{"role":"user","content":"{{text}}"}],"stream":true}""";

    /// <summary>Waits for what other threads are about to do; never for time to pass.</summary>
    public static async Task Until(Func<bool> isSo, string what)
    {
        for (int i = 0; i < 2000; i++)
        {
            if (isSo()) return;
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }
        Assert.Fail($"it never came to this: {what}");
    }

    /// <summary>Sends a request; returns when the headers of the answer are there.</summary>
    public Task<HttpResponseMessage> SendAsync(string? body = null, string client = "", int priority = 0, CancellationToken cancellation = default)
    {
        HttpRequestMessage message = new(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(body ?? Body(), Encoding.UTF8, "application/json"),
        };
        message.Headers.Add("X-Client", client);
        message.Headers.Add("X-Priority", priority.ToString(System.Globalization.CultureInfo.InvariantCulture));
        message.Headers.Add("Authorization", "Bearer of-the-client");
        return Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, cancellation);
    }

    /// <summary>Sends a request and reads the whole answer.</summary>
    public async Task<(int Status, string Text)> AskAsync(string? body = null, string client = "", int priority = 0)
    {
        using HttpResponseMessage answer = await SendAsync(body, client, priority, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    public JsonElement State()
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream)) Gateway.WriteState(writer);
        return JsonDocument.Parse(stream.ToArray()).RootElement;
    }

    public int Queued => State().GetProperty("queued").GetInt32();

    public int InFlight => State().GetProperty("upstreams").EnumerateArray().Sum(upstream => upstream.GetProperty("inFlight").GetInt32());

    public JsonElement Upstream(int index) => State().GetProperty("upstreams")[index];

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Gateway.DisposeAsync();
        await _app.DisposeAsync();
        foreach (FakeEngine engine in _engines) await engine.DisposeAsync();
    }

    private static async Task ForwardAsync(UpstreamGateway gateway, HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        string model = JsonDocument.Parse(body.ToArray()).RootElement.GetProperty("model").GetString()!;
        IHeaderDictionary headers = context.Request.Headers;
        int priority = int.Parse(headers["X-Priority"].ToString(), System.Globalization.CultureInfo.InvariantCulture);
        await gateway.ForwardAsync(context, new(body.ToArray(), context.Request.Path, model, true, headers["X-Client"].ToString(), priority, null));
    }
}
