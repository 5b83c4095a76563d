using Orrery.Documents;
using Orrery.Kernel.Experiments;
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
        Plugin("tpi-llm", "A large model on weak computers at home: tensor parallelism with a star allreduce, weights streamed from disk through a window; and its baselines.",
            "Li et al. 2024, arXiv 2410.00531", () => TpiLlmOptions.Set),
        Plugin("sn40l-coe", "Many whole models on one machine with a slow tier behind its fast memory: who is resident, what switching costs, how fused kernels and footprints compare.",
            "Prabhakar et al., MICRO 2024, arXiv 2405.07518", () => Sn40lCoeOptions.Set),
        Plugin("sleep-time-compute", "Notes on a context written in idle time: what later questions then cost and how fast they are answered.",
            "Lin et al. 2025, arXiv 2504.13171", () => SleepTimeComputeOptions.Set),
        Plugin("spotserve", "A model on machines of a spot market that come and go: another layout at each change, weights and KV moved within the grace period; and its baselines.",
            "Miao et al., ASPLOS 2024, arXiv 2311.15566", () => SpotServeOptions.Set));

    private static Plugin<ExperimentSpec, TOptions> Plugin<TOptions>(string name, string summary, string source, Func<OptionSet<TOptions>> options)
        where TOptions : ExperimentSpec, new() => new(name, summary, source, options);
}
