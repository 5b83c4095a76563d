using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Serving.Systems.Polca;
using Orrery.Serving.Systems.SleepTimeCompute;

namespace Orrery.Serving.Planning;

/// <summary>Every experiment of the serving wing by name; one line each.</summary>
public static class ServingExperiments
{
    public static readonly PluginRegistry<ExperimentSpec> Registry = new(
        "experiment",
        Plugin("polca", "A row of servers under one breaker with more of them than it was built for, through a week.",
            "Patel et al., arXiv 2308.12908 (ASPLOS 2024)", () => RowOptions.Set),
        Plugin("sleep-time-compute", "Notes on a context written in idle time: what later questions then cost and how fast they are answered.",
            "Lin et al. 2025, arXiv 2504.13171", () => SleepTimeComputeOptions.Set));

    private static Plugin<ExperimentSpec, TOptions> Plugin<TOptions>(string name, string summary, string source, Func<OptionSet<TOptions>> options)
        where TOptions : ExperimentSpec, new() => new(name, summary, source, options);
}
