namespace Orrery.Serving.Exposition;

/// <summary>The families with samples of each replica: label <c>model_name</c>, and <c>engine</c> for its index.</summary>
/// <remarks>Names and meanings under <c>vllm:</c>: vLLM's documentation of its production metrics (b).</remarks>
internal static class EngineFamilies
{
    public static IReadOnlyList<(MetricFamily Family, Action<ExpositionText, EngineTally> Write)> All { get; } =
    [
        Gauge("vllm:num_requests_running", "requests", "Requests in the running set now",
            (text, engine) => text.Sample(engine.Labels, engine.Replica.RunningRequests)),
        Gauge("vllm:num_requests_waiting", "requests", "Requests that wait for a place in the running set now",
            (text, engine) => text.Sample(engine.Labels, engine.Replica.WaitingRequests)),
        Gauge("vllm:kv_cache_usage_perc", "0 to 1", "Share of the KV blocks in use now",
            (text, engine) => text.Sample(engine.Labels, (double)engine.Replica.UsedBlocks / Math.Max(1, engine.Replica.Memory.TotalBlocks))),
        Counter("vllm:prompt_tokens_total", "tokens", "Prompt tokens of requests, counted when they get their first token",
            (text, engine) => text.Sample(engine.Labels, engine.PromptTokens)),
        Counter("vllm:generation_tokens_total", "tokens", "Tokens generated, counted at the end of the step that yields them",
            (text, engine) => text.Sample(engine.Labels, engine.Replica.OutputTokens)),
        Counter("vllm:request_success_total", "requests", "Requests that left: stop when the model ended the answer, length at the limit of its length, abort when the client left or its time was up",
            (text, engine) =>
            {
                text.Sample(engine.With("finished_reason", "stop"), engine.Stopped);
                text.Sample(engine.With("finished_reason", "length"), engine.ReachedLimit);
                text.Sample(engine.With("finished_reason", "abort"), engine.Cancelled + engine.TimedOut);
            }, "finished_reason"),
        Counter("vllm:num_preemptions_total", "preemptions", "Times that a running request lost its place to others",
            (text, engine) => text.Sample(engine.Labels, engine.Replica.Counters.Preemptions)),
        Counter("vllm:prefix_cache_queries_total", "tokens", "Prompt tokens looked up in the prefix cache, counted when the request leaves; 0 where nothing is shared",
            (text, engine) => text.Sample(engine.Labels, engine.CacheQueries)),
        Counter("vllm:prefix_cache_hits_total", "tokens", "Those of them that were found; a request that was preempted counts at most its prompt",
            (text, engine) => text.Sample(engine.Labels, engine.CacheHits)),
        Histogram("vllm:time_to_first_token_seconds", "seconds", "Arrival to the first token, observed then", engine => engine.Ttft),
        Histogram("vllm:inter_token_latency_seconds", "seconds", "Between two tokens of one request, observed at the second; pauses for tools are not in it", engine => engine.Gap),
        Histogram("vllm:request_time_per_output_token_seconds", "seconds",
            "(last - first token - pauses for tools) / (tokens - 1) of finished requests with at least two tokens", engine => engine.Tpot),
        Histogram("vllm:e2e_request_latency_seconds", "seconds", "Arrival to the last token of finished requests", engine => engine.EndToEnd),
        Histogram("vllm:request_queue_time_seconds", "seconds", "Arrival to the first step of finished requests", engine => engine.Queue),
        Histogram("vllm:request_prefill_time_seconds", "seconds", "First step to first token of finished requests", engine => engine.Prefill),
        Histogram("vllm:request_decode_time_seconds", "seconds", "First to last token of finished requests, pauses for tools not counted", engine => engine.Decode),
        Histogram("vllm:request_inference_time_seconds", "seconds", "First step to last token of finished requests, pauses for tools not counted", engine => engine.Inference),
        Histogram("vllm:request_prompt_tokens", "tokens", "Prompt lengths of finished requests", engine => engine.PromptLengths),
        Histogram("vllm:request_generation_tokens", "tokens", "Answer lengths of finished requests", engine => engine.AnswerLengths),
        Histogram("vllm:iteration_tokens_total", "tokens", "Tokens computed in a step: prompt slices, decodes and drafts under test", engine => engine.StepTokens),
        Histogram("vllm:request_params_max_tokens", "tokens", "Limits of finished requests: the client's or what the context leaves, whichever is smaller", engine => engine.AnswerLimits),
        Histogram("vllm:request_params_n", "answers", "Answers per finished request of the replica: always 1, because each of several answers runs as a request of its own", engine => engine.Answers),
        Gauge("vllm:cache_config_info", "", "The KV memory, in labels; the value is always 1",
            (text, engine) => text.Sample(engine.CacheLabels, 1), "block_size, num_gpu_blocks, enable_prefix_caching"),

        Histogram("orrery:time_to_first_token_seconds", "seconds", "The same as under vllm:, in finer buckets", engine => engine.FineTtft),
        Histogram("orrery:inter_token_latency_seconds", "seconds", "The same as under vllm:, in finer buckets", engine => engine.FineGap),
        Histogram("orrery:request_qoe", "0 to 1", "Quality of experience of finished requests: tokens read in time by a reader of the usual speed (Andes)", engine => engine.Qoe),
        Counter("orrery:requests_total", "requests", "Requests that left a replica",
            (text, engine) =>
            {
                text.Sample(engine.With("outcome", "finished"), engine.Finished);
                text.Sample(engine.With("outcome", "cancelled"), engine.Cancelled);
                text.Sample(engine.With("outcome", "timed_out"), engine.TimedOut);
            }, "outcome"),
        Gauge("orrery:num_requests_paused", "requests", "Requests neither running nor waiting now: they wait for a tool or for a copy",
            (text, engine) => text.Sample(engine.Labels, Math.Max(0, engine.Replica.LiveRequests - engine.Replica.RunningRequests - engine.Replica.WaitingRequests))),
        Counter("orrery:steps_total", "steps", "Steps that ended", (text, engine) => text.Sample(engine.Labels, engine.Replica.Counters.Steps)),
        Counter("orrery:plans_total", "plans", "Plans made; fewer than steps where a simulation fast-forwards",
            (text, engine) => text.Sample(engine.Labels, engine.Replica.Counters.Plans)),
        Histogram("orrery:step_duration_seconds", "seconds", "Plan to end of a step, waits for copies and memory included", engine => engine.StepTime),
        Histogram("orrery:step_prefill_tokens", "tokens", "Prompt tokens of a step, of steps that have any", engine => engine.StepPrefillTokens),
        Histogram("orrery:step_decode_tokens", "tokens", "Decodes of a step, of steps that have any", engine => engine.StepDecodeTokens),
        Histogram("orrery:step_draft_tokens", "tokens", "Draft tokens under test in a step, of steps that have any", engine => engine.StepDraftTokens),
        Counter("orrery:step_tokens_total", "tokens", "Tokens computed: prefill counts what is computed again after a preemption, draft what was proposed",
            (text, engine) =>
            {
                text.Sample(engine.With("kind", "prefill"), engine.Replica.Counters.PrefillTokens);
                text.Sample(engine.With("kind", "decode"), engine.Replica.Counters.DecodeTokens);
                text.Sample(engine.With("kind", "draft"), engine.Replica.Counters.DraftedTokens);
            }, "kind"),
        Counter("orrery:draft_tokens_accepted_total", "tokens", "Draft tokens that were right",
            (text, engine) => text.Sample(engine.Labels, engine.Replica.Counters.AcceptedTokens)),
        Counter("orrery:preemptions_total", "preemptions", "Preemptions by what became of the KV: recompute drops it, swap copies it to the host, keep leaves it where it is",
            (text, engine) =>
            {
                Replicas.ReplicaCounters counters = engine.Replica.Counters;
                text.Sample(engine.With("kind", "recompute"), counters.Preemptions - counters.PreemptionsToHost - counters.PreemptionsInPlace);
                text.Sample(engine.With("kind", "swap"), counters.PreemptionsToHost);
                text.Sample(engine.With("kind", "keep"), counters.PreemptionsInPlace);
            }, "kind"),
        Counter("orrery:swap_tokens_total", "tokens", "Tokens whose KV was copied to the host (out) or from it (in)",
            (text, engine) =>
            {
                text.Sample(engine.With("direction", "out"), engine.Replica.Swap?.TokensOut ?? 0);
                text.Sample(engine.With("direction", "in"), engine.Replica.Swap?.TokensIn ?? 0);
            }, "direction"),
        Gauge("orrery:kv_blocks", "blocks", "KV blocks in all", (text, engine) => text.Sample(engine.Labels, engine.Replica.Memory.TotalBlocks)),
        Gauge("orrery:kv_blocks_used", "blocks", "KV blocks in use now", (text, engine) => text.Sample(engine.Labels, engine.Replica.UsedBlocks)),
        Gauge("orrery:kv_blocks_used_max", "blocks", "Most KV blocks in use at once so far", (text, engine) => text.Sample(engine.Labels, engine.Replica.Counters.KvBlocks.Max)),
        Counter("orrery:kv_block_seconds_total", "block seconds", "KV blocks in use, over time: its rate is the mean number",
            (text, engine) => text.Sample(engine.Labels, (double)engine.Replica.Counters.KvBlocks.Integral(engine.Now) / Kernel.Time.Duration.NanosecondsPerSecond)),
        Counter("orrery:busy_seconds_total", "seconds", "Time with a step in flight", (text, engine) => text.Sample(engine.Labels, engine.Replica.Counters.Busy(engine.Now).Seconds)),
    ];

    private static (MetricFamily, Action<ExpositionText, EngineTally>) Gauge(string name, string unit, string help, Action<ExpositionText, EngineTally> write, string labels = "") =>
        (new(name, MetricKind.Gauge, unit, labels, help), write);

    private static (MetricFamily, Action<ExpositionText, EngineTally>) Counter(string name, string unit, string help, Action<ExpositionText, EngineTally> write, string labels = "") =>
        (new(name, MetricKind.Counter, unit, labels, help), write);

    private static (MetricFamily, Action<ExpositionText, EngineTally>) Histogram(string name, string unit, string help, Func<EngineTally, BucketHistogram> histogram) =>
        (new(name, MetricKind.Histogram, unit, "", help), (text, engine) => text.Sample(engine.Labels, histogram(engine)));
}

/// <summary>The families with one sample for all replicas of a fleet: label <c>model_name</c> alone.</summary>
internal static class FleetFamilies
{
    public static IReadOnlyList<(MetricFamily Family, Action<ExpositionText, ServingExposition, string> Write)> All { get; } =
    [
        (new("orrery:requests_rejected_total", MetricKind.Counter, "requests", "", "Requests that could never run here, too long for the model or its memory"),
            static (text, fleet, labels) => text.Sample(labels, fleet.Rejected)),
        (new("orrery:clients", MetricKind.Gauge, "clients", "", "Clients of requests that left, told apart up to a limit"),
            static (text, fleet, labels) => text.Sample(labels, fleet.Clients.Clients)),
        (new("orrery:client_fairness_index", MetricKind.Gauge, "0 to 1", "", "Jain's index of what clients got so far, a prompt token once and an output token twice: 1 when all got the same"),
            static (text, fleet, labels) => text.Sample(labels, fleet.Clients.JainIndex)),
        (new("orrery:client_largest_share", MetricKind.Gauge, "0 to 1", "", "Share of all service that went to the client who got most"),
            static (text, fleet, labels) => text.Sample(labels, fleet.Clients.LargestShare)),
    ];
}
