using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Kernel.Experiments;

namespace Orrery.Lab.Scenarios;

/// <summary>From YAML to a checked <see cref="ExperimentScenario"/>.</summary>
internal static class ExperimentReader
{
    public const string Key = "experiment";

    private static readonly string[] OwnKeys = ["name", Key, "expect", "seed"];

    /// <exception cref="InputException">Any mistake of the user.</exception>
    public static ExperimentScenario Read(Node root, string folder, ulong? seed)
    {
        MapReader map = root.AsMap();
        string? name = map.Optional("name")?.AsText();
        Node experiment = map.Required(Key);
        IReadOnlyList<Node> expect = map.List("expect");
        ulong ownSeed = (ulong)map.Long("seed", (long)RunnableScenario.DefaultSeed, min: 0);
        RefuseFleet(root);
        map.Done();
        ExperimentSpec spec = Experiments.Registry.Read(experiment);
        string use = Experiments.NameOf(spec);
        return new()
        {
            Name = name ?? use,
            Experiment = spec,
            Use = use,
            Place = experiment,
            Expect = [.. expect.Select(node => Expectation.Parse(node, ExperimentScenario.Infos(spec)))],
            Seed = seed ?? ownSeed,
            Folder = folder,
        };
    }

    /// <summary>Said of a scenario with an experiment by whatever needs a fleet.</summary>
    public static InputException NeedsFleet(Node experiment) =>
        experiment.KeyError("this needs a fleet under traffic, and the scenario runs an experiment; experiments are run by simulate, compare and reproduce");

    /// <summary>A key of fleets beside an experiment is a mistake of another kind than an unknown one.</summary>
    private static void RefuseFleet(Node root)
    {
        foreach ((string key, Node value) in root.Entries)
            if (!OwnKeys.Contains(key) && ScenarioSchema.RootKeys.Contains(key))
                throw value.KeyError($"an experiment brings its own world and traffic; remove '{key}', or remove '{Key}' and run a fleet");
    }
}
