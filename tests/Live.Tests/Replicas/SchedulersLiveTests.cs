using Orrery.Documents;
using Orrery.Live.Replicas;
using Orrery.Live.Streams;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Swap;
using Orrery.Serving.Systems;
using Orrery.Serving.Systems.SarathiServe;
using Orrery.Serving.Systems.Trail;
using Orrery.Serving.Systems.VllmV0;
using Orrery.Serving.Systems.VllmV1;

namespace Orrery.Live.Tests.Replicas;

/// <summary>Whatever decides, and however little memory there is, each request gets the tokens that it gets alone.</summary>
public sealed class SchedulersLiveTests
{
    public static TheoryData<string> Names() => [.. Schedulers.Registry.Names.Where(name => Read(name).WhyNotLive is null)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_scheduler_gives_the_answers_of_the_engine_alone(string name)
    {
        // Room for two of the longest sequences: the schedulers that reserve take turns, the others preempt.
        await using LiveHost host = LiveBench.Start(new() { Scheduler = Read(name), KvMemory = LiveBench.Pages(17) });
        await Check(host);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Shared_prefixes_change_no_token(string name)
    {
        await using LiveHost host = LiveBench.Start(new() { Scheduler = Read(name), KvMemory = LiveBench.Pages(24), PrefixCache = true });
        await Check(host);
        Assert.True(host.Model().Design.PrefixCache);
    }

    [Fact]
    public async Task Pages_claimed_in_the_order_of_rank_are_filled_before_they_are_read()
    {
        await using LiveHost host = LiveBench.Start(new()
        {
            Scheduler = new TrailOptions { MaxBatchedTokens = 4096, MaxSequences = 64 },
            KvMemory = LiveBench.Pages(400),
            PrefixCache = true,
        });
        LiveModel model = host.Model();
        // The policy learns whose answers are short: they go first, and later arrivals among them claim memory before earlier ones.
        await LiveBench.Run(model, [LiveBench.Request("The", 60) with { Client = "long" }, LiveBench.Request("And", 2) with { Client = "short" }]);
        for (int round = 0; round < 6; round++)
        {
            int[] shared = [.. Enumerable.Range(0, 48).Select(i => 300 + ((i * 7) + (round * 13)) % 500)];
            List<GenerationRequest> requests = [LiveBench.Request("In the beginning", 40)];
            for (int i = 0; i < 20; i++)
            {
                int[] own = [.. Enumerable.Range(0, 70).Select(j => 300 + ((j * 11) + (i * 17)) % 500)];
                requests.Add(LiveBench.Request("x", 3) with { Prompt = [.. shared, .. own], Client = i < 10 ? "long" : "short" });
            }
            LiveBench.AssertAlone(requests, await LiveBench.Run(model, requests));
        }
        Assert.True(model.Replica.Counters.LargestBatch >= 10, $"{model.Replica.Counters.LargestBatch} sequences in the largest step");
        await LiveBench.AssertAllFree(host);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Swapped_sequences_go_on_with_the_same_tokens(string name)
    {
        SchedulerSpec scheduler = Read(name);
        if (!scheduler.TakesKvBack) return;
        await using LiveHost host = LiveBench.Start(new()
        {
            Scheduler = scheduler,
            KvMemory = LiveBench.Pages(12),
            Swap = new() { Size = LiveBench.Pages(64), Out = CopyMode.Adaptive, In = CopyMode.Adaptive, Reuse = true },
        });
        await Check(host);
    }

    [Fact]
    public async Task Little_memory_preempts_by_recomputing_and_by_swapping()
    {
        await using LiveHost recomputes = LiveBench.Start(new() { Scheduler = new VllmV0Options(), KvMemory = LiveBench.Pages(10) });
        await Check(recomputes);
        Assert.True(recomputes.Model().Replica.Counters.Preemptions > 0);
        await using LiveHost swaps = LiveBench.Start(new() { Scheduler = new VllmV0Options(), KvMemory = LiveBench.Pages(10), Swap = new() { Size = LiveBench.Pages(64) } });
        await Check(swaps);
        KvSwap pool = swaps.Model().Replica.Swap!;
        Assert.True(pool.TokensIn > 0);
        Assert.Equal(pool.TotalTokens, pool.FreeTokens + pool.SpareTokens);
    }

    [Fact]
    public async Task Prompts_in_slices_and_steps_in_several_passes_change_no_token()
    {
        await using LiveHost slices = LiveBench.Start(new() { Scheduler = new SarathiServeOptions { TokenBudget = 8 } });
        await Check(slices);
        await using LiveHost passes = LiveBench.Start(new() { StepTokens = 16 });
        await Check(passes);
    }

    [Fact]
    public async Task Steps_are_as_large_as_the_settings_say_where_the_scheduler_leaves_it_open()
    {
        await using LiveHost open = LiveBench.Start(new() { StepTokens = 64 });
        Assert.Equal(64, ((VllmV1Options)open.Model().Design.Scheduler).MaxBatchedTokens);
        await using LiveHost written = LiveBench.Start(new() { StepTokens = 64, Scheduler = new VllmV1Options { MaxBatchedTokens = 100 } });
        Assert.Equal(100, ((VllmV1Options)written.Model().Design.Scheduler).MaxBatchedTokens);
        await Check(written);
    }

    [Fact]
    public async Task A_prefix_that_another_request_computed_is_not_computed_again()
    {
        await using LiveHost host = LiveBench.Start(new());
        GenerationRequest request = LiveBench.Request("And it came to pass in those days, that there went out a decree from Caesar Augustus, that all the world should be taxed", 8);
        Answer first = (await LiveBench.Run(host.Model(), [request]))[0];
        Answer second = (await LiveBench.Run(host.Model(), [request]))[0];
        Assert.Equal(0, first.Usage.CachedTokens);
        Assert.Equal((request.Prompt.Length - 1) / 16 * 16, second.Usage.CachedTokens);
        Assert.Equal(first.Line, second.Line);
        LiveBench.AssertAlone([request], [second]);
    }

    private static async Task Check(LiveHost host)
    {
        List<GenerationRequest> requests = LiveBench.Mixed(9);
        Answer[] answers = await LiveBench.Run(host.Model(), requests);
        LiveBench.AssertAlone(requests, answers);
        await LiveBench.AssertAllFree(host);
    }

    private static SchedulerSpec Read(string name) => Schedulers.Registry.Read(Node.Plain(name));
}
