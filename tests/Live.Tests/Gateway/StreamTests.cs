using System.Text;
using Microsoft.AspNetCore.Http;
using Orrery.Live.Gateway;

namespace Orrery.Live.Tests.Gateway;

/// <summary>What passes through, in both directions, and how fast.</summary>
public sealed class StreamTests
{
    [Fact]
    public async Task Bodies_and_events_pass_byte_for_byte()
    {
        const string body = """{ "messages":[{"role":"user","content":"h\u00e4 ü 😀"}],  "model":"m","unknown":{"x":[1.50,-0]} }""";
        string events = ": ping\n\nevent: x\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"ü😀\"}}]}\r\n\r\n" + FakeEngine.End(1);
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        rig[0].Answer = async context =>
        {
            // In pieces that cut characters and line ends.
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            foreach (byte[] piece in Encoding.UTF8.GetBytes(events).Chunk(7))
            {
                await context.Response.Body.WriteAsync(piece);
                await context.Response.Body.FlushAsync();
            }
        };
        Assert.Equal((200, events), await rig.AskAsync(body));
        Assert.Equal(body, rig[0].Requests[0].Body);
    }

    [Fact]
    public async Task Aliases_rename_the_model_on_the_way_there()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1, settings => settings with
        {
            Upstreams = [settings.Upstreams[0] with { Aliases = new Dictionary<string, string> { ["gpt"] = "m" } }],
        });
        Assert.Equal(["gpt", "m"], rig.Gateway.Models.Order(StringComparer.Ordinal));
        Assert.Equal(200, (await rig.AskAsync(GatewayRig.Body(model: "gpt"))).Status);
        Assert.Equal(GatewayRig.Body(model: "m"), rig[0].Requests[0].Body);
    }

    [Fact]
    public async Task Headers_of_one_connection_and_credentials_stay_behind()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1, settings => settings with
        {
            Upstreams = [settings.Upstreams[0] with { Key = new("of-the-upstream") }],
        });
        rig[0].Answer = async context =>
        {
            context.Response.Headers["X-Kept"] = "yes";
            context.Response.Headers["Set-Cookie"] = "a=b";
            context.Response.Headers.AccessControlAllowOrigin = "*";
            context.Response.Headers["Keep-Alive"] = "timeout=5";
            await rig[0].StreamAsync(context, 1);
        };
        using HttpRequestMessage message = new(HttpMethod.Post, "/v1/completions") { Content = new StringContent("""{"model":"m","prompt":"x"}""") };
        foreach ((string name, string value) in ((string, string)[])
        [
            ("X-Client", "c"), ("X-Priority", "0"), ("Authorization", "Bearer of-the-client"), ("X-Api-Key", "of-the-client"), ("Cookie", "secret=1"),
            ("Connection", "X-Hop"), ("X-Hop", "1"), ("X-Request-Id", "id-7"), ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ]) message.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage answer = await rig.Client.SendAsync(message, TestContext.Current.CancellationToken);
        Received got = rig[0].Requests[0];
        Assert.Equal("/v1/completions", got.Path);
        Assert.Equal(("Bearer of-the-upstream", "id-7"), (got.Headers["Authorization"], got.Headers["X-Request-Id"]));
        Assert.Equal("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", got.Headers["traceparent"]);
        Assert.DoesNotContain(got.Headers, header => header.Value.Contains("of-the-client", StringComparison.Ordinal) || header.Value.Contains("secret", StringComparison.Ordinal));
        Assert.False(got.Headers.ContainsKey("X-Hop"));
        Assert.True(answer.Headers.Contains("X-Kept"));
        Assert.False(answer.Headers.Contains("Set-Cookie") || answer.Headers.Contains("Access-Control-Allow-Origin") || answer.Headers.Contains("Keep-Alive"));
    }

    [Fact]
    public void A_header_that_no_connection_takes_cannot_make_an_upstream_look_broken()
    {
        DefaultHttpContext context = new();
        context.Request.Headers["X-Odd"] = "caf\u00e9";
        context.Request.Headers["X-Request-Id"] = "\u00e9";
        context.Request.Headers["X-Plain"] = "plain";
        context.TraceIdentifier = "own-id";
        using HttpRequestMessage message = new();
        Headers.ToUpstream(context, null, message.Headers);
        Assert.False(message.Headers.Contains("X-Odd"));
        Assert.Equal("plain", Assert.Single(message.Headers.GetValues("X-Plain")));
        Assert.Equal("own-id", Assert.Single(message.Headers.GetValues("X-Request-Id")));
    }

    [Fact]
    public async Task Answers_that_are_no_stream_pass_whole()
    {
        const string json = """{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":4}}""";
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        rig[0].Answer = FakeEngine.Status(200, json);
        using HttpResponseMessage answer = await rig.SendAsync();
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal(json, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        string large = "{\"data\":\"" + new string('x', 9 << 20) + "\"}";
        rig[0].Answer = FakeEngine.Status(200, large);
        Assert.Equal(large.Length, (await rig.AskAsync()).Text.Length);
    }

    [Fact]
    public async Task Events_that_are_no_json_pass_and_are_counted()
    {
        string events = "data: {broken\n\ndata: \u0000\n\n" + FakeEngine.End(0);
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        rig[0].Answer = context => FakeEngine.WriteAsync(context, events);
        Assert.Equal((200, events), await rig.AskAsync());
        Assert.Contains("orrery:gateway_malformed_chunks_total 2\n", rig.Gateway.Metrics(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_without_an_end_is_cut_off()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        rig[0].Answer = async context =>
        {
            await FakeEngine.WriteAsync(context, FakeEngine.Chunk("one") + "data: ");
            while (true) await FakeEngine.WriteAsync(context, new string('x', 1 << 16));
        };
        (_, string text) = await rig.AskAsync();
        Assert.InRange(text.Length, 1, 1000);
        Assert.Contains("upstream_broken", text, StringComparison.Ordinal);
        await GatewayRig.Until(() => rig[0].Running == 0, "the upstream is cut");
    }

    [Fact]
    public async Task A_client_that_leaves_ends_the_request_upstream()
    {
        TaskCompletionSource never = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        rig[0].Answer = rig[0].Gated(never.Task);
        using (HttpResponseMessage answer = await rig.SendAsync())
        {
            await GatewayRig.Until(() => rig.InFlight == 1, "it runs");
        }
        await GatewayRig.Until(() => rig[0].Aborted == 1 && rig.InFlight == 0, "it was cut upstream");
        Assert.Contains("outcome=\"abandoned\"} 1", rig.Gateway.Metrics(), StringComparison.Ordinal);
        Assert.Equal("closed", rig.Upstream(0).GetProperty("breaker").GetString());
    }

    [Fact]
    public async Task A_client_that_does_not_read_makes_the_upstream_wait()
    {
        int sent = 0;
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        const int Pieces = 2000;
        rig[0].Answer = async context =>
        {
            for (; sent < Pieces; sent++) await FakeEngine.WriteAsync(context, FakeEngine.Chunk(new string('x', 16000)));
            await FakeEngine.WriteAsync(context, FakeEngine.End(Pieces));
        };
        using HttpResponseMessage answer = await rig.SendAsync();
        int last = -1;
        await GatewayRig.Until(
            () =>
            {
                int now = Volatile.Read(ref sent);
                bool isStill = now == last && now > 0;
                last = now;
                Thread.Sleep(20);
                return isStill;
            },
            "it stands still");
        // 32 MB would have come; what is under way is in the buffers of two connections.
        Assert.InRange(last, 1, Pieces - 1);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokens_are_released_at_the_readers_pace_while_the_upstream_is_done()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1, settings => settings with { PaceTokensPerSecond = 4 });
        rig[0].Answer = context => rig[0].StreamAsync(context, 3);
        using HttpResponseMessage answer = await rig.SendAsync();
        using StreamReader reader = new(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        Assert.Contains("e0", await EventAsync(reader), StringComparison.Ordinal);
        // The place upstream is free although the reader has two tokens to go.
        await GatewayRig.Until(() => rig.InFlight == 0, "the upstream is done");
        for (int token = 1; token < 3; token++)
        {
            Task<string> next = EventAsync(reader);
            await GatewayRig.Until(() => rig.Time.Pending > 0, "it is held");
            rig.Time.Advance(0.2);
            Assert.False(next.IsCompleted);
            rig.Time.Advance(0.05);
            Assert.Contains("e0", await next, StringComparison.Ordinal);
        }
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_usage_of_the_upstream_settles_what_a_client_was_charged()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        rig[0].Answer = async context =>
        {
            if (rig[0].Requests.Count == 2) await rig[0].Gated(gate.Task)(context);
            else await FakeEngine.WriteAsync(context, FakeEngine.Chunk("several at once") + FakeEngine.End(50));
        };
        await rig.AskAsync("""{"model":"m","prompt":[1,2]}""", "c");
        using HttpResponseMessage open = await rig.SendAsync("""{"model":"m","prompt":[1,2]}""", "c");
        // 5 + 2·50 of the first answer, then 2 for the second prompt and 2 for its first token.
        await GatewayRig.Until(() => rig.State().GetProperty("clients")[0].GetProperty("counter").GetDouble() == 5 + 2 * 50 + 2 + 2, "it is charged");
        gate.SetResult();
    }

    private static async Task<string> EventAsync(StreamReader reader)
    {
        StringBuilder text = new();
        while (await reader.ReadLineAsync(TestContext.Current.CancellationToken) is { Length: > 0 } line) text.Append(line);
        return text.ToString();
    }
}
