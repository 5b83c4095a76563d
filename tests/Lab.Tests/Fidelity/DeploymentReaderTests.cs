using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.World.Deployments;
using Orrery.World.Hardware;

namespace Orrery.Lab.Tests.Fidelity;

public sealed class DeploymentReaderTests
{
    private const string Header =
        "backend,backend_version,model_path,system,precision,mode,isl,osl,gemm_quant_mode,moe_quant_mode,batch_size,tp_size,pp_size,attention_dp_size,moe_tp_size,moe_ep_size,"
        + "prefill_batch_size,prefill_num_workers,prefill_tp_size,prefill_pp_size,prefill_attention_dp_size,prefill_moe_tp_size,prefill_moe_ep_size,"
        + "decode_batch_size,decode_num_workers,decode_tp_size,decode_pp_size,decode_attention_dp_size,decode_moe_tp_size,decode_moe_ep_size,silicon_ttft_ms,silicon_tpot_ms";

    private const string Shared = "vllm,0.1,meta-llama/Llama-3.1-70B,h200_sxm,fp8,agg,1024,512,fp8,fp8,16.0,4.0,1.0,1.0,4.0,1.0,,,,,,,,,,,,,,,120.5,9.5";

    private const string Split = "sglang,,deepseek-ai/DeepSeek-V3,h200_sxm,fp8,disagg,8192,1024,fp8,fp8_block,,,,,,,1.0,2.0,8.0,1.0,1.0,8.0,1.0,16.0,3.0,1.0,1.0,8.0,1.0,8.0,2000,35";

    [Fact]
    public void Rows_say_pools_load_and_latencies()
    {
        DeploymentMeasurement[] rows = [.. Read(Shared, Split).Rows];
        Assert.Equal(16, rows[0].Clients);
        Assert.False(rows[0].IsDisaggregated);
        Assert.Equal(0.1205, rows[0].TtftSeconds, 12);
        Assert.Equal(16 * 8 * 3, rows[1].Clients);
        Assert.Equal(new DeploymentPool(2, 8, 1, 1, 8, 1, 1), rows[1].Prefill);
        DeploymentCase split = DeploymentCase.Resolve(rows[1]);
        Assert.Equal((2 * 8) + (3 * 8), split.Devices);
        Assert.Equal(Precision.Fp8, split.Formats.Weights);
    }

    [Fact]
    public void A_measurement_under_several_names_counts_once()
    {
        (IReadOnlyList<DeploymentMeasurement> rows, int repeated) = Read(Split.Replace("V3", "R1"), Split, Split);
        Assert.Equal(2, repeated);
        DeploymentMeasurement row = Assert.Single(rows);
        Assert.Equal(["deepseek-ai/DeepSeek-V3"], row.OtherNames);
        Assert.False(row.MayDraft);
        Assert.True(Assert.Single(Read(Split.Replace("V3", "R1")).Rows).MayDraft);
    }

    [Theory]
    [InlineData("agg,1024", "both,1024", ":2: mode 'both' is not known")]
    [InlineData("16.0,4.0", "16.5,4.0", ":2: column 'batch_size': '16.5' is not a whole number")]
    [InlineData("16.0,4.0", "16.0,", ":2: column 'tp_size' is empty")]
    [InlineData("120.5", "-1", ":2: column 'silicon_ttft_ms': '-1' is not a positive time")]
    [InlineData(",9.5", "", ":2: the row has 31 fields where the header names 32")]
    public void A_bad_row_is_one_sentence(string from, string to, string expected)
    {
        InputException error = Assert.Throws<InputException>(() => Read(Shared.Replace(from, to)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_file_is_refused()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "a,b\n1,2\n");
        Assert.Contains("silicon_ttft_ms", Assert.Throws<InputException>(() => DeploymentReader.Read(path)).Message, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Fact]
    public void Unknown_models_devices_and_loads_are_counted_and_the_rest_goes_on()
    {
        string[] lines =
        [
            Shared, Shared.Replace("Llama-3.1-70B", "Nobody-7B").Replace("120.5", "99"), Shared.Replace("h200_sxm", "z9"), Shared.Replace("16.0,4.0", ",4.0"),
            Shared.Replace("fp8,fp8,16", "fp3,fp3,16"), Shared.Replace("vllm", "other"), Shared.Replace("16.0,4.0", "16.0,7.0"),
        ];
        (IReadOnlyList<DeploymentCase> cases, IReadOnlyList<string> warnings) = DeploymentFidelity.Resolve(Read(lines).Rows);
        Assert.Single(cases);
        Assert.Equal(6, warnings.Count);
        Assert.All(warnings, warning => Assert.StartsWith("1 deployments left out: ", warning));
    }

    [Theory]
    [InlineData(8, 1, 8, 1, 8, 1, 1)]
    [InlineData(8, 1, 1, 8, 8, 8, 1)]
    [InlineData(1, 8, 1, 8, 1, 8, 8)]
    // Devices stated as tensor times expert ranks of the same group.
    [InlineData(64, 1, 8, 8, 8, 8, 1)]
    [InlineData(1, 16, 4, 4, 1, 4, 4)]
    [InlineData(4, 4, 1, 16, 1, 4, 4)]
    public void Degrees_are_those_of_the_devices(int tensor, int data, int expertTensor, int expertRanks, int t, int e, int d)
    {
        Assert.Equal(new ParallelPlan(t, 1, e, d), DeploymentCase.Degrees(new(1, tensor, 1, data, expertTensor, expertRanks, 1)));
    }

    [Fact]
    public void Names_of_formats_and_publishers_do_not_hide_a_model()
    {
        Assert.Equal("glm-5", DeploymentCase.ModelOf("somebody/GLM-5-NVFP4").Name);
        Assert.Equal("qwen3-32b", DeploymentCase.ModelOf("nvidia/Qwen3-32B-FP8").Name);
        Assert.Equal("h200-sxm", DeploymentCase.DeviceOf("h200_sxm").Name);
    }

    private static (IReadOnlyList<DeploymentMeasurement> Rows, int Repeated) Read(params string[] lines)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, string.Join('\n', [Header, .. lines]) + "\n");
            return DeploymentReader.Read(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
