using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Lab.Results;

namespace Orrery.Lab.Studies;

/// <summary>A run that has been read and checked, and can be executed on any thread.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="Seed">Of all its random streams.</param>
/// <param name="Identity">Everything that its result depends on, as text: two runs of equal identity have equal results.</param>
/// <param name="Execute">Runs it; a cancelled run returns what it had reached, marked partial.</param>
public sealed record PreparedRun(string Scenario, ulong Seed, string Identity, Func<CancellationToken, RunRecord> Execute)
{
    /// <summary>What is run where it is no fleet under traffic.</summary>
    public ExperimentSpec? Experiment { get; init; }
}

/// <summary>Reads a scenario's tree into a run.</summary>
/// <param name="tree">With all overrides applied.</param>
/// <param name="seed">Null for the scenario's own.</param>
/// <exception cref="Kernel.InputException">The tree is no valid scenario.</exception>
public delegate PreparedRun PrepareRun(Node tree, ulong? seed);
