using System.Globalization;
using Orrery.Documents;
using Orrery.Serving.Routing;

namespace Orrery.Live.Tests.Gateway;

/// <summary>The catalogue's routers, unchanged, over upstreams.</summary>
public sealed class RoutingTests
{
    public static TheoryData<string> Routers() => [.. Serving.Routing.Routers.Registry.Names];

    [Theory]
    [MemberData(nameof(Routers))]
    public async Task Every_router_of_the_catalogue_serves(string name)
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(3, settings => settings with { Router = Router(name) });
        (int Status, string Text)[] answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(i => rig.AskAsync(GatewayRig.Body($"question {i}"))));
        Assert.All(answers, answer => Assert.Equal(200, answer.Status));
        Assert.All(answers, answer => Assert.EndsWith("data: [DONE]\n\n", answer.Text, StringComparison.Ordinal));
        Assert.Equal(24, rig[0].Requests.Count + rig[1].Requests.Count + rig[2].Requests.Count);
        await GatewayRig.Until(() => rig.InFlight == 0, "all have ended");
    }

    [Fact]
    public async Task Round_robin_goes_round()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(3, settings => settings with { Router = Router("round-robin") });
        for (int i = 0; i < 6; i++) await rig.AskAsync();
        Assert.Equal([2, 2, 2], Counts(rig, 3));
    }

    [Fact]
    public async Task Least_loaded_knows_at_once_what_it_sent_itself()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(3);
        for (int i = 0; i < 3; i++) rig[i].Answer = rig[i].Gated(gate.Task);
        List<HttpResponseMessage> open = [];
        for (int i = 0; i < 6; i++) open.Add(await rig.SendAsync());
        Assert.Equal([2, 2, 2], Counts(rig, 3));
        gate.SetResult();
        foreach (HttpResponseMessage answer in open)
        {
            Assert.Contains("[DONE]", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            answer.Dispose();
        }
    }

    [Fact]
    public async Task Least_tokens_counts_prompts()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(2, settings => settings with { Router = Router("least-tokens") });
        for (int i = 0; i < 2; i++) rig[i].Answer = rig[i].Gated(gate.Task);
        using HttpResponseMessage large = await rig.SendAsync(GatewayRig.Body(new string('x', 4000)));
        using HttpResponseMessage small = await rig.SendAsync();
        using HttpResponseMessage next = await rig.SendAsync();
        Assert.Equal([1, 2], Counts(rig, 2));
        Assert.InRange(rig.Upstream(0).GetProperty("liveTokens").GetInt64(), 1000, 1030);
        gate.SetResult();
    }

    [Fact]
    public async Task Prefix_aware_keeps_a_conversation_where_it_began()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(3, settings => settings with { Router = Router("prefix-aware") });
        string[] systems = [new('a', 600), new('b', 600), new('c', 600)];
        List<int> first = [];
        foreach (string system in systems)
        {
            await rig.AskAsync(GatewayRig.Body(system));
            first.Add(Enumerable.Range(0, 3).Single(i => rig[i].Requests.Any(request => request.Body.Contains(system, StringComparison.Ordinal))));
        }
        for (int turn = 0; turn < 3; turn++)
            foreach (string system in systems) await rig.AskAsync(GatewayRig.Body(system + string.Create(CultureInfo.InvariantCulture, $" turn {turn}")));
        for (int i = 0; i < systems.Length; i++)
            Assert.Equal(4, rig[first[i]].Requests.Count(request => request.Body.Contains(systems[i], StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_load_of_others_is_as_old_as_the_metrics_and_forgotten_when_they_are_too_old()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(2);
        rig[0].Metrics = "vllm:num_requests_running 3\nvllm:num_requests_waiting 2\nvllm:kv_cache_usage_perc 0.5\n";
        rig[1].Metrics = "vllm:num_requests_running 0\nvllm:num_requests_waiting 0\nvllm:kv_cache_usage_perc 0\n";
        await rig.Gateway.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.Equal((5, 0.5), (rig.Upstream(0).GetProperty("liveRequests").GetInt32(), rig.Upstream(0).GetProperty("kvUse").GetDouble()));
        await rig.AskAsync();
        Assert.Equal([0, 1], Counts(rig, 2));
        // The others have left, but the view does not know it yet: it is stale, and says how old it is.
        rig[0].Metrics = "vllm:num_requests_running 0\n";
        rig[1].Metrics = "vllm:num_requests_running 9\n";
        rig.Time.Advance(4);
        await rig.AskAsync();
        Assert.Equal([0, 2], Counts(rig, 2));
        Assert.Equal(4, rig.Upstream(0).GetProperty("viewAgeSeconds").GetDouble());
        Assert.Contains("orrery:gateway_view_age_seconds{upstream=\"e0\"} 4\n", rig.Gateway.Metrics(), StringComparison.Ordinal);
        // Beyond five periods the old figures say nothing: only what we sent counts, and a tie goes to the first.
        rig.Time.Advance(1.1);
        await rig.AskAsync();
        Assert.Equal([1, 2], Counts(rig, 2));
        await rig.Gateway.RefreshAsync(TestContext.Current.CancellationToken);
        await rig.AskAsync();
        Assert.Equal([2, 2], Counts(rig, 2));
    }

    [Fact]
    public async Task What_we_sent_is_not_counted_twice_when_the_metrics_show_it()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(1);
        rig[0].Answer = rig[0].Gated(gate.Task);
        using HttpResponseMessage open = await rig.SendAsync();
        rig[0].Metrics = "sglang:num_running_reqs 3\n";
        await rig.Gateway.RefreshAsync(TestContext.Current.CancellationToken);
        Assert.Equal(3, rig.Upstream(0).GetProperty("liveRequests").GetInt32());
        gate.SetResult();
        await GatewayRig.Until(() => rig.InFlight == 0, "ours has ended");
        Assert.Equal(2, rig.Upstream(0).GetProperty("liveRequests").GetInt32());
    }

    [Fact]
    public async Task A_heavier_upstream_looks_less_loaded()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(2, settings => settings with
        {
            Upstreams = [settings.Upstreams[0], settings.Upstreams[1] with { Weight = 3 }],
        });
        for (int i = 0; i < 2; i++) rig[i].Answer = rig[i].Gated(gate.Task);
        List<HttpResponseMessage> open = [];
        for (int i = 0; i < 8; i++) open.Add(await rig.SendAsync());
        Assert.Equal([2, 6], Counts(rig, 2));
        gate.SetResult();
        foreach (HttpResponseMessage answer in open) answer.Dispose();
    }

    private static RouterSpec Router(string name) => Serving.Routing.Routers.Registry.Read(Node.Plain(name));

    private static int[] Counts(GatewayRig rig, int engines) => [.. Enumerable.Range(0, engines).Select(i => rig[i].Requests.Count)];
}
