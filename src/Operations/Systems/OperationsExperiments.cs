using Orrery.Documents;
using Orrery.Kernel.Experiments;

namespace Orrery.Operations.Systems;

/// <summary>Every experiment of this wing by name: one line per published system.</summary>
public static class OperationsExperiments
{
    public static readonly PluginRegistry<ExperimentSpec> Registry = new("experiment");
}
