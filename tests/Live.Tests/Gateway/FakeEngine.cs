using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Orrery.Live.Tests.Gateway;

/// <summary>A request as an engine got it.</summary>
internal sealed record Received(string Path, string Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>An OpenAI-compatible engine on a port of its own that answers as a test scripts it.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<Received> _received = new();
    private int _running;
    private int _aborted;

    private FakeEngine(string name, WebApplication app)
    {
        Name = name;
        _app = app;
        Answer = context => StreamAsync(context, 3);
    }

    public string Name { get; }

    /// <summary>What it does with each request; three tokens unless said otherwise.</summary>
    public Func<HttpContext, Task> Answer { get; set; }

    public int Health { get; set; } = StatusCodes.Status200OK;

    public string Metrics { get; set; } = "";

    public string[] Models { get; set; } = ["m"];

    public Uri Url => new(_app.Urls.First());

    public IReadOnlyList<Received> Requests => [.. _received];

    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests whose sender went away.</summary>
    public int Aborted => Volatile.Read(ref _aborted);

    public static async Task<FakeEngine> StartAsync(string name)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        WebApplication app = builder.Build();
        FakeEngine engine = new(name, app);
        app.Run(engine.HandleAsync);
        await app.StartAsync();
        return engine;
    }

    public static string Chunk(string text) => $$"""data: {"choices":[{"index":0,"delta":{"content":"{{text}}"},"finish_reason":null}]}""" + "\n\n";

    public static async Task WriteAsync(HttpContext context, string text)
    {
        context.Response.ContentType ??= "text/event-stream";
        await context.Response.WriteAsync(text, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>A whole answer: tokens that say the engine's name, usage, the end.</summary>
    public async Task StreamAsync(HttpContext context, int tokens)
    {
        for (int i = 0; i < tokens; i++) await WriteAsync(context, Chunk(Name));
        await WriteAsync(context, End(tokens));
    }

    public static string End(int tokens) =>
        """data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}""" + "\n\n"
        + $$$"""data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":{{{tokens}}}}}""" + "\n\ndata: [DONE]\n\n";

    /// <summary>Answers with the first token, then waits for the gate, then ends the answer.</summary>
    public Func<HttpContext, Task> Gated(Task gate) => async context =>
    {
        await WriteAsync(context, Chunk(Name));
        await gate.WaitAsync(context.RequestAborted);
        await WriteAsync(context, End(1));
    };

    public static Func<HttpContext, Task> Status(int status, string body = """{"error":{"message":"no"}}""") => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body);
    };

    /// <summary>Some chunks, then the connection is cut.</summary>
    public static Func<HttpContext, Task> Crash(params string[] chunks) => async context =>
    {
        foreach (string chunk in chunks) await WriteAsync(context, chunk);
        context.Abort();
    };

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case "/health":
                context.Response.StatusCode = Health;
                break;
            case "/metrics":
                await context.Response.WriteAsync(Metrics);
                break;
            case "/v1/models":
                string list = string.Join(',', Models.Select(model => $$"""{"id":"{{model}}","object":"model"}"""));
                await context.Response.WriteAsync($$"""{"object":"list","data":[{{list}}]}""");
                break;
            default:
                await GenerateAsync(context);
                break;
        }
    }

    private async Task GenerateAsync(HttpContext context)
    {
        using StreamReader reader = new(context.Request.Body, Encoding.UTF8);
        string body = await reader.ReadToEndAsync();
        _received.Enqueue(new(context.Request.Path, body, context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
        Interlocked.Increment(ref _running);
        try
        {
            await Answer(context);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref _aborted);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
