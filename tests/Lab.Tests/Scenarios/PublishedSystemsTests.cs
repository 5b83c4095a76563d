using Orrery.Documents;
using Orrery.Lab.Claims;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Tests.Runs;
using Orrery.Serving.Planning;
using Orrery.Serving.Systems;

namespace Orrery.Lab.Tests.Scenarios;

/// <summary>What the catalogue says of systems can be run as it stands.</summary>
public sealed class PublishedSystemsTests
{
    public static TheoryData<string> Names => [.. PublishedSystems.All.Select(system => system.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void ItsKeysMakeAReplica(string name)
    {
        PublishedSystem system = PublishedSystems.All.Single(one => one.Name == name);
        string entry = system.Entry;
        if (entry.StartsWith("experiment:", StringComparison.Ordinal))
        {
            var experiment = Assert.IsType<ExperimentScenario>(ScenarioReader.ReadAny(Document.Parse(entry, "entry"), ""));
            Assert.Equal(name, experiment.Use);
            Assert.NotEmpty(ExperimentRun.Run(experiment).Result.Experiment!.Values);
            return;
        }
        string text = $$"""
            {{system.Root}}
            model: llama-3-8b
            maxModelLength: 4096
            traffic: {generator: poisson, rate: 10/s, requests: 40, prompt: 100, output: 20}
            fleet:
              - device: a100-sxm-80gb
                {{entry.Replace("\n", "\n    ", StringComparison.Ordinal)}}
            """;
        Scenario scenario = TinyScenarios.Read(text);
        Assert.Equal(40, Simulation.Run(scenario, new()).Requests.Finished);
    }

    [Fact]
    public void EverySchedulerAndEveryClaimBelongsToASystem()
    {
        HashSet<string> systems = [.. PublishedSystems.All.Select(system => system.Name)];
        string entries = string.Join('\n', PublishedSystems.All.Select(system => system.Entry));
        Assert.All(Schedulers.Registry.Names, name => Assert.True(systems.Contains(name) || entries.Contains($"use: {name}", StringComparison.Ordinal), name));
        // A planner is named after its system.
        Assert.All(ServingExperiments.Registry.Names, name => Assert.True(
            entries.Contains(name, StringComparison.Ordinal) || systems.Any(system => name.StartsWith(system + "-", StringComparison.Ordinal)), name));
        // What has no replicas is known by its experiment's name.
        systems.UnionWith(Experiments.Registry.Names);
        Assert.All(ClaimCatalogue.All().Where(file => !file.IsStudy), file => Assert.Contains(file.System, systems));
    }
}
