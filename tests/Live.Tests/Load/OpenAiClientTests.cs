using System.Text.Json;
using Orrery.Documents;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.Live.Load;
using Orrery.Traffic.Requests;
using Orrery.Traffic.Specs;

namespace Orrery.Live.Tests.Load;

/// <summary>The generator over sockets, against a server that counts. Nothing here depends on how long things take.</summary>
public sealed class OpenAiClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_request_is_sent_once_and_every_token_counted()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        LoadReport report = await RunAsync(server, "{generator: poisson, rate: 2000/s, requests: 200, prompt: {uniform: {min: 1, max: 60}}, output: {uniform: {min: 1, max: 20}}}");
        Request[] expected = Requests("{generator: poisson, rate: 2000/s, requests: 200, prompt: {uniform: {min: 1, max: 60}}, output: {uniform: {min: 1, max: 20}}}");
        Assert.Equal((200, 200, 0), (report.Arrived, report.Finished, report.EndedEarly + report.SharedEvents + report.Uncounted));
        Assert.Equal(expected.Sum(request => request.OutputTokens), report.OutputTokens);
        Assert.Equal((200, expected.Sum(request => request.OutputTokens - 1)), (report.Ttft.Count, report.Gaps.Count));
        (int, int)[] sent = [.. server.Bodies.Select(body => (body.GetProperty("prompt").GetArrayLength(), FakeServer.Limit(body))).Order()];
        Assert.Equal([.. expected.Select(request => (request.PromptTokens, request.OutputTokens)).Order()], sent);
        JsonElement any = server.Bodies.First();
        Assert.True(any.GetProperty("ignore_eos").GetBoolean() && any.GetProperty("stream").GetBoolean());
        Assert.Equal("toy", any.GetProperty("model").GetString());
    }

    [Fact]
    public async Task A_closed_loop_never_has_more_in_flight_than_clients()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        LoadReport report = await RunAsync(server, "{generator: closed-loop, users: 4, think: 0s, requests: 80, prompt: 8, output: 3}");
        Assert.Equal((80, 80, 80), (report.Arrived, report.Finished, server.Bodies.Count));
        Assert.InRange(server.MostInFlight, 1, 4);
        Assert.Equal(["0", "1", "2", "3"], server.Bodies.Select(body => body.GetProperty("user").GetString()!).Distinct().Order());
    }

    [Theory]
    [InlineData(429, LoadOutcome.Rejected)]
    [InlineData(503, LoadOutcome.Rejected)]
    [InlineData(400, LoadOutcome.Rejected)]
    [InlineData(500, LoadOutcome.Failed)]
    public async Task A_refusal_is_counted_with_its_reason(int status, LoadOutcome outcome)
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Answer = (context, _) => FakeServer.RefuseAsync(context, status, "come back later");
        LoadReport report = await RunAsync(server, Three);
        Assert.Equal((3, 0), (outcome == LoadOutcome.Rejected ? report.Rejected : report.Failed, report.Finished));
        Assert.Equal(($"{status}: come back later", 3), (report.Reasons.Single().Key, report.Reasons.Single().Value));
        Assert.True(report.Ttft.IsEmpty);
    }

    [Fact]
    public async Task A_broken_stream_is_a_failure_whose_tokens_count()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Answer = async (context, _) =>
        {
            await FakeServer.StreamAsync(context, 2, -1);
            context.Abort();
        };
        LoadReport report = await RunAsync(server, Three);
        Assert.Equal((3, 0, 3), (report.Failed, report.Finished, report.Reasons["the connection broke"]));
        Assert.InRange(report.OutputTokens, 0, 6);
    }

    [Fact]
    public async Task A_stream_that_ends_without_a_reason_is_a_failure()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Answer = (context, _) => FakeServer.StreamAsync(context, 2, -1);
        LoadReport report = await RunAsync(server, Three);
        Assert.Equal((3, 6, 3), (report.Failed, report.OutputTokens, report.Reasons["the stream broke off"]));
    }

    [Fact]
    public async Task What_is_no_event_stream_and_an_error_within_one_are_failures()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        int number = 0;
        server.Answer = (context, _) => Interlocked.Increment(ref number) switch
        {
            1 => Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, "hello", Cancellation),
            2 => EventAsync(context, """{"error":{"message":"out of memory"}}"""),
            _ => EventAsync(context, "no json"),
        };
        LoadReport report = await RunAsync(server, Three);
        Assert.Equal(3, report.Failed);
        Assert.Contains("error in the stream: out of memory", report.Reasons.Keys);
        Assert.Contains("the stream holds something that is no completion event", report.Reasons.Keys);

        static async Task EventAsync(Microsoft.AspNetCore.Http.HttpContext context, string data)
        {
            context.Response.ContentType = "text/event-stream";
            await FakeServer.WriteAsync(context, data);
        }
    }

    [Theory]
    [InlineData("cancelAfter", LoadOutcome.Cancelled)]
    [InlineData("timeout", LoadOutcome.TimedOut)]
    public async Task A_client_that_leaves_closes_the_connection(string key, LoadOutcome outcome)
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Answer = async (context, _) =>
        {
            await FakeServer.StreamAsync(context, 1, -1);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        };
        List<LoadRecord> records = [];
        Duration after = Duration.FromMilliseconds(40);
        using ScriptedSource source = new([.. Enumerable.Range(0, 3).Select(i => new Request
        {
            Id = i,
            Arrival = Instant.Zero,
            PromptTokens = 4,
            OutputTokens = 9,
            CancelAfter = key == "cancelAfter" ? after : Duration.Infinite,
            Timeout = key == "timeout" ? after : Duration.Infinite,
        })]);
        LoadReport report = await RunAsync(server, source, new() { Left = records.Add });
        Assert.Equal((3, 3), (report.Arrived, report.Cancelled + report.TimedOut));
        Assert.All(records, record => Assert.Equal(outcome, record.Outcome));
        for (int i = 0; i < 3; i++) Assert.True(await server.Gone.WaitAsync(TimeSpan.FromSeconds(10), Cancellation));
    }

    [Fact]
    public async Task Several_tokens_in_an_event_are_settled_by_the_usage()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        server.Answer = (context, body) => FakeServer.StreamAsync(context, 2, FakeServer.Limit(body));
        LoadReport report = await RunAsync(server, Three);
        Assert.Equal((3, 15, 9), (report.Finished, report.OutputTokens, report.SharedEvents));
        Assert.Equal(12, report.Gaps.Count);
    }

    [Fact]
    public async Task A_chat_gets_words_and_says_how_close_they_are()
    {
        await using FakeServer server = await FakeServer.StartAsync();
        // A template of 9 tokens and a token per word.
        server.Answer = (context, body) => FakeServer.StreamAsync(
            context, FakeServer.Limit(body), FakeServer.Limit(body), 9 + body.GetProperty("messages")[0].GetProperty("content").GetString()!.Split(' ').Length);
        using OpenAiServer client = new(server.Url + "/v1", null);
        RequestShape shape = new() { Model = "toy", Endpoint = LoadEndpoint.Chat };
        OpenAiClient http = new(client, shape, TimeProvider.System);
        (TextPrompts prompts, WordScale scale) = await PromptSources.FromWordsAsync(http, server.Url, 4096, 1, Cancellation);
        Assert.Equal((9.0, 1.0), (scale.Overhead, scale.PerWord));
        using ScriptedSource source = new([ScriptedSource.Asks(0, Duration.Zero, 100, 4), ScriptedSource.Asks(1, Duration.Zero, 5, 4)]);
        using LoadRun run = new(source, prompts, http, TimeProvider.System, new());
        LoadReport report = await run.RunAsync(Cancellation);
        Assert.Equal((2, 0, 5), (report.Finished, report.PromptDeviation.Min, report.PromptDeviation.Max));
        Assert.All(server.Paths, path => Assert.Equal("/v1/chat/completions", path));
    }

    private const string Three = "{generator: poisson, rate: 1000/s, requests: 3, prompt: 4, output: 5}";

    private static TrafficSpec Spec(string yaml) => TrafficSpec.Read(Document.Parse(yaml, "test"));

    private static Request[] Requests(string yaml)
    {
        using ITrafficSource source = Spec(yaml).Open(RandomStream.Root(1));
        List<Request> requests = [];
        SourceDrain.ForEach(source, Duration.Zero, requests.Add);
        return [.. requests];
    }

    private static async Task<LoadReport> RunAsync(FakeServer server, string yaml)
    {
        using ITrafficSource source = Spec(yaml).Open(RandomStream.Root(1));
        return await RunAsync(server, source, new());
    }

    private static async Task<LoadReport> RunAsync(FakeServer server, ITrafficSource source, LoadOptions options)
    {
        using OpenAiServer client = new(server.Url, null);
        TokenPrompts prompts = await PromptSources.FromServerAsync(client, "toy", 1, Cancellation);
        OpenAiClient http = new(client, new() { Model = "toy" }, TimeProvider.System);
        using LoadRun run = new(source, prompts, http, TimeProvider.System, options);
        return await run.RunAsync(Cancellation);
    }
}
