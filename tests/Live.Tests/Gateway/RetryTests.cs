using Microsoft.AspNetCore.Http;
using Orrery.Kernel.Time;

namespace Orrery.Live.Tests.Gateway;

/// <summary>What is tried again, what never is, and when an upstream is left alone.</summary>
public sealed class RetryTests
{
    [Theory]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(429)]
    [InlineData(401)]
    public async Task Another_upstream_is_tried_while_nothing_was_sent(int status)
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        rig[0].Answer = FakeEngine.Status(status);
        (int got, string text) = await rig.AskAsync();
        Assert.Equal((200, 1, 1), (got, rig[0].Requests.Count, rig[1].Requests.Count));
        Assert.Contains("\"e1\"", text, StringComparison.Ordinal);
        Assert.Contains("orrery:gateway_retries_total 1\n", rig.Gateway.Metrics(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_that_is_not_there_costs_the_client_nothing()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        await rig[0].DisposeAsync();
        (int status, string text) = await rig.AskAsync();
        Assert.Equal(200, status);
        Assert.Contains("\"e1\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_breaks_before_its_first_event_is_tried_again_after_it_was_given_up()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        int runningAtSecond = -1;
        rig[0].Answer = FakeEngine.Crash("data: {\"half");
        rig[1].Answer = context =>
        {
            runningAtSecond = rig.Upstream(0).GetProperty("inFlight").GetInt32();
            return rig[1].StreamAsync(context, 2);
        };
        (int status, string text) = await rig.AskAsync();
        Assert.Equal((200, 0), (status, runningAtSecond));
        Assert.DoesNotContain("half", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_has_begun_is_never_tried_again_and_ends_with_an_error()
    {
        TaskCompletionSource kill = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        rig[0].Answer = async context =>
        {
            await FakeEngine.WriteAsync(context, FakeEngine.Chunk("one") + FakeEngine.Chunk("two") + "data: {\"choi");
            await kill.Task;
            context.Abort();
        };
        using HttpResponseMessage answer = await rig.SendAsync();
        kill.SetResult();
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal((200, 0), ((int)answer.StatusCode, rig[1].Requests.Count));
        Assert.StartsWith(FakeEngine.Chunk("one") + FakeEngine.Chunk("two") + "data: {\"error\":{\"message\":", text, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"upstream_broken\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
        Assert.EndsWith("\n\n", text, StringComparison.Ordinal);
        await GatewayRig.Until(() => rig.Gateway.Metrics().Contains("{upstream=\"e0\",outcome=\"broken\"} 1", StringComparison.Ordinal), "it is counted");
    }

    [Fact]
    public async Task A_stream_that_ends_without_its_end_is_told_apart_from_a_whole_one()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        rig[0].Answer = context => FakeEngine.WriteAsync(context, FakeEngine.Chunk("one"));
        Assert.Contains("upstream_broken", (await rig.AskAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_killed_in_the_midst_leaves_the_streams_of_others_alone()
    {
        TaskCompletionSource gate = new(), kill = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        rig[0].Answer = async context =>
        {
            await FakeEngine.WriteAsync(context, FakeEngine.Chunk("doomed"));
            await kill.Task;
            context.Abort();
        };
        rig[1].Answer = rig[1].Gated(gate.Task);
        using HttpResponseMessage doomed = await rig.SendAsync();
        using HttpResponseMessage other = await rig.SendAsync();
        kill.SetResult();
        Assert.Contains("upstream_broken", await doomed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        gate.SetResult();
        Assert.Equal(FakeEngine.Chunk("e1") + FakeEngine.End(1), await other.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_answer_that_is_no_stream_and_breaks_off_becomes_an_error()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        rig[0].Answer = async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 1000;
            // The server closes the connection when a handler returns early.
            await FakeEngine.WriteAsync(context, "{\"choices\":");
        };
        (int status, string text) = await rig.AskAsync();
        Assert.Equal((502, 0), (status, rig[1].Requests.Count));
        Assert.Contains("\"code\":\"upstream_broken\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_upstream_finds_wrong_with_a_request_is_passed_on()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        rig[0].Answer = FakeEngine.Status(400, """{"error":{"message":"too long","code":400}}""");
        Assert.Equal((400, """{"error":{"message":"too long","code":400}}"""), await rig.AskAsync());
        Assert.Empty(rig[1].Requests);
    }

    [Fact]
    public async Task When_all_are_full_the_client_is_told_when_to_come_again()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        for (int i = 0; i < 2; i++)
        {
            rig[i].Answer = context =>
            {
                context.Response.Headers.RetryAfter = "7";
                return FakeEngine.Status(429)(context);
            };
        }
        using HttpResponseMessage answer = await rig.SendAsync();
        Assert.Equal((429, 7.0), ((int)answer.StatusCode, answer.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        Assert.Equal((1, 1), (rig[0].Requests.Count, rig[1].Requests.Count));
    }

    [Fact]
    public async Task Attempts_are_bounded_and_every_upstream_is_tried_before_one_is_again()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2, settings => settings with { Retries = 3 });
        for (int i = 0; i < 2; i++) rig[i].Answer = FakeEngine.Status(503);
        Assert.Equal(503, (await rig.AskAsync()).Status);
        Assert.Equal((2, 2), (rig[0].Requests.Count, rig[1].Requests.Count));
    }

    [Fact]
    public async Task An_upstream_that_says_nothing_is_given_up()
    {
        TaskCompletionSource never = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(2, settings => settings with { Silence = Duration.FromSeconds(20) });
        rig[0].Answer = context => never.Task.WaitAsync(context.RequestAborted);
        Task<(int Status, string Text)> asked = rig.AskAsync();
        await GatewayRig.Until(() => rig[0].Running == 1, "it is sent");
        rig.Time.Advance(20);
        Assert.Equal(200, (await asked).Status);
        await GatewayRig.Until(() => rig[0].Aborted == 1, "the first attempt is cut");
    }

    [Fact]
    public async Task An_upstream_that_fails_is_left_alone_and_tried_by_one_request_later()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1, settings => settings with
        {
            Retries = 0,
            Breaker = new() { Failures = 2, Open = Duration.FromSeconds(10) },
        });
        rig[0].Answer = FakeEngine.Status(500);
        Assert.Equal(500, (await rig.AskAsync()).Status);
        Assert.Equal(500, (await rig.AskAsync()).Status);
        await GatewayRig.Until(() => rig.Upstream(0).GetProperty("breaker").GetString() == "open", "it is open");
        (int status, string text) = await rig.AskAsync();
        Assert.Equal((503, 2), (status, rig[0].Requests.Count));
        Assert.Contains("no_upstream", text, StringComparison.Ordinal);
        Assert.Contains("orrery:gateway_breaker_state{upstream=\"e0\"} 2\n", rig.Gateway.Metrics(), StringComparison.Ordinal);

        rig.Time.Advance(10);
        TaskCompletionSource gate = new();
        rig[0].Answer = async context =>
        {
            await gate.Task;
            await rig[0].StreamAsync(context, 1);
        };
        Task<(int Status, string Text)> probe = rig.AskAsync();
        await GatewayRig.Until(() => rig[0].Running == 1, "one tries");
        Task<(int Status, string Text)> second = rig.AskAsync();
        await GatewayRig.Until(() => rig.Queued == 1, "the next waits for what comes of it");
        Assert.Equal(3, rig[0].Requests.Count);
        gate.SetResult();
        Assert.Equal((200, 200), ((await probe).Status, (await second).Status));
        Assert.Equal("closed", rig.Upstream(0).GetProperty("breaker").GetString());
    }

    [Fact]
    public async Task Upstreams_that_are_not_well_get_nothing_until_they_are()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        rig[0].Health = StatusCodes.Status503ServiceUnavailable;
        await rig.Gateway.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.True(rig.Upstream(0).GetProperty("healthy").GetBoolean());
        await rig.Gateway.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.False(rig.Upstream(0).GetProperty("healthy").GetBoolean());
        await rig.AskAsync();
        Assert.Equal((0, 1), (rig[0].Requests.Count, rig[1].Requests.Count));
        rig[0].Health = StatusCodes.Status200OK;
        await rig.Gateway.RefreshAsync(TestContext.Current.CancellationToken);
        await rig.AskAsync();
        Assert.Equal((1, 1), (rig[0].Requests.Count, rig[1].Requests.Count));
    }

    [Fact]
    public async Task The_checks_run_by_themselves()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1, settings => settings with
        {
            Upstreams = [settings.Upstreams[0] with { Models = null, Aliases = new Dictionary<string, string> { ["alias"] = "found" } }],
        });
        rig[0].Models = ["found", "other"];
        rig[0].Metrics = "llamacpp:requests_processing 2\n";
        Assert.False(rig.Gateway.Serves("found"));
        rig.Gateway.Start();
        await GatewayRig.Until(() => rig.Gateway.Serves("other") && rig.Upstream(0).GetProperty("liveRequests").GetInt32() == 2, "the first check");
        Assert.Equal(["alias", "found", "other"], rig.Gateway.Models.Order(StringComparer.Ordinal));
        rig[0].Models = ["third"];
        await GatewayRig.Until(
            () =>
            {
                rig.Time.Advance(1);
                return rig.Gateway.Serves("third") && !rig.Gateway.Serves("other");
            },
            "a later check");
    }
}
