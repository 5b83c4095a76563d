using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Operations.Systems;
using Orrery.Serving.Planning;

namespace Orrery.Lab.Scenarios;

/// <summary>Every experiment of every wing by name.</summary>
public static class Experiments
{
    public static readonly PluginRegistry<ExperimentSpec> Registry = new("experiment", [.. ServingExperiments.Registry.All, .. OperationsExperiments.Registry.All]);

    /// <summary>The name of the plug-in that made a spec.</summary>
    public static string NameOf(ExperimentSpec spec) => Registry.All.First(plugin => plugin.Made(spec)).Name;
}
