using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Tests.Fidelity;

public sealed class VllmRunsTests
{
    [Fact]
    public void Runs_are_found_by_their_layout_and_the_rest_is_told()
    {
        using MeasuredRunFolder data = new();
        data.AddRequests("chat");
        data.AddMeta("RTX4090", "meta-llama/Llama-3.1-8B", "chat");
        data.AddMeta("RTXPRO6000", "Qwen/Qwen3-32B", "chat", tensor: 2);
        data.AddMeta("RTX9999", "Qwen/Qwen3-32B", "chat");
        data.AddMeta("H100", "nobody/unheard-of", "chat");
        data.AddMeta("A40", "Qwen/Qwen3-32B", "absent");
        File.WriteAllText(data.AddMeta("L40S", "Qwen/Qwen3-32B", "chat"), "{\"model\": \"Qwen/Qwen3-32B\"}");
        List<string> warnings = [];
        IReadOnlyList<MeasuredRun> runs = VllmRuns.Find(data.Path, warnings.Add);
        Assert.Equal(["rtx-4090", "rtx-pro-6000"], runs.Select(r => r.Device.Name));
        Assert.Equal(["RTX4090/Llama-3.1-8B", "RTXPRO6000/Qwen3-32B"], runs.Select(r => r.Name));
        Assert.All(runs, r => Assert.Null(r.OutcomePath));
        Assert.Collection(
            warnings.Order(StringComparer.Ordinal).ToList(),
            w => Assert.Contains("'absent.csv'", w, StringComparison.Ordinal),
            w => Assert.Contains("'nobody/unheard-of'", w, StringComparison.Ordinal),
            w => Assert.Contains("'engine_kwargs' is missing", w, StringComparison.Ordinal),
            w => Assert.Contains("'RTX9999'", w, StringComparison.Ordinal));
        Assert.Contains("does not exist", Assert.Throws<InputException>(() => VllmRuns.Find(Path.Combine(data.Path, "none"))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Our_own_outcome_written_down_as_measured_has_no_error()
    {
        using MeasuredRunFolder data = new();
        data.AddRequests("chat");
        string meta = data.AddMeta("RTX4090", "meta-llama/Llama-3.1-8B", "chat");
        RunComparison alone = VllmRuns.Compare(VllmRuns.Find(data.Path).Single());
        Assert.Empty(alone.Metrics);
        Assert.Equal(40, alone.Predicted.Count);
        MeasuredRunFolder.WriteOutcomes(Path.GetDirectoryName(meta)!, alone.Predicted, coreWaitSeconds: 0.02);
        RunComparison both = VllmRuns.Compare(VllmRuns.Find(data.Path).Single());
        Assert.Equal(40, both.Requests);
        Assert.Equal(["ttft", "tpot", "latency"], both.Metrics.Select(m => m.Name));
        Assert.All(both.Metrics, m =>
        {
            Assert.Equal(0, m.MeanError, 9);
            Assert.Equal(0, m.P99Error, 9);
            Assert.Equal(0, m.WassersteinOverMean, 9);
        });
        MeasuredRunFolder.WriteOutcomes(Path.GetDirectoryName(meta)!, alone.Predicted.Take(39).Select(o => o with { TtftSeconds = 2 * o.TtftSeconds, LatencySeconds = 2 * o.LatencySeconds }), 0);
        RunComparison twice = VllmRuns.Compare(VllmRuns.Find(data.Path).Single());
        Assert.Equal(39, twice.Requests);
        Assert.All(twice.Metrics, m => Assert.Equal((-0.5, 0.5), (Math.Round(m.MeanError, 9), Math.Round(m.WassersteinOverMean, 9))));
    }

    [Fact]
    public void A_peers_prediction_is_compared_as_ours_is()
    {
        using MeasuredRunFolder data = new();
        data.AddRequests("chat");
        string folder = Path.GetDirectoryName(data.AddMeta("RTX4090", "meta-llama/Llama-3.1-8B", "chat"))!;
        MeasuredRunFolder.WriteOutcomes(folder, [new("0", 11, 1.0, 2.0), new("1", 11, 3.0, 4.0)], 0.5);
        File.WriteAllText(Path.Combine(folder, "llmservingsim_requests.csv"),
            "instance_id,request_id,model,input,output,arrival,end_time,latency,queuing_delay,TTFT,TPOT\n0,1,m,5,11,0,0,4400000000,0,3300000000,0\n0,0,m,5,11,0,0,2200000000,0,1100000000,0\n");
        RunComparison run = VllmRuns.Compare(VllmRuns.Find(data.Path).Single());
        Assert.Equal([0.1, 0.1, 0.1], run.Peer.Select(m => Math.Round(m.MeanError, 9)));
        Assert.Equal([2.0, 0.1, 3.0], run.Peer.Select(m => Math.Round(m.MeasuredMean, 9)));
    }

    [Theory]
    [InlineData("rtx-4090-llama-3.1-8b", "RTX4090", "meta-llama/Llama-3.1-8B", 1, 1, 256, "32768", "{\"num_gpu_blocks\": 2588, \"num_cpu_blocks\": null, \"block_size\": 16, \"gpu_memory_utilization\": 0.9, \"enable_prefix_caching\": true}")]
    [InlineData("rtx-pro-6000-llama-3.1-8b", "RTXPRO6000", "meta-llama/Llama-3.1-8B", 1, 1, 128, "null", "null")]
    [InlineData("rtx-pro-6000-qwen3-32b", "RTXPRO6000", "Qwen/Qwen3-32B", 2, 1, 128, "null", "null")]
    [InlineData("rtx-pro-6000-qwen3-30b-a3b", "RTXPRO6000", "Qwen/Qwen3-30B-A3B-Instruct-2507", 1, 2, 128, "null", "null")]
    public void The_shipped_scenario_is_what_the_settings_say(string file, string device, string model, int tensor, int ranks, int sequences, string length, string cache)
    {
        using MeasuredRunFolder data = new();
        data.AddRequests("chat");
        data.AddMeta(device, model, "chat", tensor, ranks, ranks > 1, sequences, length, cache: cache);
        MeasuredRun run = VllmRuns.Find(data.Path).Single();
        List<string> warnings = [];
        Scenario built = VllmScenario.Build(run, warnings.Add);
        string path = Path.Combine(Repository.Root, "scenarios", "validation", $"vllm-0.19-{file}.yaml");
        Scenario shipped = ScenarioReader.Load(path, [$"traffic.file='{run.RequestsPath}'"]);
        Assert.Equal(ScenarioLock.Write(built), ScenarioLock.Write(shipped));
        Assert.Empty(warnings);
        Assert.True(built.Fleet[0].Deployment.Engine.PlansAhead);
    }

    [Fact]
    public void The_block_count_of_the_measured_card_is_met_within_a_half_percent()
    {
        using MeasuredRunFolder data = new();
        data.AddRequests("chat", 2);
        data.AddMeta("RTX4090", "meta-llama/Llama-3.1-8B", "chat", sequences: 256, cache: "{\"num_gpu_blocks\": 2588}");
        RunComparison run = VllmRuns.Compare(VllmRuns.Find(data.Path).Single());
        Assert.Equal(2588, run.Run.Settings.ReportedBlocks);
        Assert.InRange(run.Blocks, 2588 * 0.995, 2588 * 1.005);
    }

    [Fact]
    public void Ranks_that_share_nothing_are_replicas_and_unknown_versions_and_formats_are_told()
    {
        using MeasuredRunFolder data = new();
        data.AddRequests("chat");
        string meta = data.AddMeta("H100", "meta-llama/Llama-3.1-8B", "chat", data: 2, version: "0.21.3");
        File.WriteAllText(meta, File.ReadAllText(meta).Replace("bfloat16", "bfloat12", StringComparison.Ordinal));
        List<string> warnings = [];
        Scenario scenario = VllmScenario.Build(VllmRuns.Find(data.Path).Single(), warnings.Add);
        Assert.Equal((2, 1), (scenario.Fleet[0].Replicas, scenario.Fleet[0].Deployment.Parallel.Data));
        Assert.Equal("vllm-0.19", scenario.Fleet[0].Deployment.Engine.Name);
        Assert.Contains(warnings, w => w.Contains("0.21.3", StringComparison.Ordinal));
        Assert.Contains(warnings, w => w.Contains("'bfloat12'", StringComparison.Ordinal));
    }
}
