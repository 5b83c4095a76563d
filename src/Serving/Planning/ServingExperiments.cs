using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Serving.Systems.Helix;
using Orrery.Serving.Planning.Published;
using Orrery.Serving.Systems.BlockLlm;
using Orrery.Serving.Systems.Polca;
using Orrery.Serving.Systems.SleepTimeCompute;
using Orrery.Serving.Systems.Sn40lCoe;
using Orrery.Serving.Systems.TpiLlm;
using Orrery.Serving.Systems.SpotServe;

namespace Orrery.Serving.Planning;

/// <summary>Every experiment of the serving wing by name; one line each.</summary>
public static class ServingExperiments
{
    public static readonly PluginRegistry<ExperimentSpec> Registry = new(
        "experiment",
        Plugin("blockllm", "Many tenants' fine-tunes of few base models, served from shared blocks, from shared backbones, or each from its own engine.",
            "Hu et al. 2024, arXiv 2404.18322", () => BlockLlmOptions.Set),
        Plugin("tpi-llm", "A large model on weak computers at home: tensor parallelism with a star allreduce, weights streamed from disk through a window; and its baselines.",
            "Li et al. 2024, arXiv 2410.00531", () => TpiLlmOptions.Set),
        Plugin("sn40l-coe", "Many whole models on one machine with a slow tier behind its fast memory: who is resident, what switching costs, how fused kernels and footprints compare.",
            "Prabhakar et al., MICRO 2024, arXiv 2405.07518", () => Sn40lCoeOptions.Set),
        Plugin("distserve-placement", "Tensor and pipeline degrees of prefill and decode instances with the highest rate per device inside both latency targets; and of vLLM.",
            "Zhong et al., OSDI 2024, arXiv 2401.09670", () => DistServePlacementOptions.Set),
        Plugin("splitwise-provisioning", "The highest rate of prompt and token machines under nine slowdown objectives, or the cheapest pools for a rate.",
            "Patel et al., ISCA 2024, arXiv 2311.18677", () => SplitwiseProvisioningOptions.Set),
        Plugin("polca", "A row of servers under one breaker with more of them than it was built for, through a week.",
            "Patel et al., arXiv 2308.12908 (ASPLOS 2024)", () => RowOptions.Set),
        Plugin("sleep-time-compute", "Notes on a context written in idle time: what later questions then cost and how fast they are answered.",
            "Lin et al. 2025, arXiv 2504.13171", () => SleepTimeComputeOptions.Set),
        Plugin("spotserve", "A model on machines of a spot market that come and go: another layout at each change, weights and KV moved within the grace period; and its baselines.",
            "Miao et al., ASPLOS 2024, arXiv 2311.15566", () => SpotServeOptions.Set),
        Plugin("helix", "One model over unlike machines and links: layers placed for the largest flow, a path for each request; and its baselines.",
            "Mei et al., ASPLOS 2025, arXiv 2406.01566", () => HelixOptions.Set));

    private static Plugin<ExperimentSpec, TOptions> Plugin<TOptions>(string name, string summary, string source, Func<OptionSet<TOptions>> options)
        where TOptions : ExperimentSpec, new() => new(name, summary, source, options);
}
