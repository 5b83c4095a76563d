using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Orrery.Live.Gateway;
using Orrery.Live.Hosting;
using Orrery.Live.Metrics;
using Orrery.Live.Settings;

namespace Orrery.Live.Tests.Api;

/// <summary>The real server on a free port of this machine, with fakes behind it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private TestServer(FakeHost host, FakeModel model) => (Host, Model) = (host, model);

    public FakeHost Host { get; }

    public FakeModel Model { get; }

    public LiveServer Server { get; private set; } = null!;

    public HttpClient Client { get; private set; } = null!;

    public ConcurrentQueue<RequestLog> Log { get; } = new();

    public static async Task<TestServer> StartAsync(FakeModel? model = null, Func<ServeSettings, ServeSettings>? change = null, string? keys = null, IUpstreamGateway? gateway = null)
    {
        model ??= new();
        TestServer test = new(new(model), model);
        ServeSettings settings = new() { Port = 0 };
        if (change is not null) settings = change(settings);
        KeyRing ring = KeyRing.Read(settings.Keys, name => name == KeySettings.UsualEnvironment ? keys : null);
        test.Server = await LiveServer.StartAsync(settings, new(test.Host, ring, TimeProvider.System) { Log = test.Log.Enqueue, Gateway = gateway });
        test.Client = new() { BaseAddress = test.Server.Address };
        return test;
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json) => PostAsync(path, Encoding.UTF8.GetBytes(json));

    public async Task<HttpResponseMessage> PostAsync(string path, byte[] body)
    {
        using ByteArrayContent content = new(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        return await Client.PostAsync(path, content);
    }

    /// <summary>The status and the error object of a request that is refused.</summary>
    public async Task<(int Status, string Message, string? Param, string? Code)> RefusedAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        return await ErrorOf(response);
    }

    public static async Task<(int Status, string Message, string? Param, string? Code)> ErrorOf(HttpResponseMessage response)
    {
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        JsonElement error = document.RootElement.GetProperty("error");
        return ((int)response.StatusCode, error.GetProperty("message").GetString()!, error.GetProperty("param").GetString(), error.GetProperty("code").GetString());
    }

    /// <summary>A document that the server answers with.</summary>
    public async Task<JsonElement> AskAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    /// <summary>The data of all events of a stream.</summary>
    public async Task<List<string>> EventsAsync(string path, string json)
    {
        using HttpResponseMessage response = await PostAsync(path, json);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.Content.Headers.ContentType?.MediaType == "text/event-stream", Log.LastOrDefault()?.ToString());
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            Assert.StartsWith("data: ", line, StringComparison.Ordinal);
            return line["data: ".Length..];
        })];
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
    }
}
