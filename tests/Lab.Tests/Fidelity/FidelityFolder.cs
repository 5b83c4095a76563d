using System.Globalization;

namespace Orrery.Lab.Tests.Fidelity;

/// <summary>A data folder that follows known laws, made up: tables of a device, of an unknown one and a broken one. Gone when disposed of.</summary>
internal sealed class FidelityFolder : IDisposable
{
    private static readonly int[] Powers = [1, 2, 4, 8, 16, 32, 64, 128, 256];

    public string Path { get; } = Directory.CreateTempSubdirectory("orrery-fidelity-").FullName;

    /// <summary>Operators of one device that take so many times what a data sheet of 10^14 FLOP/s and 10^12 B/s allows.</summary>
    public void AddOperators(string device, double slowness)
    {
        List<string> matrices = ["version,gemm_dtype,m,n,k,latency"];
        foreach (int n in (int[])[1024, 4096, 8192])
            foreach (int m in Powers) matrices.Add(Row($"0.24.0,bfloat16,{m},{n},4096,{slowness * ((2.0 * m * n * 4096 / 1e14) + (2.0 * n * 4096 / 1e12) + 5e-6) * 1e3:R}"));
        List<string> decodes = ["kernel_source,batch_size,isl,num_heads,num_key_value_heads,head_dim,attn_dtype,kv_cache_dtype,step,latency"];
        List<string> prompts = ["version,kernel_source,batch_size,isl,num_heads,num_key_value_heads,head_dim,attn_dtype,kv_cache_dtype,step,window_size,latency"];
        foreach (int batch in Powers)
        {
            foreach (int context in (int[])[128, 256, 512, 1024, 2048])
            {
                decodes.Add(Row($"vllm_flash,{batch},1,32,8,128,bfloat16,bfloat16,{context - 1},{slowness * ((batch * (double)context * 4096 / 1e12) + 5e-6) * 1e3:R}"));
                if (batch <= 8) prompts.Add(Row($"0.24.0,vllm_flash,{batch},{context},32,8,128,bfloat16,bfloat16,0,0,{slowness * ((batch * (double)context * context * 8192 / 1e14) + 8e-6) * 1e3:R}"));
            }
        }
        Write($"tables/{device}/gemm_perf.vllm-0.24.0.csv", matrices);
        Write($"tables/{device}/generation_attention_perf.vllm-0.24.0.csv", decodes);
        Write($"tables/{device}/context_attention_perf.vllm-0.24.0.csv", prompts);
    }

    public void Write(string relative, params IEnumerable<string> lines)
    {
        string file = System.IO.Path.Combine([Path, .. relative.Split('/')]);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllText(file, string.Join('\n', lines) + "\n");
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private static string Row(FormattableString row) => row.ToString(CultureInfo.InvariantCulture);
}
