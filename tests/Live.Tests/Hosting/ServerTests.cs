using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Orrery.Kernel;
using Orrery.Live.Hosting;
using Orrery.Live.Streams;
using Orrery.Live.Tests.Api;

namespace Orrery.Live.Tests.Hosting;

public sealed class ServerTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Hello = """{"model":"tiny-kjv","messages":[{"role":"user","content":"Hello"}]""";
    private const string Key = "a-key-of-some-length";

    [Fact]
    public async Task Models_health_version_metrics_and_state_are_told()
    {
        await using TestServer test = await TestServer.StartAsync(new() { Adapters = ["psalms"] });
        using JsonDocument models = JsonDocument.Parse(await test.Client.GetStringAsync("/v1/models"));
        Assert.Equal(["tiny-kjv", "psalms"], models.RootElement.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()!));
        using JsonDocument one = JsonDocument.Parse(await test.Client.GetStringAsync("/v1/models/psalms"));
        Assert.Equal("tiny-kjv", one.RootElement.GetProperty("parent").GetString());
        foreach (string path in new[] { "/health", "/ready", "/version", "/orrery/state" }) Assert.StartsWith("{", await test.Client.GetStringAsync(path), StringComparison.Ordinal);
        Assert.Contains("vllm:num_requests_running", await test.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        test.Host.Fault = "the engine failed";
        using HttpResponseMessage ready = await test.Client.GetAsync("/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        Assert.Equal(503, (await test.RefusedAsync(Chat, Hello + "}")).Status);
    }

    [Fact]
    public async Task Paths_and_methods_that_are_not_there_are_told_in_the_same_form()
    {
        await using TestServer test = await TestServer.StartAsync();
        using HttpResponseMessage path = await test.Client.GetAsync("/v1/chat/completion");
        Assert.Equal(404, (await TestServer.ErrorOf(path)).Status);
        using HttpResponseMessage method = await test.Client.GetAsync(Chat);
        Assert.Equal(405, (await TestServer.ErrorOf(method)).Status);
        Assert.Equal(404, (await test.RefusedAsync("/v1/responses", "{}")).Status);
        using HttpResponseMessage form = await test.Client.PostAsync(Chat, new StringContent("{}", Encoding.UTF8, "text/plain"));
        Assert.Equal(415, (await TestServer.ErrorOf(form)).Status);
    }

    [Fact]
    public async Task Keys_are_asked_for_except_by_probes()
    {
        await using TestServer test = await TestServer.StartAsync(keys: $"ann:{Key},another-long-key-indeed");
        Assert.Equal(HttpStatusCode.OK, (await test.Client.GetAsync("/health")).StatusCode);
        using HttpResponseMessage without = await test.Client.GetAsync("/v1/models");
        Assert.Equal((401, "invalid_api_key"), ((await TestServer.ErrorOf(without)).Status, (await TestServer.ErrorOf(without)).Code));
        test.Client.DefaultRequestHeaders.Authorization = new("Bearer", Key + "x");
        Assert.Equal(HttpStatusCode.Unauthorized, (await test.Client.GetAsync("/metrics")).StatusCode);
        test.Client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        await test.AskAsync(Chat, Hello + "}");
        Assert.Equal("ann", test.Model.Requests.Single().Client);
        Assert.DoesNotContain(test.Log, entry => entry.ToString().Contains(Key, StringComparison.Ordinal) || entry.ToString().Contains("Hello", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pages_of_strangers_and_foreign_names_are_kept_out()
    {
        await using TestServer test = await TestServer.StartAsync(change: settings => settings with { Origins = ["https://chat.example"] });
        Assert.Equal(403, await AskAs(test, "Origin", "https://evil.example"));
        Assert.Equal(200, await AskAs(test, "Origin", "https://chat.example"));
        Assert.Equal(403, await AskAs(test, "Host", "evil.example"));
        Assert.Equal(200, await AskAs(test, "Host", "localhost:1"));
        using HttpRequestMessage question = new(HttpMethod.Options, Chat);
        question.Headers.Add("Origin", "https://chat.example");
        question.Headers.Add("Access-Control-Request-Method", "POST");
        using HttpResponseMessage allowed = await test.Client.SendAsync(question);
        Assert.Equal((HttpStatusCode.NoContent, "https://chat.example"), (allowed.StatusCode, allowed.Headers.GetValues("Access-Control-Allow-Origin").Single()));
    }

    [Fact]
    public async Task More_than_is_taken_gets_429_with_the_time_to_come_back()
    {
        GenerationStream? held = null;
        await using TestServer test = await TestServer.StartAsync(
            new() { Script = (_, stream) => held = stream },
            settings => settings with { Limits = settings.Limits with { Requests = 1 } });
        Task<HttpResponseMessage> first = test.PostAsync(Chat, Hello + "}");
        Assert.True(SpinWait.SpinUntil(() => held is not null, TimeSpan.FromSeconds(10)));
        using HttpResponseMessage second = await test.PostAsync(Chat, Hello + "}");
        Assert.Equal((429, "rate_limit_exceeded"), ((await TestServer.ErrorOf(second)).Status, (await TestServer.ErrorOf(second)).Code));
        Assert.True(second.Headers.RetryAfter!.Delta!.Value.TotalSeconds is >= 1 and <= 60);
        held!.Complete(StreamEnd.Stop, new(1, 0, 1));
        Assert.Equal(HttpStatusCode.OK, (await first).StatusCode);
        Assert.Equal(400, (await test.RefusedAsync(Chat, Hello + ",\"n\":2}")).Status);
    }

    [Fact]
    public async Task A_large_body_is_413_and_others_are_unaffected()
    {
        await using TestServer test = await TestServer.StartAsync();
        using HttpResponseMessage large = await test.PostAsync(Chat, new byte[10 << 20]);
        Assert.Equal(413, (await TestServer.ErrorOf(large)).Status);
        await test.AskAsync(Chat, Hello + "}");
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: abc\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400")]
    [InlineData("GET /health HTTP/1.1\r\n\r\n", "HTTP/1.1 400")]
    public async Task Malformed_HTTP_is_400(string text, string beginning)
    {
        await using TestServer test = await TestServer.StartAsync();
        Assert.StartsWith(beginning, await RawAsync(test, text, isHalfClosed: false), StringComparison.Ordinal);
        await test.AskAsync(Chat, Hello + "}");
    }

    [Fact]
    public async Task A_body_that_stops_half_way_hurts_nobody()
    {
        await using TestServer test = await TestServer.StartAsync();
        await RawAsync(test, "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"model\":", isHalfClosed: true);
        await test.AskAsync(Chat, Hello + "}");
        Assert.DoesNotContain(test.Log, entry => entry.Status >= 500);
    }

    [Fact]
    public async Task Draining_lets_answers_end_and_refuses_new_ones()
    {
        GenerationStream? held = null;
        await using TestServer test = await TestServer.StartAsync(new() { Script = (_, stream) => held = stream });
        Task<HttpResponseMessage> running = test.PostAsync(Chat, Hello + "}");
        Assert.True(SpinWait.SpinUntil(() => held is not null, TimeSpan.FromSeconds(10)));
        Task<int> drained = test.Server.DrainAsync(TimeSpan.FromMinutes(1));
        using HttpResponseMessage ready = await test.Client.GetAsync("/ready");
        Assert.Equal(503, (await TestServer.ErrorOf(ready)).Status);
        Assert.Equal("draining", (await test.RefusedAsync(Chat, Hello + "}")).Code);
        held!.TryWrite(new(100, "Amen", 0, null));
        held.Complete(StreamEnd.Stop, new(1, 0, 1));
        Assert.Contains("Amen", await (await running).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(0, await drained);
    }

    [Fact]
    public async Task A_drain_without_patience_tells_those_that_it_cuts_off()
    {
        GenerationStream? held = null;
        await using TestServer test = await TestServer.StartAsync(new() { Script = (_, stream) => held = stream });
        test.Host.OnEnd = () => held!.Complete(StreamEnd.Failed, default, reason: "the service was stopped");
        Task<HttpResponseMessage> running = test.PostAsync(Chat, Hello + "}");
        Assert.True(SpinWait.SpinUntil(() => held is not null, TimeSpan.FromSeconds(10)));
        Assert.Equal(1, await test.Server.DrainAsync(TimeSpan.Zero));
        (int status, string message, _, _) = await TestServer.ErrorOf(await running);
        Assert.Equal((503, "the service was stopped"), (status, message));
        Assert.Equal(503, Assert.Single(test.Log).Status);
    }

    [Fact]
    public async Task A_port_in_use_and_an_open_door_are_refused_with_a_sentence()
    {
        await using TestServer test = await TestServer.StartAsync();
        int port = test.Server.Address.Port;
        InputException used = await Assert.ThrowsAsync<InputException>(() => TestServer.StartAsync(change: settings => settings with { Port = port }));
        Assert.Equal($"port {port} of 127.0.0.1 is in use; take another with --port, or stop the program that has it", used.Message);
        InputException open = await Assert.ThrowsAsync<InputException>(() => TestServer.StartAsync(change: settings => settings with { Host = "0.0.0.0" }));
        Assert.Contains("without a key", open.Message, StringComparison.Ordinal);
        InputException name = await Assert.ThrowsAsync<InputException>(() => TestServer.StartAsync(change: settings => settings with { Host = "example.org" }));
        Assert.Contains("it is an address", name.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("short", "has 5 characters")]
    [InlineData("a:0123456789abcdef,a:0123456789abcdeg", "two API keys are called 'a'")]
    public void A_key_that_is_wrong_is_told_without_showing_it(string keys, string part)
    {
        InputException problem = Assert.Throws<InputException>(() => KeyRing.Read(new(), _ => keys));
        Assert.Contains(part, problem.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("0123456789abcdef", problem.Message, StringComparison.Ordinal);
    }

    private static async Task<int> AskAs(TestServer test, string header, string value)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/v1/models");
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await test.Client.SendAsync(request);
        return (int)response.StatusCode;
    }

    /// <summary>Sends bytes, and gives what came back until the server closed, or at once.</summary>
    private static async Task<string> RawAsync(TestServer test, string text, bool isHalfClosed)
    {
        using Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, test.Server.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(text));
        if (isHalfClosed) socket.Shutdown(SocketShutdown.Send);
        var answer = new byte[4096];
        int length = 0;
        try
        {
            for (int read = 1; read > 0 && (isHalfClosed || length == 0); length += read) read = await socket.ReceiveAsync(answer.AsMemory(length));
        }
        catch (SocketException) when (isHalfClosed)
        {
            // A connection that is reset has ended too.
        }
        return Encoding.ASCII.GetString(answer, 0, length);
    }
}
