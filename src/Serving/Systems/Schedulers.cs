using Orrery.Documents;
using Orrery.Serving.Scheduling;
using Orrery.Serving.Systems.VllmV1;

namespace Orrery.Serving.Systems;

/// <summary>Every scheduler that a scenario may name.</summary>
public static class Schedulers
{
    public static PluginRegistry<SchedulerSpec> Registry { get; } = new(
        "scheduler",
        new Plugin<SchedulerSpec, VllmV1Options>("vllm-v1", "token-budget scheduler with chunked prefill and prefix caching", "vLLM v1 code", VllmV1Options.Set));
}
