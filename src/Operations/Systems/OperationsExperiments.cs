using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Operations.Systems.IntelligentLoadBalancing;
using Orrery.Operations.Systems.ServerlessColdStarts;

namespace Orrery.Operations.Systems;

/// <summary>Every experiment of this wing by name: one line per published system.</summary>
public static class OperationsExperiments
{
    public static readonly PluginRegistry<ExperimentSpec> Registry = new(
        "experiment",
        Plugin("serverless-cold-starts", "A function platform: who starts cold, how long it takes, and what keep-alive, pre-warming, pools and delays change.",
            "Joosen et al., EuroSys 2025, arXiv 2410.06145", () => ServerlessColdStartsOptions.Set),
        Plugin("intelligent-load-balancing", "A cell of unlike machines whose tasks wander, and central searches or agents that move tasks off overloaded machines.",
            "Sliwko, thesis, University of Westminster", () => IntelligentLoadBalancingOptions.Set));

    private static Plugin<ExperimentSpec, TOptions> Plugin<TOptions>(string name, string summary, string source, Func<OptionSet<TOptions>> options)
        where TOptions : ExperimentSpec, new() => new(name, summary, source, options);
}
