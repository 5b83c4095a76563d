using Orrery.Kernel;
using Orrery.Lab.Calibration;
using Orrery.World.Hardware;

namespace Orrery.Lab.Tests.Calibration;

public sealed class PowerTableTests
{
    private const string Header = "extra,task,model_id,weight_precision,gpu_model,num_gpus,expert_parallel,avg_batch_size,avg_output_len,output_throughput_tokens_per_sec,avg_power_watts";

    [Fact]
    public void ColumnsAreFoundByName()
    {
        PowerRow row = Assert.Single(PowerTable.Parse([Header, "x,gpqa,Qwen/Qwen3-235B-A22B-Thinking-2507-FP8,fp8,H100,8,8,64,9000,1500,4000", ""], "t.csv", Fail));
        Assert.Equal(("gpqa", "qwen3-235b-a22b", "h100-sxm"), (row.Task, row.Deployment.Model.Name, row.Device));
        Assert.Equal((8, 8, Precision.Fp8), (row.Deployment.Parallel.Tensor, row.Deployment.Parallel.Expert, row.Deployment.Precision.Activations));
        Assert.Equal(500, row.DeviceWatts);
        Assert.Equal(4000.0 / 1500, row.JoulesPerToken);
        Assert.True(PowerTable.Recognises(Header));
        Assert.False(PowerTable.Recognises("task,model_id"));
    }

    [Fact]
    public void WhatIsNotKnownIsWarnedOfOnceAndTheRestGoesOn()
    {
        List<string> warnings = [];
        IReadOnlyList<PowerRow> rows = PowerTable.Parse(
            [
                Header,
                "x,chat,no/such-model,bfloat16,H100,1,1,8,400,1000,480",
                "x,chat,no/such-model,bfloat16,H100,1,1,16,400,1900,500",
                "x,chat,meta-llama/Llama-3.1-8B-Instruct,bfloat16,H999,1,1,8,400,1000,480",
                "x,chat,meta-llama/Llama-3.1-8B-Instruct,fp3,H100,1,1,8,400,1000,480",
                "x,chat,meta-llama/Llama-3.1-8B-Instruct,bfloat16,H100,1,1,8,400,0,480",
                "x,chat,meta-llama/Llama-3.1-8B-Instruct,bfloat16,H100,1",
                "x,chat,meta-llama/Llama-3.1-8B-Instruct,bfloat16,H100,1,1,8,400,1000,480",
            ],
            "t.csv", warnings.Add);
        Assert.Single(rows);
        Assert.Equal(5, warnings.Count);
        Assert.Contains("t.csv:2", warnings[0], StringComparison.Ordinal);
        Assert.Contains("no/such-model", warnings[0], StringComparison.Ordinal);
        Assert.Contains("fp3", warnings[2], StringComparison.Ordinal);
    }

    [Fact]
    public void AnotherHeaderIsRefused()
    {
        InputException error = Assert.Throws<InputException>(() => PowerTable.Parse(["a,b", "1,2"], "t.csv", Fail));
        Assert.Contains("t.csv", error.Message, StringComparison.Ordinal);
        Assert.Contains("'task'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UtilisationsFollowFromCountsAndTheMeasuredPace()
    {
        PowerRow row = Assert.Single(PowerTable.Parse([Header, "x,lm-arena-chat,meta-llama/Llama-3.1-8B-Instruct,bfloat16,H100,1,1,8,400,1000,480"], "t.csv", Fail));
        PowerFeatures features = PowerFeatures.Of(row);
        double steps = 1000.0 / 8;
        // 16 GB of weights and 8 contexts of 350 tokens of 131072 bytes, once a step.
        Assert.InRange(features.Memory * 3.35e12 / steps / (15.0e9 + (8 * 350 * 131072.0)), 0.97, 1.1);
        Assert.InRange(features.Compute, 0.01, 0.03);
        Assert.Equal(0, features.Network);
        Assert.InRange(features.Busy, 0.5, 1);
        Assert.Equal(2 * features.Memory, features.Faster(2).Memory);
    }

    private static void Fail(string warning) => Assert.Fail(warning);
}
