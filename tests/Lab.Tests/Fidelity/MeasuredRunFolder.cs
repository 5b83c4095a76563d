using System.Globalization;
using Orrery.Lab.Fidelity;

namespace Orrery.Lab.Tests.Fidelity;

/// <summary>A data folder of measured runs, made up: gone when disposed of.</summary>
internal sealed class MeasuredRunFolder : IDisposable
{
    public MeasuredRunFolder() => Directory.CreateDirectory(System.IO.Path.Combine(Path, "requests"));

    public string Path { get; } = Directory.CreateTempSubdirectory("orrery-runs").FullName;

    public void AddRequests(string name, int count = 40)
    {
        string rows = string.Concat(Enumerable.Range(0, count).Select(i =>
            string.Create(CultureInfo.InvariantCulture, $"{i},{i * 40_000_000L},{100 + (i * 37 % 400)},{2 + (i * 13 % 60)},1 {2 + (i % 3)}\n")));
        File.WriteAllText(System.IO.Path.Combine(Path, "requests", name + ".csv"), "request_id,arrival_ns,prompt_tokens,output_tokens,prefix_block_ids\n" + rows);
    }

    /// <summary>The settings of a run as the publisher writes them, with <c>null</c> for what was not set.</summary>
    public string AddMeta(
        string device, string model, string requests, int tensor = 1, int data = 1, bool experts = false, int sequences = 128, string length = "null", string version = "0.19.0", string cache = "null")
    {
        string folder = System.IO.Path.Combine(Path, device, model.Split('/')[^1]);
        Directory.CreateDirectory(folder);
        string file = System.IO.Path.Combine(folder, "vllm_meta.json");
        File.WriteAllText(file, string.Create(CultureInfo.InvariantCulture, $$"""
            {"model": "{{model}}", "vllm_version": "{{version}}", "dataset_path": "workloads/{{requests}}.jsonl", "started_at": "2026-04-25T18:47:18.273385Z", "kv_cache": {{cache}},
             "engine_kwargs": {"tensor_parallel_size": {{tensor}}, "data_parallel_size": {{data}}, "enable_expert_parallel": {{(experts ? "true" : "false")}},
             "max_num_seqs": {{sequences}}, "max_num_batched_tokens": 2048, "max_model_len": {{length}}, "dtype": "bfloat16", "kv_cache_dtype": "auto", "seed": 42} }
            """));
        return file;
    }

    /// <summary>Outcomes as the engine stamps them: everything but the arrival counts from when the core has taken the request in.</summary>
    public static void WriteOutcomes(string folder, IEnumerable<RequestOutcome> outcomes, double coreWaitSeconds)
    {
        string rows = string.Concat(outcomes.Select((o, i) => string.Create(CultureInfo.InvariantCulture,
            $"{o.Id},1,{o.OutputTokens},{i},{i + coreWaitSeconds:R},0,{o.TtftSeconds - coreWaitSeconds:R},{o.LatencySeconds - coreWaitSeconds:R}\n")));
        File.WriteAllText(System.IO.Path.Combine(folder, "vllm_requests.csv"),
            "request_id,prompt_tokens,output_tokens,arrival_s,queued_s,scheduled_after_queued_s,first_token_after_queued_s,last_token_after_queued_s\n" + rows);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
