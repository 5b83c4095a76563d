using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Serving.Routing;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Serving.Systems.Vtc;

namespace Orrery.Serving.Tests.Systems;

/// <summary>Every published default equals the code's.</summary>
public sealed class DefaultsTests
{
    [Theory]
    [InlineData("hf-static", "maxBatchSize", "8")]
    [InlineData("hf-static", "timeout", "100ms")]
    [InlineData("ft", "maxBatchSize", "128")]
    [InlineData("orca", "reservation", "max")]
    [InlineData("orca", "maxBatchSize", "16")]
    [InlineData("orca", "maxBatchedTokens", "null")]
    [InlineData("vllm-v0", "maxBatchedTokens", "null")]
    [InlineData("vllm-v0", "maxSequences", "256")]
    [InlineData("vllm-v0", "watermark", "0.01")]
    [InlineData("vllm-v0", "delayFactor", "0")]
    [InlineData("vllm-v0-chunked", "maxBatchedTokens", "512")]
    [InlineData("vllm-v0-chunked", "maxSequences", "256")]
    [InlineData("vllm-v0-chunked", "watermark", "0.01")]
    [InlineData("vllm-v1", "maxBatchedTokens", "null")]
    [InlineData("vllm-v1", "maxSequences", "null")]
    [InlineData("vllm-v1", "longPrefillThreshold", "null")]
    [InlineData("vllm-v1", "maxPartialPrefills", "1")]
    [InlineData("vllm-v1", "policy", "fcfs")]
    [InlineData("priority", "maxSequences", "256")]
    [InlineData("priority", "watermark", "0.01")]
    [InlineData("priority", "maxBatchedTokens", "null")]
    [InlineData("lamps", "tokenBudget", "384")]
    [InlineData("lamps", "starvationThreshold", "100")]
    [InlineData("lamps", "starvationQuantum", "100000")]
    [InlineData("lamps", "starvationCount", "served")]
    [InlineData("lamps", "rank", "exact")]
    [InlineData("priority-refresh", "frequency", "0.04")]
    [InlineData("priority-refresh", "pattern", "random")]
    [InlineData("priority-refresh", "keepServed", "0.9")]
    [InlineData("priority-refresh", "keepWaiting", "0.5")]
    [InlineData("nanoflow", "batchTokens", "2048")]
    [InlineData("nanoflow", "meanPrompt", "null")]
    [InlineData("nanoflow", "meanOutput", "null")]
    [InlineData("nanoflow", "slack", "0.1")]
    [InlineData("nanoflow", "asynchronous", "true")]
    [InlineData("trail", "limit", "0.8")]
    [InlineData("trail", "refine", "true")]
    [InlineData("trail", "predictEvery", "1")]
    [InlineData("trail", "margin", "0")]
    [InlineData("trail", "maxPreemptions", "null")]
    [InlineData("trail", "maxBatchedTokens", "512")]
    [InlineData("trail", "maxSequences", "256")]
    [InlineData("trail", "watermark", "0.01")]
    [InlineData("vtc", "inputWeight", "1")]
    [InlineData("vtc", "outputWeight", "2")]
    [InlineData("vtc", "clientWeights", "")]
    [InlineData("vtc", "lift", "true")]
    [InlineData("vtc", "charge", "generated")]
    [InlineData("vtc", "cost", "weighted")]
    [InlineData("vtc", "order", "counter")]
    [InlineData("vtc", "requestsPerMinute", "null")]
    [InlineData("vtc", "maxSequences", "256")]
    [InlineData("vtc", "maxBatchedTokens", "null")]
    [InlineData("sarathi-serve", "tokenBudget", "512")]
    [InlineData("sarathi-serve", "maxSequences", "128")]
    [InlineData("sarathi-serve", "watermark", "0.01")]
    [InlineData("sarathi-serve", "batching", "stall-free")]
    [InlineData("sarathi-serve", "dynamicChunks", "false")]
    [InlineData("sarathi-serve", "chunkHigh", "2048")]
    [InlineData("sarathi-serve", "chunkLow", "128")]
    [InlineData("sarathi-serve", "chunkStages", "16")]
    [InlineData("sarathi-serve", "chunkScheduleTokens", "131072")]
    [InlineData("fastgen", "tokenBudget", "768")]
    [InlineData("fastgen", "maxSequences", "512")]
    [InlineData("fastgen", "maxTrackedSequences", "2048")]
    public void AsPublished(string system, string key, string text) =>
        Assert.Equal(text, Schedulers.Registry.Find(system).Options.Single(option => option.Key == key).Default);

    [Theory]
    [InlineData("vllm-v0", 4096, 4096)]
    [InlineData("vllm-v0", 1024, 2048)]
    [InlineData("vllm-v0-chunked", 4096, 512)]
    [InlineData("vllm-v1", 4096, 2048)]
    [InlineData("priority", 4096, 4096)]
    [InlineData("sarathi-serve", 4096, 512)]
    [InlineData("fastgen", 4096, 768)]
    [InlineData("orca", 4096, 4096 + 16)]
    public void StepBudgets(string system, int maxModelTokens, int tokens) =>
        Assert.Equal(tokens, Schedulers.Registry.Find(system).Default.MaxStepTokens(new(maxModelTokens, "l40s", Bytes.FromGibibytes(48))));

    [Theory]
    [InlineData("h100-sxm", 80, 8192)]
    [InlineData("a100-sxm-80gb", 80, 2048)]
    [InlineData("l40s", 48, 2048)]
    public void V1KnowsLargeDevices(string device, int gibibytes, int tokens) =>
        Assert.Equal(tokens, new VllmV1Options().MaxStepTokens(new(4096, device, Bytes.FromGibibytes(gibibytes))));

    [Fact]
    public void OnlyTheseSharePrefixesByDefault() =>
        Assert.Equal(["vllm-v1", "batchllm"], Schedulers.Registry.All.Where(plugin => plugin.Default.UsesPrefixCache).Select(plugin => plugin.Name));

    [Fact]
    public void FastGenHasLargeBlocks() =>
        Assert.Equal(["fastgen"], Schedulers.Registry.All.Where(plugin => plugin.Default.UsualBlockTokens != 16).Select(plugin => plugin.Name));

    [Fact]
    public void ServicePricesAreExact()
    {
        Assert.Equal(300_000 + 1_000_000, new ServicePrice(new()).Of(3, 5));
        // 0.210·3 + 0.1008·5 + 0.00399·15 + 0.00325·25 + 1.146
        Assert.Equal(242_110, new ServicePrice(new() { Cost = CostFunction.Profiled }).Of(3, 5));
    }

    [Fact]
    public void BadClientWeightsAreNamed()
    {
        SchedulerSpec spec = new VtcOptions { ClientWeights = "1, x" };
        InputException error = Assert.Throws<InputException>(() => spec.Create(new(4096, "toy", default)));
        Assert.Contains("'x'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryDefaultSurvivesTheLockFile()
    {
        foreach (Plugin<SchedulerSpec> plugin in Schedulers.Registry.All)
            Assert.Equal(plugin.Default, Schedulers.Registry.Read(Schedulers.Registry.ToNode(plugin.Default)));
        foreach (Plugin<RouterSpec> plugin in SystemRouters.Registry.All)
            Assert.Equal(plugin.Default, SystemRouters.Registry.Read(SystemRouters.Registry.ToNode(plugin.Default)));
    }
}
