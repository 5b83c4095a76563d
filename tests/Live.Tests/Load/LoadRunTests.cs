using Orrery.Kernel.Time;
using Orrery.Live.Load;
using Orrery.Serving.Metrics;
using Orrery.Testing.Kernel;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Tests.Load;

/// <summary>The run against clients that answer in the time provider's time, exactly.</summary>
public sealed class LoadRunTests
{
    private static readonly TokenPrompts Prompts = new([.. Enumerable.Range(0, 100)], 1);

    [Fact]
    public async Task Requests_are_sent_at_their_times_and_figures_are_those_of_a_simulation()
    {
        ObedientTimeProvider time = new();
        ScriptedClient client = new(time) { FirstToken = Duration.FromMilliseconds(30), Gap = Duration.FromMilliseconds(10) };
        List<LoadRecord> records = [];
        using ScriptedSource source = new([.. Enumerable.Range(0, 5).Select(i => ScriptedSource.Asks(i, Duration.FromSeconds(i), 20, 4))]);
        LoadOptions options = new() { Left = records.Add, Objective = new(Duration.FromMilliseconds(50), Duration.FromMilliseconds(20)) };
        using LoadRun run = new(source, Prompts, client, time, options);
        LoadReport report = await run.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal([0, 1, 2, 3, 4], client.Sent.Select(request => request.Id));
        Assert.All(records, record => Assert.Equal(record.Request.Arrival, record.Sent));
        Assert.Equal((5, 5, 5, 20, 100), (report.Arrived, report.Finished, report.MetObjective, report.OutputTokens, report.PromptTokens));
        Assert.Equal((30_000_000, 30_000_000), (report.Ttft.Min, report.Ttft.Max));
        Assert.Equal((10_000_000, 10_000_000, 15), (report.Gaps.Min, report.Gaps.Max, report.Gaps.Count));
        Assert.Equal((10_000_000, 60_000_000, 15_000_000), (report.Tpot.Max, report.EndToEnd.Max, report.Normalized.Max));
        Assert.Equal(0, report.Lateness.Max);
        Assert.Equal(Duration.FromMilliseconds(4060), report.Span);
        Assert.Equal(ServingMetrics.QoePartsPerOne, report.Qoe.Mean);
        Assert.False(report.IsPartial);
    }

    [Fact]
    public async Task A_generator_that_is_held_up_counts_from_the_scheduled_arrival_and_reports_its_lateness()
    {
        ObedientTimeProvider time = new();
        // The first request holds the generator for half a second, as a collection or a busy machine would.
        ScriptedClient client = new(time) { FirstToken = Duration.FromMilliseconds(10), HoldsUp = request => request.Id == 0 ? Duration.FromMilliseconds(500) : Duration.Zero };
        List<LoadRecord> records = [];
        using ScriptedSource source = new([ScriptedSource.Asks(0, Duration.Zero, 4, 1), ScriptedSource.Asks(1, Duration.FromMilliseconds(100), 4, 1)]);
        using LoadRun run = new(source, Prompts, client, time, new() { Left = records.Add });
        LoadReport report = await run.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal(Instant.FromSeconds(0.5), records[1].Sent);
        Assert.Equal(Instant.FromSeconds(0.1), records[1].Request.Arrival);
        Assert.Equal(Instant.FromSeconds(0.51), records[1].FirstToken);
        Assert.Equal((410_000_000, 510_000_000), (report.Ttft.Min, report.Ttft.Max));
        Assert.Equal(400_000_000, report.Lateness.Max);
    }

    [Fact]
    public async Task Beyond_the_limit_requests_are_counted_as_not_sent_and_never_delayed()
    {
        ObedientTimeProvider time = new();
        ScriptedClient client = new(time) { Holds = true };
        List<LoadRecord> records = [];
        using ScriptedSource source = new([.. Enumerable.Range(0, 5).Select(i => ScriptedSource.Asks(i, Duration.FromSeconds(i), 4, 1))]) { AtEnd = client.ReleaseAll };
        using LoadRun run = new(source, Prompts, client, time, new() { MaxOutstanding = 2, Left = records.Add });
        LoadReport report = await run.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal([0, 1], client.Sent.Select(request => request.Id));
        Assert.Equal((5, 2, 3, 3), (report.Arrived, report.Finished, report.Rejected, report.NotSent));
        Assert.Equal(3, Assert.Single(report.Reasons).Value);
        Assert.Contains("not sent: 2 requests were in flight", report.Reasons.Keys.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outcomes_and_reasons_are_counted()
    {
        ObedientTimeProvider time = new();
        ScriptedClient client = new(time)
        {
            Result = request => request.Id switch
            {
                0 or 1 => new(StreamClose.Refused, "429: busy"),
                2 => new(StreamClose.Failed, "the stream broke off"),
                _ => new(StreamClose.Finished) { CompletionTokens = 6, PromptTokens = 5, CachedTokens = 3 },
            },
        };
        using ScriptedSource source = new([.. Enumerable.Range(0, 4).Select(i => ScriptedSource.Asks(i, Duration.FromSeconds(i), 4, 4))]);
        using LoadRun run = new(source, Prompts, client, time, new());
        LoadReport report = await run.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal((2, 1, 1), (report.Rejected, report.Failed, report.Finished));
        Assert.Equal([("429: busy", 2L), ("the stream broke off", 1L)], report.Reasons.Select(reason => (reason.Key, reason.Value)));
        // Two tokens more than events: they share the last event's time.
        Assert.Equal((2, 3L, 1), (report.SharedEvents, report.CachedTokens, report.PromptDeviation.Max));
        Assert.Equal(6, report.OutputTokens - (3 * 4));
    }

    [Fact]
    public async Task Warm_up_is_sent_first_and_not_counted()
    {
        ObedientTimeProvider time = new();
        ScriptedClient client = new(time) { FirstToken = Duration.FromMilliseconds(10) };
        using ScriptedSource source = new([ScriptedSource.Asks(0, Duration.Zero, 4, 2)]);
        LoadOptions options = new() { WarmUp = [.. Enumerable.Range(1, 10).Select(i => ScriptedSource.Asks(-i, Duration.Zero, 4, 2))] };
        using LoadRun run = new(source, Prompts, client, time, options);
        LoadReport report = await run.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal((11, 0), (client.Sent.Count, client.Sent[^1].Id));
        Assert.Equal((1, 1, 2, 10_000_000), (report.Arrived, report.Finished, report.OutputTokens, report.Ttft.Max));
    }

    [Fact]
    public async Task An_interrupted_run_ends_what_is_in_flight_and_says_so()
    {
        ObedientTimeProvider time = new();
        ScriptedClient client = new(time) { Holds = true };
        using CancellationTokenSource stop = new();
        using ScriptedSource source = new([.. Enumerable.Range(0, 100).Select(i => ScriptedSource.Asks(i, Duration.FromSeconds(i), 4, 1))]) { AtTake = request => { if (request.Id == 3) stop.Cancel(); } };
        using LoadRun run = new(source, Prompts, client, time, new());
        LoadReport report = await run.RunAsync(stop.Token);
        Assert.True(report.IsPartial);
        Assert.Equal((report.Arrived, client.Sent.Count), (report.Abandoned, (int)report.Arrived));
        Assert.InRange(report.Arrived, 3, 4);
    }

    [Fact]
    public async Task What_a_listener_throws_ends_the_run()
    {
        ObedientTimeProvider time = new();
        using ScriptedSource source = new([ScriptedSource.Asks(0, Duration.Zero, 4, 1)]);
        using LoadRun run = new(source, Prompts, new ScriptedClient(time), time, new() { Left = _ => throw new IOException("the disk is full") });
        await Assert.ThrowsAsync<IOException>(() => run.RunAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Pauses_for_tools_are_not_the_servers()
    {
        ObedientTimeProvider time = new();
        ScriptedClient client = new(time) { FirstToken = Duration.FromMilliseconds(30), Gap = Duration.FromMilliseconds(10), Pause = (2, Duration.FromSeconds(1)) };
        using ScriptedSource source = new([ScriptedSource.Asks(0, Duration.Zero, 4, 5, new ToolCall(2, Duration.FromSeconds(1), 3))]);
        using LoadRun run = new(source, Prompts, client, time, new());
        LoadReport report = await run.RunAsync(TestContext.Current.CancellationToken);
        Assert.Equal((10_000_000, 10_000_000, 1_070_000_000), (report.Gaps.Max, report.Tpot.Max, report.EndToEnd.Max));
    }
}
