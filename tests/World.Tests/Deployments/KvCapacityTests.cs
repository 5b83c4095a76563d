using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.World.Tests.Deployments;

public sealed class KvCapacityTests
{
    [Fact]
    public void Blocks_follow_from_the_printed_parts()
    {
        Deployment deployment = Make("llama-3.1-8b", "h100-sxm", new());
        KvCapacity capacity = KvCapacity.Of(deployment, utilization: 0.9, blockTokens: 16, maxBatchedTokens: 8192, maxSequences: 1024);
        Assert.Equal((long)(0.9 * deployment.Device.UsableMemory.Count), capacity.Budget.Count);
        Assert.Equal(capacity.Budget, capacity.Weights + capacity.Activations + capacity.Collectives + capacity.Runtime + capacity.Kv);
        Assert.Equal(131072 * 16, capacity.KvPerBlock.Count);
        Assert.Equal(capacity.Kv.Count / capacity.KvPerBlock.Count, capacity.Blocks);
        // 0.9·85.5 GB − 16.1 − 3.5 − about 1.6 leaves 55-56 GB, 131,072 bytes per token.
        Assert.InRange(capacity.Tokens, 400_000, 440_000);
    }

    [Fact]
    public void The_tightest_stage_decides()
    {
        KvCapacity capacity = KvCapacity.Of(Make("llama-2-70b", "a40", new(4, 3)));
        Assert.Equal(0, capacity.Stage);
        KvCapacity even = KvCapacity.Of(Make("llama-2-70b", "a40", new(4, 2)));
        Assert.True(even.Blocks < capacity.Blocks);
    }

    [Fact]
    public void Data_ranks_multiply_blocks_and_eight_bit_kv_doubles_them()
    {
        KvCapacity one = KvCapacity.Of(Make("llama-3.1-8b", "h100-sxm", new(1, 1, 1, 2)), maxBatchedTokens: 4096);
        KvCapacity single = KvCapacity.Of(Make("llama-3.1-8b", "h100-sxm", new()), maxBatchedTokens: 2048);
        Assert.InRange((double)one.Blocks / single.Blocks, 1.97, 2.0);
        KvCapacity eight = KvCapacity.Of(Make("llama-3.1-8b", "h100-sxm", new(), new(Precision.Bf16, Precision.Fp8)), maxBatchedTokens: 2048);
        Assert.InRange(eight.Blocks - (2 * single.Blocks), 0, 1);
    }

    [Fact]
    public void More_utilization_and_fewer_batched_tokens_mean_more_blocks()
    {
        Deployment deployment = Make("llama-3.1-70b", "a100-sxm-80gb", new(4));
        long before = 0;
        foreach (double utilization in (double[])[0.6, 0.7, 0.8, 0.9, 1.0])
        {
            long blocks = KvCapacity.Of(deployment, utilization).Blocks;
            Assert.True(blocks > before);
            before = blocks;
        }
        Assert.True(KvCapacity.Of(deployment, maxBatchedTokens: 512).Blocks > KvCapacity.Of(deployment, maxBatchedTokens: 16384).Blocks);
    }

    [Theory]
    [InlineData("llama-3.1-70b", "h100-sxm", "tensor: 2 would fit")]
    [InlineData("llama-2-7b", "t4", "tensor: 2 would fit")]
    [InlineData("llama-3.1-405b", "jetson-nano", "no tensor degree")]
    public void A_model_that_does_not_fit_gets_a_sentence(string model, string device, string advice)
    {
        InputException error = Assert.Throws<InputException>(() => KvCapacity.Of(Make(model, device, new())));
        Assert.StartsWith($"{model} does not fit {device} with TP1: ", error.Message, StringComparison.Ordinal);
        Assert.Contains("GB are missing per device", error.Message, StringComparison.Ordinal);
        Assert.Contains(advice, error.Message, StringComparison.Ordinal);
        Assert.True(error.IsInfeasible);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.01)]
    [InlineData(double.NaN)]
    public void Utilization_is_a_share(double utilization) =>
        Assert.Contains("utilization", Assert.Throws<InputException>(() => KvCapacity.Of(Make("llama-3.1-8b", "h100-sxm", new()), utilization)).Message, StringComparison.Ordinal);

    private static Deployment Make(string model, string device, ParallelPlan plan, PrecisionPlan? precision = null) =>
        Deployment.Create(Catalog.Model(model), Catalog.Device(device), plan, precision);
}
