using System.Text.Json;
using Orrery.Engine.Attention;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Live.Replicas;
using Orrery.Live.Settings;
using Orrery.Live.Streams;
using Orrery.Serving.Calls;
using Orrery.Serving.Execution;
using Orrery.Serving.Replicas;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems.HfStatic;
using Orrery.Serving.Systems.SmartSpec;

namespace Orrery.Live.Tests.Replicas;

public sealed class LiveHostTests
{
    [Fact]
    public async Task Several_models_run_side_by_side()
    {
        await using LiveHost host = LiveHost.Start([new() { Id = "one", Threads = 1 }, new() { Id = "two", Threads = 1, KvType = KvType.F16 }], LiveBench.Options);
        List<GenerationRequest> requests = LiveBench.Mixed(5);
        Answer[][] answers = await Task.WhenAll(LiveBench.Run(host.Model(0), requests), LiveBench.Run(host.Model(1), requests));
        LiveBench.AssertAlone(requests, answers[0]);
        LiveBench.AssertAlone(requests, answers[1]);
        using JsonDocument state = JsonDocument.Parse(await host.StateAsync(TestContext.Current.CancellationToken));
        JsonElement[] models = [.. state.RootElement.GetProperty("models").EnumerateArray()];
        Assert.Equal(["one", "two"], models.Select(model => model.GetProperty("id").GetString()));
        Assert.All(models, model => Assert.Equal(requests.Count, model.GetProperty("requests").GetProperty("finished").GetInt32()));
        Assert.Equal("vllm-v1", models[0].GetProperty("scheduler").GetString());
        await LiveBench.AssertAllFree(host);
    }

    [Fact]
    public async Task Draining_serves_what_runs_and_refuses_what_comes()
    {
        await using LiveHost host = LiveBench.Start(new());
        GenerationRequest request = LiveBench.Request("In the beginning", 40);
        GenerationStream running = host.Model().Start(request);
        Assert.True(await running.WaitAsync(TestContext.Current.CancellationToken));
        Task drained = host.DrainAsync(TimeSpan.FromSeconds(20));
        Answer late = await LiveBench.Read(host.Model().Start(request));
        Assert.Equal(StreamEnd.Failed, late.End);
        Assert.Contains("shutting down", late.Reason, StringComparison.Ordinal);
        await drained;
        LiveBench.AssertAlone([request], [await LiveBench.Read(running)]);
        Assert.Null(host.Fault);
    }

    [Fact]
    public async Task Stopping_fails_what_still_runs()
    {
        LiveHost host = LiveBench.Start(new());
        List<GenerationStream> streams = [.. LiveBench.Mixed(6, 60).Select(host.Model().Start)];
        await host.DisposeAsync();
        foreach (GenerationStream stream in streams)
        {
            Answer answer = await LiveBench.Read(stream);
            Assert.True(answer.End is StreamEnd.Failed or StreamEnd.Length, $"{answer.End}");
        }
        Assert.Equal(StreamEnd.Failed, (await LiveBench.Read(host.Model().Start(LiveBench.Request("The", 3)))).End);
        await Assert.ThrowsAsync<InputException>(() => host.StateAsync(TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ModelUnavailableException>(() => host.Model().EmbedAsync([1], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_engine_that_fails_fails_every_answer_and_says_so()
    {
        await using LiveHost host = LiveBench.Start(new());
        host.Model().Store.Dispose();
        Answer[] answers = await LiveBench.Run(host.Model(), LiveBench.Mixed(4));
        Assert.All(answers, answer => Assert.Equal(StreamEnd.Failed, answer.End));
        Assert.Contains("tiny-kjv", host.Fault, StringComparison.Ordinal);
        Assert.Equal(StreamEnd.Failed, (await LiveBench.Read(host.Model().Start(LiveBench.Request("The", 3)))).End);
    }

    [Fact]
    public async Task One_engine_that_fails_leaves_the_other_models_alone()
    {
        await using LiveHost host = LiveHost.Start([new() { Id = "broken", Threads = 1 }, new() { Id = "sound", Threads = 1 }], LiveBench.Options);
        LiveModel broken = host.Model();
        broken.Store.Dispose();
        Assert.All(await LiveBench.Run(broken, LiveBench.Mixed(3)), answer => Assert.Equal(StreamEnd.Failed, answer.End));
        Assert.Contains("broken", broken.Fault, StringComparison.Ordinal);
        Assert.Null(host.Fault);
        List<GenerationRequest> requests = LiveBench.Mixed(3);
        LiveBench.AssertAlone(requests, await LiveBench.Run(host.Model(1), requests));
    }

    [Fact]
    public async Task A_loop_that_fails_fails_every_answer_and_says_so()
    {
        await using LiveHost host = LiveBench.Start(new(), LiveBench.Options with { Observers = [_ => new Broken()] });
        Answer[] answers = await LiveBench.Run(host.Model(), LiveBench.Mixed(4));
        Assert.All(answers, answer => Assert.Equal(StreamEnd.Failed, answer.End));
        Assert.Contains("out of ink", host.Fault, StringComparison.Ordinal);
        Assert.Equal(StreamEnd.Failed, (await LiveBench.Read(host.Model().Start(LiveBench.Request("The", 3)))).End);
    }

    [Fact]
    public async Task Metrics_are_written_on_the_loop()
    {
        Thread? writer = null;
        await using LiveHost host = LiveBench.Start(new(), LiveBench.Options with
        {
            Metrics = live =>
            {
                writer = Thread.CurrentThread;
                return $"{live.Models.Count} model";
            },
        });
        Assert.Equal("1 model", await host.MetricsAsync(TestContext.Current.CancellationToken));
        Assert.NotEqual(Thread.CurrentThread, writer);
    }

    [Theory]
    [InlineData("memory", "room")]
    [InlineData("kv", "machine has")]
    [InlineData("block", "kvMemory")]
    [InlineData("context", "contextLength")]
    [InlineData("oracle", "outputLength")]
    [InlineData("swap", "hostSwap")]
    [InlineData("calls", "calls")]
    [InlineData("step", "stepTokens")]
    [InlineData("smartspec", "step times")]
    [InlineData("rows", "speculate")]
    [InlineData("twins", "two models")]
    public void What_cannot_be_served_is_refused_in_a_sentence(string what, string word)
    {
        ModelSettings one = new() { Threads = 1 };
        IReadOnlyList<ModelSettings> models = what switch
        {
            "kv" => [one with { KvMemory = Bytes.FromGibibytes(2) }],
            "block" => [one with { KvMemory = new Bytes(100) }],
            "context" => [one with { ContextLength = 4096 }],
            "oracle" => [one with { OutputLength = new() { Use = "oracle" } }],
            "swap" => [one with { Swap = new(), PrefixCache = true }],
            "calls" => [one with { Calls = new SwapPausedOptions() }],
            "step" => [one with { StepTokens = 4 }],
            "smartspec" => [one with { Draft = new(new SmartSpecOptions(), null, 3) }],
            "rows" => [one with { Scheduler = new HfStaticOptions(), Draft = new(new Serving.Drafting.FixedDraftsOptions(), null, 3) }],
            "twins" => [one, one],
            _ => [one],
        };
        Bytes memory = what == "memory" ? new Bytes(1000) : Bytes.FromGibibytes(1);
        InputException wrong = Assert.Throws<InputException>(() => LiveHost.Start(models, LiveBench.Options with { Memory = memory }));
        Assert.Contains(word, wrong.Message, StringComparison.Ordinal);
    }

    private sealed class Broken : ILiveObserver
    {
        public void Left(Sequence sequence)
        {
        }

        public void Planned(Replica replica, StepPlan plan) => throw new InvalidOperationException("out of ink");

        public void Ended(Replica replica, StepRun run)
        {
        }
    }
}
