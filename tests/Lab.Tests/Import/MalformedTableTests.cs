using Orrery.Kernel;
using Orrery.Lab.Import;
using Orrery.World.Catalogue;
using Orrery.World.Measurements;

namespace Orrery.Lab.Tests.Import;

/// <summary>What is wrong with a table is one sentence with file, line and column; what is merely strange is a warning.</summary>
public sealed class MalformedTableTests : IDisposable
{
    private const string Gemm = "gemm_dtype,m,n,k,latency";

    private readonly ImportFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("gemm_dtype,m,n,latency", "bf16,1,2,3", ":1: column 'k' is missing")]
    [InlineData(Gemm, "bf16,1,2,3,fast", ":2: column 'latency': 'fast' is not a number")]
    [InlineData(Gemm, "bf16,1,2,3,-0.5", ":2: column 'latency': -0.5 is outside 0 to")]
    [InlineData(Gemm, "bf16,1,2,3,NaN", ":2: column 'latency'")]
    [InlineData(Gemm, "bf16,1,2,3.5,1", ":2: column 'k': '3.5' is not a whole number")]
    [InlineData(Gemm, "bf16,1,0,3,1", ":2: column 'n': 0 is outside 1 to")]
    [InlineData(Gemm, "bf16,1,2,3", ":2: the row has 4 fields where the header names 5")]
    [InlineData("prefill_chunk,kv_prefill,n_decode,kv_decode,time_us", "0,0,0,0,1", "both are 0")]
    [InlineData("size(kb),time(us),num_nodes,num_gpus_per_node", "1,1,1,2", "the file's name must tell the collective")]
    public void A_malformed_table_says_where_and_what(string header, string row, string expected)
    {
        string file = _folder.Write("h100/meta-llama/Llama-3.1-8B/tp1/gemm.csv", header, row);
        InputException error = Assert.Throws<InputException>(_folder.Read);
        Assert.StartsWith(file, error.Message, StringComparison.Ordinal);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void A_layer_table_needs_the_folder_of_its_degree()
    {
        _folder.Write("dense.csv", "layer,tokens,time_us", "qkv_proj,1,1");
        Assert.Contains("tp1, tp2", Assert.Throws<InputException>(_folder.Read).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_to_import_names_the_known_formats()
    {
        _folder.Write("trace.csv", "arrival_seconds,prompt_tokens", "1,2");
        string message = Assert.Throws<InputException>(_folder.Read).Message;
        Assert.Contains("aiconfigurator", message, StringComparison.Ordinal);
        Assert.Contains("APEX+", message, StringComparison.Ordinal);
        Assert.Contains("no such file", Assert.Throws<InputException>(() => MeasurementImport.Read(Path.Combine(_folder.Path, "absent.csv"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_device_is_kept_under_its_name_with_one_warning()
    {
        _folder.Write("mi999x/gemm_perf.csv", Gemm, "bf16,1,2,3,1");
        _folder.Write("mi999x/deeper/mi999x/gemm_perf.csv", Gemm, "bf16,1,2,3,1");
        IReadOnlyList<MeasurementSet> sets = _folder.Read();
        Assert.Equal(["mi999x", "mi999x"], sets.Select(s => s.Device));
        Assert.Contains("no device 'mi999x'", Assert.Single(sets.SelectMany(s => s.Warnings)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_model_whose_sizes_are_not_stated_is_left_out_with_a_warning()
    {
        _folder.Write("h100/someone/Else-9B/tp1/layers.csv", "layer_name,input,latency(ns)", "q_proj,1,5");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Empty(set.Matrices);
        Assert.Contains("no model 'someone/Else-9B'", Assert.Single(set.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_may_be_filed_without_its_publisher()
    {
        _folder.Write("perf/h100/qwen3-8b/bf16/tp1/dense.csv", "layer,tokens,time_us", "o_proj,1,5");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Equal(("h100-sxm", "qwen3-8b", 1), (set.Device, set.Model, set.Matrices.Count));
    }

    [Fact]
    public void Other_kv_heads_than_the_catalogues_are_noticed()
    {
        _folder.Write(
            "v0/A6000/meta-llama/Llama-3.1-8B/tp1/attention.csv",
            "time_stats.attn_prefill.median,time_stats.attn_decode.median,n_embd,n_q_head,n_kv_head,num_tensor_parallel_workers,batch_size,prefill_chunk_size,kv_cache_size,is_prefill",
            "0.5,,4096,32,32,1,1,32,64,True", ",0.5,4096,32,32,1,1,0,64,False");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Equal(("a6000", "llama-3.1-8b", 2), (set.Device, set.Model, set.Attention.Count));
        Assert.Contains("n_kv_head is 32 where the catalogue's llama-3.1-8b has 8", Assert.Single(set.Warnings), StringComparison.Ordinal);
        Assert.EndsWith("(2 rows)", set.Warnings[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Times_that_no_device_can_have_are_counted_in_one_warning()
    {
        // 2·8192³ FLOP at 989 TFLOP/s take 1.1 ms.
        _folder.Write("h100/gemm_perf.csv", Gemm, "bf16,8192,8192,8192,0.1", "bf16,8192,8192,8192,0.2", "bf16,8192,8192,8192,1.5");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Equal(3, set.Matrices.Count);
        string warning = Assert.Single(set.Warnings);
        Assert.Contains("2 of 3 matrix times", warning, StringComparison.Ordinal);
        Assert.Contains("11.1 times", warning, StringComparison.Ordinal);
        Assert.Equal([false, false, true], set.Matrices.Select(sample => DataSheetCheck.Allows(Catalog.Device("h100-sxm"), sample)));
    }

    [Fact]
    public void A_sparse_peak_in_a_peers_data_sheet_is_noticed()
    {
        _folder.Write("h100/gemm_perf.csv", Gemm, "bf16,1,2,3,1");
        _folder.Write("systems/h100_sxm.yaml", "gpu:", "  mem_bw: 3350000000000", "  bfloat16_tc_flops: 1979000000000000", "  fp8_tc_flops: 1979000000000000");
        Assert.Contains("bfloat16_tc_flops is 1979", Assert.Single(_folder.Read().SelectMany(s => s.Warnings)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("h100_sxm", "h100-sxm")]
    [InlineData("NVIDIA H100 80GB HBM3", "h100-sxm")]
    [InlineData("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb")]
    [InlineData("a100_sxm", "a100-sxm-80gb")]
    [InlineData("a100-40gb", "a100-sxm-40gb")]
    [InlineData("a100-80g", "a100-sxm-80gb")]
    [InlineData("a100_pairwise_nvlink", "a100-sxm-80gb")]
    [InlineData("H100-SXM-80GB", "h100-sxm")]
    [InlineData("h200_sxm", "h200-sxm")]
    [InlineData("NVIDIA H200", "h200-sxm")]
    [InlineData("l40s", "l40s")]
    [InlineData("RTXPRO6000", "rtx-pro-6000")]
    [InlineData("NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000")]
    [InlineData("NVIDIA GeForce RTX 4090", "rtx-4090")]
    [InlineData("RTX3090", "rtx-3090")]
    [InlineData("A6000", "a6000")]
    [InlineData("TPU-v6e-1", "tpu-v6e")]
    [InlineData("h100-40gb", null)]
    [InlineData("mi300x", null)]
    [InlineData("", null)]
    public void Devices_are_found_by_any_usual_spelling(string spelling, string? name) => Assert.Equal(name, CatalogNames.Device(spelling)?.Name);

    [Theory]
    [InlineData("meta-llama__Llama-2-7b-hf", "llama-2-7b")]
    [InlineData("llama2-70b", "llama-2-70b")]
    [InlineData("Qwen/Qwen3-32B", "qwen3-32b")]
    [InlineData("Else-9B", null)]
    public void Models_are_found_by_any_usual_spelling(string spelling, string? name) => Assert.Equal(name, CatalogNames.Model(spelling)?.Name);
}
