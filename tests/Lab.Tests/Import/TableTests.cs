using Orrery.Lab.Import;
using Orrery.World.Hardware;
using Orrery.World.Measurements;

namespace Orrery.Lab.Tests.Import;

/// <summary>Every published format, hand-written, with the samples that it must give.</summary>
public sealed class TableTests : IDisposable
{
    private readonly ImportFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Aiconfigurator_tables_of_one_device_and_engine_share_a_set()
    {
        _folder.Write("README.md", "# Timings", "Source: somebody/tool (commit 1234), converted. Licence: Apache-2.0. More words.");
        _folder.Write("h100_sxm/gemm_perf.vllm-0.24.0.csv.gz", "version,gemm_dtype,m,n,k,latency", "0.24.0,bfloat16,8,4096,2048,0.5", "0.24.0,fp8,8,4096,2048,0.25", "0.24.0,w4a16,8,4096,2048,0.1");
        _folder.Write(
            "h100_sxm/context_attention_perf.vllm-0.24.0.csv",
            "version,kernel_source,batch_size,isl,num_heads,num_key_value_heads,head_dim,attn_dtype,kv_cache_dtype,step,window_size,latency",
            "0.24.0,vllm_flash_attn_fa3,2,1,32,8,128,bfloat16,bfloat16,64,0,0.5",
            "0.24.0,vllm_flash_attn_fa3,2,1,32,8,128,bfloat16,bfloat16,64,128,0.5",
            "0.24.0,vllm_flash_attn_fa3,2,1,32,8,128,fp8,fp8,64,0,0.5");
        _folder.Write(
            "h100_sxm/generation_attention_perf.vllm-0.24.0.csv",
            "kernel_source,batch_size,isl,num_heads,num_key_value_heads,head_dim,attn_dtype,kv_cache_dtype,step,latency",
            "vllm_flashinfer_x,4,1,32,8,128,bfloat16,bfloat16,63,0.25");
        _folder.Write(
            "h100_sxm/moe_perf.vllm-0.24.0.csv",
            "moe_dtype,num_tokens,hidden_size,inter_size,topk,num_experts,moe_tp_size,moe_ep_size,distribution,latency",
            "fp8_block,16,2048,768,8,128,2,4,power_law_1.2,0.125");
        _folder.Write("h100_sxm/custom_allreduce_perf.vllm-0.24.0.csv", "allreduce_dtype,num_gpus,message_size,latency,backend", "bfloat16,4,1024,0.5,vllm_graph");
        _folder.Write("h100_sxm/nccl.2.29.2.csv", "device,op_name,kernel_source,nccl_dtype,num_gpus,message_size,latency", "NVIDIA H100 80GB HBM3,all_gather,NCCL,int8,8,1024,0.5", "NVIDIA H100 80GB HBM3,alltoall,NCCL,half,8,1024,0.5");

        IReadOnlyList<MeasurementSet> sets = _folder.Read();

        Assert.Equal(["vllm-0.24.0", "nccl-2.29.2"], sets.Select(s => s.Software));
        MeasurementSet engine = sets[0];
        Assert.Equal(("h100-sxm", "somebody/tool (commit 1234), converted", "Apache-2.0", "h100_sxm", ""), (engine.Device, engine.Source, engine.Licence, engine.Origin, engine.Model));
        Assert.Equal([new(Precision.Bf16, 8, 4096, 2048, 0.5e-3), new MatrixSample(Precision.Fp8, 8, 4096, 2048, 0.25e-3)], engine.Matrices);
        Assert.Equal(
            [new("flash-attn-3", 2, 1, 64, 0, 0, 0, 0, 32, 8, 128, 0.5e-3), new AttentionSample("flashinfer", 0, 0, 0, 4, 64, 0, 0, 32, 8, 128, 0.25e-3)],
            engine.Attention);
        Assert.Equal([new ExpertSample(Precision.Fp8, 16, 2048, 768, 8, 128, 2, 4, "power_law_1.2", null, 0.125e-3)], engine.Experts);
        Assert.Equal([new CollectiveSample(CollectiveKind.AllReduce, "", 4, 4, 2048, "vllm-custom-graph", 0.5e-3)], engine.Collectives);
        Assert.Equal(3, engine.Warnings.Count);
        Assert.Equal(
            [new(CollectiveKind.AllGather, "", 8, 8, 1024, "nccl", 0.5e-3), new CollectiveSample(CollectiveKind.AllToAll, "", 8, 8, 2048, "nccl", 0.5e-3)],
            sets[1].Collectives);
    }

    [Fact]
    public void Layers_timed_in_an_engine_take_their_shapes_from_the_catalogue()
    {
        const string place = "perf/RTXPRO6000/meta-llama/Llama-3.1-8B/bf16/";
        _folder.Write(place + "meta.yaml", "vllm_version: 0.19.0", "hardware: RTXPRO6000", "model: meta-llama/Llama-3.1-8B");
        _folder.Write(place + "tp2/dense.csv", "layer,tokens,time_us", "qkv_proj,4,100", "gate_up_proj,4,200", "down_proj,4,150", "layernorm,4,3", "novelty,4,3");
        _folder.Write(place + "tp2/per_sequence.csv", "layer,sequences,time_us", "lm_head,4,900");
        _folder.Write(place + "tp2/attention.csv", "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us", "16,512,0,0,10", "0,0,2,64,12", "16,0,2,64,20");

        MeasurementSet set = Assert.Single(_folder.Read());

        Assert.Equal(("rtx-pro-6000", "vllm-0.19.0", "llama-3.1-8b"), (set.Device, set.Software, set.Model));
        Assert.Equal(
            [("qkv", 4L, 3072L, 4096L), ("up", 4L, 14336L, 4096L), ("down", 4L, 4096L, 7168L), ("head", 4L, 64128L, 4096L)],
            set.Matrices.Select(m => (m.Name, m.Rows, m.Outputs, m.Inputs)));
        Assert.Equal(100e-6, set.Matrices[0].Seconds, 15);
        VectorSample norm = Assert.Single(set.Vectors);
        Assert.Equal(("norm", 4L, 4 * 4096 * 2.0), (norm.Name, norm.Rows, norm.BytesPerRow));
        Assert.Equal([(1, 16, 512, 0, 0), (0, 0, 0, 2, 64), (1, 16, 0, 2, 64)], set.Attention.Select(a => (a.Chunks, a.ChunkTokens, a.HistoryTokens, a.Decodes, a.DecodeContext)));
        Assert.All(set.Attention, a => Assert.Equal((16, 4, 128), (a.Heads, a.KvHeads, a.HeadWidth)));
        Assert.Contains("'novelty'", Assert.Single(set.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, 3)]
    [InlineData(1, 1)]
    [InlineData(2.4, 1)]
    public void Skewed_batches_are_brought_to_the_scale_of_the_attention_table(double published, int divided)
    {
        const string place = "RTX4090/meta-llama/Llama-3.1-8B/bf16/tp1/";
        int[] contexts = [16, 32, 64, 128, 256, 512];
        _folder.Write(place + "attention.csv", ["prefill_chunk,kv_prefill,n_decode,kv_decode,time_us", .. contexts.Select(c => $"0,0,4,{c},{c}")]);
        _folder.Write(place + "skew.csv", ["n,nb,pc,kp,kvs,kv_big,t_max_us,t_skew_us", .. contexts.Select(c => FormattableString.Invariant($"4,1,0,0,8,{c},{c * published},30"))]);

        MeasurementSet set = Assert.Single(_folder.Read());

        AttentionSample[] skewed = [.. set.Attention.Where(a => a.LongDecodes > 0)];
        Assert.Equal(contexts, skewed.Select(a => a.LongContext));
        Assert.All(skewed, a => Assert.Equal((4, 8, 1), (a.Decodes, a.DecodeContext, a.LongDecodes)));
        Assert.All(skewed, a => Assert.Equal(30e-6 / divided, a.Seconds, 15));
        Assert.Equal(published == 1 ? 0 : 1, set.Warnings.Count);
    }

    [Fact]
    public void Forced_routing_tells_the_touched_experts()
    {
        _folder.Write("h100/Qwen/Qwen3-30B-A3B/bf16/tp1/moe.csv", "tokens,activated_experts,time_us", "16,32,250");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Equal([new ExpertSample(Precision.Bf16, 16, 2048, 768, 8, 128, 1, 1, "balanced", 32, 250 * 1e-6)], set.Experts);
    }

    [Fact]
    public void Vidurs_operators_are_cut_by_the_degree_and_compared_with_the_catalogue()
    {
        _folder.Write(
            "compute/a100/meta-llama__Llama-2-7b-hf/mlp.csv",
            "time_stats.attn_pre_proj.median,time_stats.mlp_up_proj.median,time_stats.mlp_act.median,time_stats.add.median,n_head,n_kv_head,n_embd,n_expanded_embd,vocab_size,use_gated_mlp,num_tokens,num_tensor_parallel_workers",
            "0.5,1.5,0.25,,32,8,4096,11008,32768,True,128,1",
            "0.25,0.75,0.125,,32,8,4096,11008,32768,True,128,4");

        MeasurementSet set = Assert.Single(_folder.Read());

        Assert.Equal(("a100-sxm-80gb", "llama-2-7b"), (set.Device, set.Model));
        Assert.Equal(
            [("qkv", 6144L, 4096L), ("up", 22016L, 4096L), ("qkv", 1536L, 4096L), ("up", 5504L, 4096L)], set.Matrices.Select(m => (m.Name, m.Outputs, m.Inputs)));
        Assert.Equal([3 * 11008 * 2.0, 3 * 2752 * 2.0], set.Vectors.Select(v => v.BytesPerRow));
        Assert.Contains("n_kv_head is 8", Assert.Single(set.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Networks_keep_their_node_and_its_devices()
    {
        _folder.Write("network/a100_dgx/all_reduce.csv", ",time_stats.all_reduce.median,rank,num_workers,size,collective,devices_per_node", "0,0.5,0,16,2048,all_reduce,8");
        _folder.Write("network/a100_dgx/send_recv.csv", ",time_stats.send_recv.median,rank,num_workers,size,collective,devices_per_node", "0,0.25,0,2,2048,send_recv,2");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Equal("a100-sxm-80gb", set.Device);
        Assert.Equal(
            [new(CollectiveKind.AllReduce, "a100_dgx", 16, 8, 2048, "nccl", 0.5e-3), new CollectiveSample(CollectiveKind.PointToPoint, "a100_dgx", 2, 2, 2048, "nccl", 0.25e-3)],
            set.Collectives);
    }

    [Fact]
    public void Frontiers_rows_time_the_kernel_that_ran()
    {
        _folder.Write(
            "h800/llama2_7b_dense_example/attention.csv",
            "time_stats.attn_kv_cache_save.median,time_stats.attn_prefill.median,time_stats.attn_decode.median,n_embd,n_q_head,n_kv_head,num_tensor_parallel_workers,batch_size,prefill_chunk_size,kv_cache_size,is_prefill,attention_backend,is_mixed_batch,seq_lens,is_true_mixed_batch,prefill_seq_lens,prefill_kv_cache_sizes,decode_kv_cache_sizes",
            "0.5,0.25,0.0625,4096,32,32,2,1,64,128,True,AttentionBackend.FLASHINFER,False,[64],False,,,",
            "0.5,0.0625,0.25,4096,32,32,2,4,0,128,False,FLASHINFER,False,\"[1, 1, 1, 1]\",False,,,",
            "0.5,0.25,0.0625,4096,32,32,2,2,0,0,True,FLASHINFER,True,\"[10, 10]\",False,,,",
            "0.5,0.25,0.0625,4096,32,32,2,2,0,0,True,FLASHINFER,True,\"[10, 4]\",False,,,",
            "0.5,0.25,0.125,4096,32,32,2,4,0,0,True,FLASHINFER,False,,True,\"[16]\",\"[0]\",\"[8, 96, 8]\"");

        MeasurementSet set = Assert.Single(_folder.Read());

        Assert.Equal(
            [
                new("flashinfer", 1, 64, 128, 0, 0, 0, 0, 16, 16, 128, 0.25e-3), new("flashinfer", 0, 0, 0, 4, 128, 0, 0, 16, 16, 128, 0.25e-3),
                new("flashinfer", 2, 10, 0, 0, 0, 0, 0, 16, 16, 128, 0.25e-3), new("flashinfer", 1, 16, 0, 0, 0, 0, 0, 16, 16, 128, 0.25e-3),
                new AttentionSample("flashinfer", 0, 0, 0, 3, 8, 1, 96, 16, 16, 128, 0.125e-3),
            ],
            set.Attention);
        Assert.Equal([64L, 4L, 20L, 19L], set.Vectors.Select(v => v.Rows));
        Assert.Contains("unequal lengths", Assert.Single(set.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void Frontiers_experts_keep_routing_and_touched_experts()
    {
        _folder.Write(
            "h800/tiny/moe.csv",
            "time_stats.moe_gating_linear.median,time_stats.moe_grouped_gemm.median,num_tokens,num_experts,num_experts_per_device,expert_parallel_size,router_topk,hidden_dim,expert_hidden_dim,num_tensor_parallel_workers,expert_utilization,load_distribution",
            "0.25,0.5,4,16,8,2,2,2048,768,1,0.75,uniform");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Equal([new ExpertSample(Precision.Bf16, 4, 2048, 768, 2, 16, 1, 2, "uniform", 6, 0.5e-3)], set.Experts);
        Assert.Equal([new MatrixSample(Precision.Bf16, 4, 16, 2048, 0.25e-3, "router")], set.Matrices);
    }

    [Fact]
    public void Early_layers_are_unfused_and_in_nanoseconds()
    {
        const string place = "v0/TPU-v6e-1/meta-llama/Llama-3.1-8B/tp1/";
        _folder.Write(place + "layers.csv", "layer_name,input,kv_cache,tp_size,latency(ns)", "q_proj,8,0,1,2000", "k_proj,8,0,1,1000", "up_proj,8,0,1,4000", "rope,8,0,1,500", "attn,8,0,1,500");
        _folder.Write(place + "attention.csv", "prefill_chunk_size,kv_cache_size,batch_size,is_prefill,mean_ns,p50_ns", "32,64,1,True,1,2000", "0,64,3,False,1,4000");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Equal(("tpu-v6e", "llama-3.1-8b"), (set.Device, set.Model));
        Assert.Equal([("query", 4096L, 4096L), ("key-value", 1024L, 4096L), ("up", 14336L, 4096L)], set.Matrices.Select(m => (m.Name, m.Outputs, m.Inputs)));
        Assert.Equal([("position", 2 * 5120 * 2.0)], set.Vectors.Select(v => (v.Name, v.BytesPerRow)));
        Assert.Equal([(1, 32, 64, 0, 0), (0, 0, 0, 3, 64)], set.Attention.Select(a => (a.Chunks, a.ChunkTokens, a.HistoryTokens, a.Decodes, a.DecodeContext)));
        Assert.Equal(2e-6, set.Attention[0].Seconds, 15);
        Assert.Empty(set.Warnings);
    }

    [Fact]
    public void Phases_make_a_set_for_each_device()
    {
        _folder.Write(
            "perf_model.csv", "model,hardware,prompt_size,batch_size,token_size,peak_power,average_power,prompt_time,token_time,e2e_time,tensor_parallel",
            "llama2-70b,a100-80gb,512,2,128,1.0,0.75,250,50,7000,4", "bloom-176b,h100-80gb,512,1,128,0,0,500,62.5,7000,8");
        IReadOnlyList<MeasurementSet> sets = _folder.Read();
        Assert.Equal(["a100-sxm-80gb", "h100-sxm"], sets.Select(s => s.Device));
        Assert.Equal([new PhaseSample("llama-2-70b", 4, 2, 512, 128, 0.25, 0.05, 0.75)], sets[0].Phases);
        Assert.Equal([new PhaseSample("bloom-176b", 8, 1, 512, 128, 0.5, 0.0625, null)], sets[1].Phases);
    }

    [Fact]
    public void Exchanged_columns_and_sizes_rounded_to_nothing_are_left_out()
    {
        _folder.Write(
            "comm/V100-PCIE-16GB/reduce_scatter.csv", "gpu,num_nodes,num_gpus_per_node,dtype,size(kb),time(us)",
            "V100-PCIE-16GB,2,4,half,0,9", "V100-PCIE-16GB,2,4,half,64,500", "V100-PCIE-16GB,4,2048,half,1,70", "V100-PCIE-16GB,4,8,half,1,60");
        MeasurementSet set = Assert.Single(_folder.Read());
        Assert.Equal("v100-pcie-16gb", set.Device);
        Assert.Equal([new CollectiveSample(CollectiveKind.ReduceScatter, "", 8, 4, 65536, "nccl", 500 * 1e-6)], set.Collectives);
        Assert.Equal(2, set.Warnings.Count);
    }

    [Fact]
    public void Coefficients_of_whole_iterations_are_evaluated_in_seconds()
    {
        _folder.Write(
            "profiler-a100-80g.distserve.json",
            """{"facebook/opt-13b": {"2": {"decoding_large_small_bs_threshold": 8, "prefill": [10, 0.5, 0.25], "decoding_smallbs": [4, 0.5, 1], "decoding_largebs": [8, 0.5, 2]}}}""");
        PhasePolynomial fit = Assert.Single(PhasePolynomials.Read(_folder.Path));
        Assert.Equal(("a100-sxm-80gb", "distserve", "opt-13b", 2), (fit.Device, fit.Engine, fit.Model, fit.Tensor));
        Assert.Equal((10 + (0.5 * 6) + (0.25 * 20) + 1) / 1000, fit.PrefillSeconds([2, 4]), 12);
        Assert.Equal(((10 + (0.5 * 6) + (0.25 * 20)) / 2 + 2) / 1000, fit.PrefillSeconds([2, 4], 2), 12);
        Assert.Equal((4 + (0.5 * 100) + 7) / 1000, fit.DecodeSeconds(7, 100), 12);
        Assert.Equal((8 + (0.5 * 100) + 16) / 1000, fit.DecodeSeconds(8, 100), 12);
    }
}
