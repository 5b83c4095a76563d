using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Orrery.Live.Tests.Load;

/// <summary>A server that speaks as much of the OpenAI API as a load generator uses, and does what a test's script says with each completion.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private int _inFlight;

    private FakeServer(WebApplication app) => _app = app;

    public string Url { get; private set; } = "";

    /// <summary>Bodies of completions in the order they came.</summary>
    public ConcurrentQueue<JsonElement> Bodies { get; } = new();

    /// <summary>Paths of completions.</summary>
    public ConcurrentQueue<string> Paths { get; } = new();

    public int MostInFlight { get; private set; }

    /// <summary>Clients that went away before their answer had ended.</summary>
    public SemaphoreSlim Gone { get; } = new(0);

    /// <summary>What becomes of a completion; the default answers in full.</summary>
    public Func<HttpContext, JsonElement, Task> Answer { get; set; } = (context, body) => StreamAsync(context, Limit(body), Limit(body));

    public string Models { get; set; } = """{"object":"list","data":[{"id":"toy","object":"model","max_model_len":4096}]}""";

    public string? Key { get; set; }

    public bool HasTokenizer { get; set; } = true;

    public static async Task<FakeServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        WebApplication app = builder.Build();
        FakeServer server = new(app);
        app.Run(server.HandleAsync);
        await app.StartAsync();
        server.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        return server;
    }

    public static int Limit(JsonElement body) => body.GetProperty("max_tokens").GetInt32();

    /// <summary>Sends so many tokens, an event each, then the end of an answer of <paramref name="counted"/> tokens; −1 leaves the end out.</summary>
    public static async Task StreamAsync(HttpContext context, int tokens, int counted, int promptTokens = 0)
    {
        context.Response.ContentType = "text/event-stream";
        bool isChat = context.Request.Path.Value!.Contains("chat", StringComparison.Ordinal);
        for (int i = 0; i < tokens; i++)
            await WriteAsync(context, isChat ? """{"choices":[{"index":0,"delta":{"content":"x"}}]}""" : """{"choices":[{"index":0,"text":"x","finish_reason":null}]}""");
        if (counted < 0) return;
        await WriteAsync(context, """{"choices":[{"index":0,"text":"","delta":{},"finish_reason":"length"}]}""");
        await WriteAsync(context, $$$"""{"choices":[],"usage":{"prompt_tokens":{{{promptTokens}}},"completion_tokens":{{{counted}}}}}""");
        await WriteAsync(context, "[DONE]");
    }

    public static async Task WriteAsync(HttpContext context, string data)
    {
        await context.Response.WriteAsync($"data: {data}\n\n");
        await context.Response.Body.FlushAsync();
    }

    public static Task RefuseAsync(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error = new { message, type = "x", code = status } });
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
        Gone.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        if (Key is not null && context.Request.Headers.Authorization != $"Bearer {Key}")
        {
            await RefuseAsync(context, 401, "no such key");
            return;
        }
        switch (context.Request.Path.Value)
        {
            case "/v1/models":
                await context.Response.WriteAsync(Models);
                break;
            case "/tokenize" when HasTokenizer:
                using (JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body))
                {
                    int words = body.RootElement.GetProperty("prompt").GetString()!.Split(' ').Length;
                    await context.Response.WriteAsJsonAsync(new { count = words, tokens = Enumerable.Range(1000, words) });
                }
                break;
            case "/v1/completions" or "/v1/chat/completions":
                await CompleteAsync(context);
                break;
            default:
                await RefuseAsync(context, 404, "not found");
                break;
        }
    }

    private async Task CompleteAsync(HttpContext context)
    {
        int now = Interlocked.Increment(ref _inFlight);
        using JsonDocument document = await JsonDocument.ParseAsync(context.Request.Body);
        JsonElement body = document.RootElement.Clone();
        Bodies.Enqueue(body);
        Paths.Enqueue(context.Request.Path.Value!);
        lock (Bodies) MostInFlight = Math.Max(MostInFlight, now);
        try
        {
            await Answer(context, body);
        }
        catch (OperationCanceledException)
        {
            Gone.Release();
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }
}
