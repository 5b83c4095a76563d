using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.Serving.Memory;
using Orrery.Serving.Replicas;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Sequences;
using Orrery.Serving.Systems;
using Orrery.Serving.Systems.HfStatic;
using Orrery.Serving.Systems.Orca;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Small scenarios whose outcome follows by hand: a step takes 5 ms and 0.1 ms per token.</summary>
public sealed class GoldenTests
{
    private const double Millisecond = 1e6;

    [Theory]
    [InlineData("hf-static", 115, 160.9)] // waits 100 ms for a second row
    [InlineData("ft", 15, 60.9)]
    [InlineData("orca", 15, 60.9)]
    [InlineData("vllm-v0", 15, 60.9)]
    [InlineData("vllm-v0-chunked", 15, 60.9)]
    [InlineData("vllm-v1", 15, 60.9)]
    [InlineData("priority", 15, 60.9)]
    [InlineData("vtc", 15, 60.9)]
    [InlineData("lamps", 15, 60.9)]
    [InlineData("sarathi-serve", 15, 60.9)]
    [InlineData("fastgen", 15, 60.9)]
    public void OneRequest(string name, double firstMilliseconds, double lastMilliseconds)
    {
        // 100 prompt tokens: 5 + 10 ms; then nine decodes of 5.1 ms.
        Sequence sequence = Assert.Single(Run(Default(name), [At(0, 100, 10)]).Sequences);
        Assert.Equal(firstMilliseconds, sequence.FirstToken.Nanoseconds / Millisecond);
        Assert.Equal(lastMilliseconds, sequence.LastToken.Nanoseconds / Millisecond);
    }

    [Theory]
    [InlineData("vllm-v0", 830.0)] // 8192 tokens alone: 824.2 ms, then the decode of eight: 5.8 ms
    [InlineData("vllm-v0-chunked", 56.2)] // one step of 512 tokens
    [InlineData("vllm-v1", 209.8)] // one step of 2048 tokens
    [InlineData("sarathi-serve", 56.2)] // one step of 512 tokens
    [InlineData("fastgen", 81.8)] // one pass of 768 tokens
    public void ALongPromptStallsDecodes(string name, double worstGapMilliseconds)
    {
        List<Request> requests = [.. Enumerable.Range(0, 8).Select(_ => At(0, 16, 200)), At(0.1, 8192, 1)];
        FleetOutcome outcome = Run(Default(name), requests, blocks: 2000);
        Assert.Equal(worstGapMilliseconds, outcome.Metrics.Gaps.Summarize(1)!.Max / Millisecond);
    }

    [Theory]
    [InlineData("vllm-v0", 1, 64 + 64 + 81)]
    [InlineData("vllm-v0-chunked", 1, 64 + 64 + 81)]
    [InlineData("vllm-v1", 1, 64 + 64 + 81)]
    [InlineData("priority", 1, 64 + 64 + 81)]
    [InlineData("sarathi-serve", 1, 64 + 64 + 81)]
    [InlineData("fastgen", 1, 64 + 64 + 81)] // both stand still with five full blocks: the last is flushed
    [InlineData("vtc", 0, 64 + 64)] // its memory test admits the second when the first has left
    [InlineData("ft", 0, 64 + 64)]
    [InlineData("orca", 0, 64 + 64)]
    public void MemoryRunsOut(string name, int recomputes, int prefillTokens)
    {
        // Ten blocks of 16. Both enter with 4, decode to 80 tokens with 5, and the first to need a sixth evicts the second, which has
        // 64 + 17 tokens then and comes back when the first has left.
        FleetOutcome outcome = Run(Default(name), [At(0, 64, 40), At(0, 64, 40)], blocks: 10);
        ReplicaCounters counters = outcome.Fleet.Replicas[0].Counters;
        Assert.Equal(recomputes, counters.Preemptions);
        Assert.Equal(prefillTokens, counters.PrefillTokens);
        Assert.Equal(80, counters.OutputTokens);
    }

    [Fact]
    public void ASharedPrefixIsComputedOnce()
    {
        const int prefix = 1000;
        const int suffix = 50;
        const int shared = prefix / 16 * 16; // full blocks only
        List<Request> requests = [.. Enumerable.Range(0, 100).Select(i => At(i * 0.01, prefix + suffix, 5, prefix: prefix))];
        FleetOutcome outcome = Run(Default("vllm-v1"), requests, blocks: 1000, cached: true);
        Assert.Equal(prefix + suffix + 99 * (prefix + suffix - shared), outcome.Fleet.Replicas[0].Counters.PrefillTokens);
    }

    [Fact]
    public void StaticBatchesLoseMoreTheMoreOutputsVary()
    {
        double none = StaticOverContinuous([100, 100, 100, 100]);
        double some = StaticOverContinuous([40, 80, 120, 160]);
        double much = StaticOverContinuous([10, 10, 10, 370]);
        Assert.True(none < 1.02, $"{none}");
        Assert.True(some > 1.3 && much > 1.3 * some, $"{none} {some} {much}");
    }

    [Fact]
    public void CapacityGrowsFromReservationToPaging()
    {
        // Outputs of 20 to 400 tokens under a model limit of 2048, 9600 tokens of memory, and steps that larger batches hardly lengthen:
        // the more memory is held in vain, the later the end.
        ToyCost flat = new(Duration.FromMilliseconds(20), Duration.FromMicroseconds(10), default, Duration.FromNanoseconds(1));
        List<Request> requests = [.. Enumerable.Range(0, 200).Select(i => At(0, 50 + 37 * i % 200, 20 + 131 * i % 380))];
        double Seconds(SchedulerSpec spec) => Run(spec, requests, blocks: 600, maxModelTokens: 2048, cost: flat).Clock.Now.Nanoseconds / 1e9;
        double hf = Seconds(new HfStaticOptions { MaxBatchSize = 64 });
        double ft = Seconds(Default("ft"));
        double max = Seconds(new OrcaOptions { MaxBatchSize = 64 });
        double pow2 = Seconds(new OrcaOptions { MaxBatchSize = 64, Reservation = Reservation.Pow2 });
        double oracle = Seconds(new OrcaOptions { MaxBatchSize = 64, Reservation = Reservation.Oracle });
        string all = FormattableString.Invariant($"hf {hf:F1} ft {ft:F1} max {max:F1} pow2 {pow2:F1} oracle {oracle:F1}");
        Assert.True(hf > 1.2 * max && ft > 1.2 * max, all);
        Assert.True(max > 1.5 * pow2 && pow2 > oracle, all);
        foreach (string name in new[] { "vllm-v0", "vllm-v0-chunked", "vllm-v1" }) Assert.True(Seconds(Default(name)) < oracle, $"{name} {Seconds(Default(name))}, {all}");
    }

    [Fact]
    public void BudgetedStepsGiveSmootherTokensAndPromptsFirstFasterOnes()
    {
        List<Request> requests = [.. Enumerable.Range(0, 100).Select(i => At(i * 0.3, 1500, 50))];
        FleetOutcome v0 = Run(Default("vllm-v0"), requests, blocks: 2000);
        FleetOutcome v1 = Run(Default("vllm-v1"), requests, blocks: 2000);
        Assert.True(v1.Metrics.Gaps.Summarize(1)!.P99 < v0.Metrics.Gaps.Summarize(1)!.P99);
        Assert.True(v0.Metrics.Ttft.Summarize(1)!.Mean <= v1.Metrics.Ttft.Summarize(1)!.Mean);
    }

    [Fact]
    public void WhatCanNeverFitIsRefusedWithItsReason()
    {
        // 100 blocks, one of them the watermark: 1600 tokens may run but 1590 may not be admitted.
        Sequence large = Assert.Single(Run(Default("vllm-v0"), [At(0, 1590, 5)], blocks: 100).Sequences);
        Assert.Equal(Outcome.Rejected, large.Outcome);
        Assert.Contains("KV memory", large.Reason, StringComparison.Ordinal);
        Sequence blind = Assert.Single(Run(new OrcaOptions { Reservation = Reservation.Oracle }, [At(0, 10, 5)], predicts: false).Sequences);
        Assert.Contains("no predictor", blind.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void UrgentRequestsEvictOthers()
    {
        // The long request holds 63 of 64 blocks when an urgent one of two blocks comes: it leaves at once and is recomputed.
        List<Request> requests = [At(0, 1000, 10, priority: 5), At(0.11, 32, 1, priority: 0)];
        FleetOutcome outcome = Run(Default("priority"), requests, blocks: 64);
        Assert.Equal([1L, 0L], outcome.Sequences.Select(sequence => sequence.Id));
        Assert.Equal(1, outcome.Fleet.Replicas[0].Counters.Preemptions);
        Assert.Equal(0, Run(Default("vllm-v0"), requests, blocks: 64).Fleet.Replicas[0].Counters.Preemptions);
    }

    private static double StaticOverContinuous(int[] outputs)
    {
        List<Request> requests = [.. Enumerable.Range(0, 64).Select(i => At(0, 64, outputs[i % outputs.Length], maxTokens: outputs[i % outputs.Length]))];
        FleetOutcome fixedBatches = Run(new HfStaticOptions { MaxBatchSize = 8 }, requests, blocks: 1000);
        FleetOutcome continuous = Run(new OrcaOptions { MaxBatchSize = 8, Reservation = Reservation.MaxTokens }, requests, blocks: 1000);
        return fixedBatches.Clock.Now.Nanoseconds / (double)continuous.Clock.Now.Nanoseconds;
    }

    private static SchedulerSpec Default(string name) => Schedulers.Registry.Find(name).Default;

    private static Request At(double seconds, int prompt, int output, int maxTokens = 0, int priority = 0, int prefix = 0) => new()
    {
        Id = 0,
        Arrival = Instant.FromNanoseconds((long)Math.Round(seconds * 1e9)),
        PromptTokens = prompt,
        OutputTokens = output,
        MaxTokens = maxTokens,
        Priority = priority,
        Content = prefix > 0 ? [new TokenSpan(1, prefix)] : null,
    };

    private static FleetOutcome Run(
        SchedulerSpec spec, List<Request> requests, int blocks = 1000, int maxModelTokens = 16384, bool cached = false, bool predicts = true, ToyCost? cost = null)
    {
        ReplicaFacts facts = new(maxModelTokens, "l40s", Bytes.FromGibibytes(48));
        return new FleetHarness
        {
            Scheduler = () => spec.Create(facts),
            Memory = () => cached ? new PrefixCachedMemory(blocks, 16) : new PagedMemory(blocks, 16),
            MaxModelTokens = maxModelTokens,
            Predictor = request => predicts ? request.OutputTokens : 0,
            Cost = cost ?? new ToyCost(Duration.FromMilliseconds(5), Duration.FromMicroseconds(100), default, Duration.FromNanoseconds(1)),
        }.Run(new ScriptedTraffic([.. requests.Select(Numbered)]));
    }

    private static Request Numbered(Request request, int id) => new()
    {
        Id = id,
        Arrival = request.Arrival,
        PromptTokens = request.PromptTokens,
        OutputTokens = request.OutputTokens,
        MaxTokens = request.MaxTokens,
        Priority = request.Priority,
        Content = request.Content,
    };
}
