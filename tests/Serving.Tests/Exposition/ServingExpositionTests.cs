using Orrery.Kernel.Time;
using Orrery.Serving.Exposition;
using Orrery.Serving.Memory;
using Orrery.Serving.Systems.VllmV1;
using Orrery.Testing.Serving;
using Orrery.Testing.Traffic;
using Orrery.Testing.World;
using Orrery.Traffic.Requests;

namespace Orrery.Serving.Tests.Exposition;

public sealed class ServingExpositionTests
{
    private static FleetHarness TenMilliseconds => new()
    {
        Scheduler = () => new VllmV1Options().Create(new(4096, "toy", default)),
        Cost = ToyCost.Constant(Duration.FromMilliseconds(10)),
    };

    /// <summary>
    /// Steps of 10 ms. A reads 16 tokens in the first and decodes in the next two; B comes at 15 ms, reads 8 tokens in A's last step, from 20
    /// to 30 ms, and decodes in the fourth.
    /// </summary>
    [Fact]
    public void ATinyRunIsCountedAsByHand()
    {
        Prom page = Run(TenMilliseconds, new TraceBuilder().Request(0, 16, 3, maxTokens: 3).Request(0.015, 8, 2, client: 1));
        Histogram(page, "vllm:time_to_first_token_seconds", 2, 0.025, ("0.005", 0), ("0.01", 1), ("0.02", 2));
        Histogram(page, "vllm:inter_token_latency_seconds", 3, 0.03, ("0.01", 3));
        Histogram(page, "orrery:inter_token_latency_seconds", 3, 0.03, ("0.008", 0), ("0.01", 3));
        Histogram(page, "vllm:request_time_per_output_token_seconds", 2, 0.02, ("0.01", 2));
        Histogram(page, "vllm:e2e_request_latency_seconds", 2, 0.055, ("0.3", 2));
        Histogram(page, "vllm:request_queue_time_seconds", 2, 0.005, ("0.3", 2));
        Histogram(page, "vllm:request_prefill_time_seconds", 2, 0.02, ("0.3", 2));
        Histogram(page, "vllm:request_decode_time_seconds", 2, 0.03, ("0.3", 2));
        Histogram(page, "vllm:request_inference_time_seconds", 2, 0.05, ("0.3", 2));
        Histogram(page, "vllm:request_prompt_tokens", 2, 24, ("5", 0), ("10", 1), ("20", 2));
        Histogram(page, "vllm:request_generation_tokens", 2, 5, ("1", 0), ("2", 1), ("5", 2));
        Histogram(page, "vllm:request_params_max_tokens", 2, 3 + 4088, ("2", 0), ("5", 1), ("2000", 1));
        Histogram(page, "vllm:request_params_n", 2, 2, ("1", 2));
        Histogram(page, "vllm:iteration_tokens_total", 4, 16 + 1 + 9 + 1, ("1", 2), ("8", 2), ("16", 4));
        Histogram(page, "orrery:step_prefill_tokens", 2, 24, ("8", 1), ("16", 2));
        Histogram(page, "orrery:step_decode_tokens", 3, 3, ("1", 3));
        Histogram(page, "orrery:step_draft_tokens", 0, 0, ("1", 0));
        Histogram(page, "orrery:step_duration_seconds", 4, 0.04, ("0.008", 0), ("0.01", 4));
        Histogram(page, "orrery:request_qoe", 2, 2, ("0.99", 0), ("1", 2));
        Assert.Equal(24, page.Value("vllm:prompt_tokens_total"));
        Assert.Equal(5, page.Value("vllm:generation_tokens_total"));
        Assert.Equal(1, page.Value("vllm:request_success_total", ("finished_reason", "stop")));
        Assert.Equal(1, page.Value("vllm:request_success_total", ("finished_reason", "length")));
        Assert.Equal(0, page.Value("vllm:request_success_total", ("finished_reason", "abort")));
        Assert.Equal(4, page.Value("orrery:steps_total"));
        Assert.Equal(24, page.Value("orrery:step_tokens_total", ("kind", "prefill")));
        Assert.Equal(3, page.Value("orrery:step_tokens_total", ("kind", "decode")));
        Assert.Equal(0.04, page.Value("orrery:busy_seconds_total"));
        Assert.Equal(1000, page.Value("orrery:kv_blocks"));
        Assert.Equal(0, page.Value("vllm:kv_cache_usage_perc"));
        Assert.Equal(2, page.Value("orrery:clients"));
        // A got 16 + 2·3 = 22, B 8 + 2·2 = 12.
        Assert.Equal(22.0 / 34, page.Value("orrery:client_largest_share"), 12);
        Assert.Equal(34.0 * 34 / (2 * ((22 * 22) + (12 * 12))), page.Value("orrery:client_fairness_index"), 12);
        Assert.Equal(1, page.Value("vllm:cache_config_info", ("block_size", "16"), ("num_gpu_blocks", "1000"), ("enable_prefix_caching", "False"), ("engine", "0"), ("model_name", "toy")));
    }

    [Fact]
    public void WhoLeavesEarlyIsNoSuccess()
    {
        Prom page = Run(
            TenMilliseconds,
            new TraceBuilder().Request(0, 16, 100, cancelSeconds: 0.035).Request(0, 16, 100, timeoutSeconds: 0.045).Request(0, 5000, 1));
        Assert.Equal(2, page.Value("vllm:request_success_total", ("finished_reason", "abort")));
        Assert.Equal(1, page.Value("orrery:requests_total", ("outcome", "cancelled")));
        Assert.Equal(1, page.Value("orrery:requests_total", ("outcome", "timed_out")));
        Assert.Equal(1, page.Value("orrery:requests_rejected_total"));
        Assert.Equal(0, page.Value("vllm:e2e_request_latency_seconds_count"));
        // Both had their first token, and more until they left.
        Assert.Equal(2, page.Value("vllm:time_to_first_token_seconds_count"));
        Assert.Equal(32, page.Value("vllm:prompt_tokens_total"));
        Assert.Equal(page.Value("vllm:generation_tokens_total") - 2, page.Value("vllm:inter_token_latency_seconds_count"));
    }

    [Fact]
    public void PreemptionsAreToldApartAndPrefixesCounted()
    {
        TokenSpan[] shared = [new(7, 32)];
        FleetHarness harness = TenMilliseconds with { Memory = () => new PrefixCachedMemory(6, 16) };
        Prom page = Run(harness, new TraceBuilder().Request(0, 33, 40, content: shared).Request(0.015, 33, 40, content: shared));
        Assert.Equal(66, page.Value("vllm:prefix_cache_queries_total"));
        // The second finds 32 tokens when it comes and again after each preemption; it counts at most its prompt.
        Assert.Equal(33, page.Value("vllm:prefix_cache_hits_total"));
        double preemptions = page.Value("vllm:num_preemptions_total");
        Assert.True(preemptions > 0);
        Assert.Equal(preemptions, page.Value("orrery:preemptions_total", ("kind", "recompute")));
        Assert.Equal(0, page.Value("orrery:preemptions_total", ("kind", "swap")) + page.Value("orrery:preemptions_total", ("kind", "keep")));
        Assert.Equal("True", page.Samples.Single(sample => sample.Name == "vllm:cache_config_info").Labels["enable_prefix_caching"]);
        Assert.Equal(6, page.Value("orrery:kv_blocks_used_max"));
    }

    [Fact]
    public void SeveralModelsAndReplicasShareEachFamily()
    {
        ServingExposition one = new();
        ServingExposition other = new();
        (TenMilliseconds with { Exposition = one, Replicas = 2 }).Run(new TraceBuilder().Burst(0, 4, 16, 3).Build());
        (TenMilliseconds with { Exposition = other }).Run(new TraceBuilder().Burst(0, 3, 16, 3).Build());
        ExpositionText text = new();
        ServingExposition.Write(text, [one, other, new()]);
        // Both harnesses call their model the same; a page of two models must not.
        Assert.Throws<Xunit.Sdk.EqualException>(() => Prom.Parse(text.ToString()));
        Prom page = Prom.Parse(one.ToString());
        Assert.Equal(["0", "1"], page.Samples.Where(sample => sample.Name == "orrery:steps_total").Select(sample => sample.Labels["engine"]));
        Assert.Equal(4, page.Samples.Where(sample => sample.Name == "vllm:request_prompt_tokens_count").Sum(sample => sample.Value));
        string[] types = [.. text.ToString().Split('\n').Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))];
        Assert.Equal(types.Length, types.Distinct().Count());
        Assert.Equal(ServingExposition.Families.Select(family => family.Name), types.Select(line => line.Split(' ')[2]));
    }

    [Fact]
    public void AFleetThatWasNeverWatchedHasNoSamples() => Assert.Empty(Prom.Parse(new ServingExposition().ToString()).Samples);

    private static Prom Run(FleetHarness harness, TraceBuilder traffic)
    {
        ServingExposition exposition = new();
        (harness with { Exposition = exposition }).Run(traffic.Build());
        return Prom.Parse(exposition.ToString());
    }

    private static void Histogram(Prom page, string name, double count, double sum, params (string Edge, double UpTo)[] buckets)
    {
        Assert.Equal(count, page.Value($"{name}_count"));
        Assert.Equal(sum, page.Value($"{name}_sum"), 12);
        foreach ((string edge, double upTo) in buckets) Assert.Equal(upTo, page.Value($"{name}_bucket", ("le", edge)));
    }
}
