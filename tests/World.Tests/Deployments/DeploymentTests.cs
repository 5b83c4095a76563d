using Orrery.Documents;
using Orrery.Kernel;
using Orrery.World.Catalogue;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.World.Tests.Deployments;

public sealed class DeploymentTests
{
    private static readonly DeviceSpec H100 = Catalog.Device("h100-sxm");

    public static TheoryData<string> AllModels => [.. Catalog.Models.Select(m => m.Name)];

    [Theory]
    [MemberData(nameof(AllModels))]
    public void One_device_holds_all_parameters_and_more_tensor_ranks_never_more(string name)
    {
        ModelSpec model = Catalog.Model(name);
        Assert.Equal(2 * (model.TotalParameters - model.Hidden), Deployment.Create(model, H100).Shards.WeightBytes(0).Count);
        long before = long.MaxValue;
        for (int tensor = 1; tensor <= model.Heads; tensor *= 2)
        {
            if (model.Heads % tensor != 0) break;
            ShardSizes shards = Deployment.Create(model, H100, new(tensor)).Shards;
            Assert.True(shards.WeightBytes(0).Count < before);
            Assert.True(shards.WeightBytes(0).Count * tensor >= 2 * (model.TotalParameters - model.Hidden));
            Assert.True(shards.KvBytesPerTokenLayer * tensor >= model.KvElementsPerLayer * 2);
            before = shards.WeightBytes(0).Count;
        }
    }

    [Theory]
    [InlineData("llama-3.1-70b", 3)]
    [InlineData("deepseek-v3", 4)]
    [InlineData("llama-2-7b", 32)]
    public void Pipeline_stages_share_out_layers_and_weights(string name, int stages)
    {
        ModelSpec model = Catalog.Model(name);
        var plan = new ParallelPlan(1, stages);
        Deployment deployment = Deployment.Create(model, H100, plan);
        int next = 0;
        long weights = 0;
        for (int stage = 0; stage < stages; stage++)
        {
            Assert.Equal(next, plan.StageStart(model.Layers, stage));
            next += plan.StageLayers(model.Layers, stage);
            weights += deployment.Shards.WeightBytes(stage).Count;
        }
        Assert.Equal(model.Layers, next);
        Assert.Equal(2 * (model.TotalParameters - model.Hidden), weights);
    }

    [Fact]
    public void Few_kv_heads_are_replicated()
    {
        ModelSpec model = Catalog.Model("llama-3.1-70b");
        Assert.Equal(1, Deployment.Create(model, H100, new(8)).Shards.KvHeads);
        Assert.Equal(1, Deployment.Create(model, H100, new(16)).Shards.KvHeads);
        Assert.Equal(2 * 128 * 2, Deployment.Create(model, H100, new(16)).Shards.KvBytesPerTokenLayer);
    }

    [Fact]
    public void Expert_and_tensor_cuts_hold_the_same_routed_weights()
    {
        ModelSpec model = Catalog.Model("qwen3-235b-a22b");
        long tensor = Deployment.Create(model, H100, new(8)).Shards.RoutedExpertParameters;
        Assert.Equal(tensor, Deployment.Create(model, H100, new(8, 1, 8)).Shards.RoutedExpertParameters);
        Assert.Equal(tensor, Deployment.Create(model, H100, new(2, 1, 8, 4)).Shards.RoutedExpertParameters);
        Assert.Equal(8 * tensor, 128 * model.ExpertParameters);
    }

    [Theory]
    [InlineData("{}", "h100-sxm", Precision.Bf16, Precision.Bf16, Precision.Bf16)]
    [InlineData("{weights: fp8}", "h100-sxm", Precision.Fp8, Precision.Bf16, Precision.Fp8)]
    [InlineData("{weights: fp8, kv: fp8}", "a100-sxm-80gb", Precision.Fp8, Precision.Fp8, Precision.Bf16)]
    [InlineData("{weights: int4}", "l4", Precision.Int4, Precision.Bf16, Precision.Bf16)]
    [InlineData("{weights: fp8, activations: bf16}", "h100-sxm", Precision.Fp8, Precision.Bf16, Precision.Bf16)]
    public void Compute_follows_the_weights_where_the_device_can(string yaml, string device, Precision weights, Precision kv, Precision compute) =>
        Assert.Equal(new PrecisionPlan(weights, kv, compute), PrecisionPlan.Read(Document.Parse(yaml, "s.yaml"), Catalog.Device(device)));

    [Fact]
    public void An_unknown_format_gets_the_nearest()
    {
        InputException error = Assert.Throws<InputException>(() => PrecisionPlan.Read(Document.Parse("{weights: bf61}", "s.yaml"), H100));
        Assert.Contains("bf16", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Precision.Bf16, 2)]
    [InlineData(Precision.Fp8, 1.015625)]
    [InlineData(Precision.Int4, 0.515625)]
    [InlineData(Precision.Fp4, 0.5625)]
    public void Grouped_formats_carry_their_scales(Precision precision, double bytes) =>
        Assert.Equal(bytes, new PrecisionPlan(precision).BytesPerWeight);

    [Theory]
    [InlineData("llama-3.1-8b", 3, 1, 1, 1, "tensor: 3", "32 attention heads")]
    [InlineData("falcon-7b", 2, 1, 1, 1, "tensor: 2", "1, 71|71 attention heads")]
    [InlineData("llama-3.1-8b", 1, 33, 1, 1, "pipeline: 33", "at most 32")]
    [InlineData("llama-3.1-8b", 1, 1, 2, 2, "expert", "no experts")]
    [InlineData("mixtral-8x7b", 1, 1, 8, 1, "expert: 8", "raise tensor or data")]
    [InlineData("mixtral-8x7b", 16, 1, 16, 1, "expert: 16", "8 experts")]
    [InlineData("llama-3.1-8b", 0, 1, 1, 1, "tensor", "at least 1")]
    public void A_plan_that_cannot_be_cut_gets_a_sentence(string model, int tensor, int pipeline, int expert, int data, string start, string mentions)
    {
        InputException error = Assert.Throws<InputException>(() => Deployment.Create(Catalog.Model(model), H100, new(tensor, pipeline, expert, data)));
        Assert.StartsWith(start, error.Message, StringComparison.Ordinal);
        Assert.Contains(mentions.Split('|')[^1], error.Message, StringComparison.Ordinal);
        // Degrees that no model could have are mistakes; others are merely impossible here.
        Assert.Equal(mentions is not ("at least 1" or "no experts"), error.IsInfeasible);
    }

    [Fact]
    public void A_format_without_units_gets_a_sentence()
    {
        var precision = new PrecisionPlan(Precision.Fp8, Precision.Fp8, Precision.Fp8);
        InputException error = Assert.Throws<InputException>(
            () => Deployment.Create(Catalog.Model("llama-3.1-8b"), Catalog.Device("a100-sxm-80gb"), precision: precision));
        Assert.Contains("a100-sxm-80gb has no matrix units for fp8", error.Message, StringComparison.Ordinal);
    }
}
