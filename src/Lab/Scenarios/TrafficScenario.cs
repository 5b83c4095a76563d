using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Serving.Metrics;
using Orrery.Traffic.Specs;

namespace Orrery.Lab.Scenarios;

/// <summary>What measuring a real server needs of a scenario: its traffic, its goals and its seed. The world is the server itself.</summary>
public sealed record TrafficScenario
{
    /// <summary>Keys of a scenario that describe what is measured here; they are passed over, so that one file serves simulation and measurement.</summary>
    private static readonly string[] WorldKeys =
        ["model", "precision", "maxModelLength", "positionScaling", "profile", "engine", "fleet", "router", "predictors", "energy"];

    public required string Name { get; init; }

    public required TrafficSpec Traffic { get; init; }

    /// <inheritdoc cref="Scenario.Slo"/>
    public ServiceObjective Slo { get; init; } = ServiceObjective.None;

    public IReadOnlyList<Expectation> Expect { get; init; } = [];

    /// <inheritdoc cref="Scenario.Qoe"/>
    public QoeRule Qoe { get; init; } = new();

    public ulong Seed { get; init; } = Scenario.DefaultSeed;

    /// <summary>Checks a tree as <see cref="ScenarioReader.Read"/> does, as far as it goes.</summary>
    /// <param name="root">A scenario's root; what describes the world may be missing.</param>
    /// <param name="folder">Where relative file names start; "" is the current folder.</param>
    /// <param name="name">Where the file has none.</param>
    /// <param name="seed">Replaces the scenario's seed.</param>
    /// <exception cref="InputException">Any mistake of the user.</exception>
    public static TrafficScenario Read(Node root, string folder, string name, ulong? seed = null)
    {
        ArgumentNullException.ThrowIfNull(root);
        MapReader map = root.AsMap();
        if (map.Optional(ExperimentReader.Key) is { } experiment) throw ExperimentReader.NeedsFleet(experiment);
        foreach (string key in WorldKeys) map.Optional(key);
        string ownName = map.Text("name", name);
        Node traffic = map.Optional("traffic") ?? throw root.Error("the key 'traffic' is missing; write for example traffic: {generator: poisson, rate: 2/s, …}");
        (ServiceObjective slo, _) = ScenarioReader.ReadSlo(map.Map("slo"));
        Expectation[] expect = [.. map.List("expect").Select(node => Expectation.Parse(node, RunMetricTable.Infos))];
        QoeRule qoe = ScenarioReader.ReadQoe(map.Map("qoe"));
        ulong ownSeed = (ulong)map.Long("seed", (long)Scenario.DefaultSeed, min: 0);
        map.Done();
        return new() { Name = ownName, Traffic = TrafficSpec.Read(traffic, folder), Slo = slo, Expect = expect, Qoe = qoe, Seed = seed ?? ownSeed };
    }
}
