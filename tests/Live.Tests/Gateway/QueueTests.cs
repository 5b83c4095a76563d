using Orrery.Kernel.Time;
using Orrery.Live.Gateway;

namespace Orrery.Live.Tests.Gateway;

/// <summary>Who waits, for how long, and who goes first.</summary>
public sealed class QueueTests
{
    [Fact]
    public async Task A_wait_beyond_the_deadline_ends_with_a_sentence()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await Full(gate, settings => settings with { Deadline = Duration.FromSeconds(3) });
        Task<(int Status, string Text)> waiting = rig.AskAsync();
        await GatewayRig.Until(() => rig.Queued == 1, "it waits");
        rig.Time.Advance(2.9);
        Assert.Equal(1, rig.Queued);
        rig.Time.Advance(0.1);
        (int status, string text) = await waiting;
        Assert.Equal((503, 0), (status, rig.Queued));
        Assert.Contains("\"code\":\"queue_deadline\"", text, StringComparison.Ordinal);
        Assert.Contains("No upstream had room within 3 s", text, StringComparison.Ordinal);
        gate.SetResult();
    }

    [Fact]
    public async Task A_full_queue_refuses_at_once_with_a_time_to_come_again()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await Full(gate, settings => settings with { Queue = 1 });
        Task<(int Status, string Text)> waiting = rig.AskAsync();
        await GatewayRig.Until(() => rig.Queued == 1, "one waits");
        using HttpResponseMessage refused = await rig.SendAsync();
        Assert.Equal((429, 1.0), ((int)refused.StatusCode, refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        Assert.Contains("queue_full", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("orrery:gateway_queue_length 1\n", rig.Gateway.Metrics(), StringComparison.Ordinal);
        gate.SetResult();
        Assert.Equal(200, (await waiting).Status);
    }

    [Fact]
    public async Task A_client_that_leaves_is_out_of_the_queue_at_once()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await Full(gate);
        using CancellationTokenSource leave = new();
        Task<HttpResponseMessage> waiting = rig.SendAsync(cancellation: leave.Token);
        await GatewayRig.Until(() => rig.Queued == 1, "it waits");
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await GatewayRig.Until(() => rig.Queued == 0, "it has left");
        gate.SetResult();
        await GatewayRig.Until(() => rig.InFlight == 0, "the first ends");
        Assert.Single(rig[0].Requests);
    }

    [Fact]
    public async Task Without_an_upstream_that_is_up_nobody_waits()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1, settings => settings with { Health = new() { Failures = 1 } });
        rig[0].Health = 500;
        await rig.Gateway.RefreshAsync(TestContext.Current.CancellationToken);
        (int status, string text) = await rig.AskAsync();
        Assert.Equal(503, status);
        Assert.Contains("\"code\":\"no_upstream\"", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_whose_upstreams_are_full_does_not_hold_up_another()
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(2, settings => settings with
        {
            PerUpstream = 1,
            Upstreams = [settings.Upstreams[0], settings.Upstreams[1] with { Models = ["other"] }],
        });
        rig[0].Answer = rig[0].Gated(gate.Task);
        using HttpResponseMessage first = await rig.SendAsync();
        Task<(int Status, string Text)> waiting = rig.AskAsync();
        await GatewayRig.Until(() => rig.Queued == 1, "it waits");
        Assert.Equal(200, (await rig.AskAsync(GatewayRig.Body(model: "other"))).Status);
        Assert.Equal(1, rig.Queued);
        gate.SetResult();
        Assert.Equal(200, (await waiting).Status);
    }

    [Fact]
    public async Task First_come_first_served()
    {
        Assert.Equal(["a1", "b1", "a2", "c1"], await OrderOf(QueueOrder.Fifo, ("a1", "a", 3), ("b1", "b", 0), ("a2", "a", 1), ("c1", "c", 0)));
    }

    [Fact]
    public async Task The_lowest_priority_number_goes_first_and_then_who_came_first()
    {
        Assert.Equal(["b1", "c1", "a2", "a1"], await OrderOf(QueueOrder.Priority, ("a1", "a", 3), ("b1", "b", 0), ("a2", "a", 1), ("c1", "c", 0)));
    }

    [Fact]
    public async Task A_client_that_floods_waits_for_itself()
    {
        // The flood is there first; under first come first served the other would be last.
        string[] order = await OrderOf(QueueOrder.Fair, ("a1", "a", 0), ("a2", "a", 0), ("a3", "a", 0), ("a4", "a", 0), ("b1", "b", 0), ("b2", "b", 0));
        Assert.Equal(["a1", "b1", "a2", "b2", "a3", "a4"], order);
    }

    [Fact]
    public async Task A_request_over_its_quota_is_refused_with_a_time_to_come_again()
    {
        await using GatewayRig rig = await GatewayRig.StartAsync(1, settings => settings with
        {
            Quotas = new Dictionary<string, QuotaSettings> { ["default"] = new(), ["tight"] = new() { RequestsPerMinute = 1 } },
        });
        Assert.Equal(200, (await rig.AskAsync(client: "tight")).Status);
        using HttpResponseMessage refused = await rig.SendAsync(client: "tight");
        Assert.Equal((429, 60.0), ((int)refused.StatusCode, refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
        Assert.Contains("This key may use 1 requests per minute", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal(200, (await rig.AskAsync(client: "other")).Status);
        rig.Time.Advance(60);
        Assert.Equal(200, (await rig.AskAsync(client: "tight")).Status);
    }

    [Fact]
    public async Task Stopping_refuses_what_waits_and_tells_open_streams()
    {
        TaskCompletionSource never = new();
        await using GatewayRig rig = await GatewayRig.StartAsync(1, settings => settings with { PerUpstream = 1 });
        rig[0].Answer = rig[0].Gated(never.Task);
        using HttpResponseMessage open = await rig.SendAsync();
        Task<(int Status, string Text)> waiting = rig.AskAsync();
        await GatewayRig.Until(() => rig.Queued == 1, "one waits");
        await rig.Gateway.DisposeAsync();
        Assert.Equal(503, (await waiting).Status);
        Assert.Contains("\"code\":\"stopping\"", await open.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await GatewayRig.Until(() => rig[0].Aborted == 1, "the upstream is told");
        (int status, string text) = await rig.AskAsync();
        Assert.Equal(503, status);
        Assert.Contains("\"code\":\"stopping\"", text, StringComparison.Ordinal);
    }

    /// <summary>One upstream with one place, which is taken until the gate opens.</summary>
    private static async Task<GatewayRig> Full(TaskCompletionSource gate, Func<GatewaySettings, GatewaySettings>? change = null)
    {
        GatewayRig rig = await GatewayRig.StartAsync(1, settings => (change?.Invoke(settings) ?? settings) with { PerUpstream = 1 });
        rig[0].Answer = rig[0].Gated(gate.Task);
        _ = rig.AskAsync("""{"model":"m","prompt":[1]}""", "first");
        await GatewayRig.Until(() => rig[0].Running == 1, "the place is taken");
        return rig;
    }

    /// <summary>The order in which requests reach the upstream that came while it was full, in the order given.</summary>
    private static async Task<string[]> OrderOf(QueueOrder order, params (string Text, string Client, int Priority)[] requests)
    {
        TaskCompletionSource gate = new();
        await using GatewayRig rig = await Full(gate, settings => settings with { Order = order });
        List<Task> all = [];
        for (int i = 0; i < requests.Length; i++)
        {
            all.Add(rig.AskAsync(GatewayRig.Body(requests[i].Text), requests[i].Client, requests[i].Priority));
            await GatewayRig.Until(() => rig.Queued == i + 1, "it waits");
        }
        gate.SetResult();
        await Task.WhenAll(all);
        return [.. rig[0].Requests.Skip(1).Select(request => requests.Single(r => request.Body.Contains($"\"{r.Text}\"", StringComparison.Ordinal)).Text)];
    }
}
