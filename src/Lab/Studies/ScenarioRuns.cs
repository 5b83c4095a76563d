using System.Globalization;
using System.Text;
using Orrery.Documents;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Studies;

/// <summary>Makes the runs of a study from scenario trees.</summary>
internal static class ScenarioRuns
{
    public static PrepareRun From(string folder, bool fastForward, RunWindow? window = null) => (tree, seed) =>
    {
        RunnableScenario scenario = ScenarioReader.ReadAny(tree, folder, seed);
        string identity = Identity(scenario, tree, folder);
        return scenario switch
        {
            ExperimentScenario experiment => new(scenario.Name, scenario.Seed, identity, cancel => ExperimentRun.Run(experiment, cancel))
            {
                Experiment = experiment.Experiment,
            },
            _ => new(
                scenario.Name, scenario.Seed, identity + (window is null ? "" : $"window {window.From.Nanoseconds} {window.To.Nanoseconds} {window.Priority}\n"),
                cancel => Simulation.RunRecorded((Scenario)scenario, new() { FastForward = fastForward, Cancel = cancel, Window = window })),
        };
    };

    /// <summary>The lock file, with the size and date of every file that the scenario names: a changed trace is another run.</summary>
    private static string Identity(RunnableScenario scenario, Node tree, string folder)
    {
        var identity = new StringBuilder(ScenarioLock.Write(scenario)).Append(Path.GetFullPath(folder.Length == 0 ? "." : folder)).Append('\n');
        Stamp(tree);
        return identity.ToString();

        void Stamp(Node node)
        {
            foreach (Node item in node.Items) Stamp(item);
            foreach ((string _, Node value) in node.Entries) Stamp(value);
            if (node.Kind != NodeKind.Scalar || !node.Text.Contains('.', StringComparison.Ordinal)) return;
            var file = new FileInfo(Path.Combine(folder, node.Text.Replace('\0', '?')));
            if (file.Exists)
                identity.Append(CultureInfo.InvariantCulture, $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}\n");
        }
    }
}
