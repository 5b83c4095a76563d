using Orrery.Documents;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Tests.Runs;

namespace Orrery.Lab.Tests.Scenarios;

public sealed class LockTests
{
    public static TheoryData<string> Shipped { get; } = [.. Repository.Scenarios.Select(path => Path.GetFileName(path))];

    [Theory]
    [MemberData(nameof(Shipped))]
    public void ALockReadsBackToTheSameScenario(string file)
    {
        RunnableScenario loaded = ScenarioReader.LoadAny(Path.Combine(Repository.Root, "scenarios", file));
        string text = ScenarioLock.Write(loaded);
        RunnableScenario read = ScenarioReader.ReadAny(Document.Parse(text, "lock"), "");
        Assert.Equal(text, ScenarioLock.Write(read));
        if (loaded is not Scenario scenario) return;
        var again = (Scenario)read;
        Assert.Equal(scenario.Energy, again.Energy);
        Assert.Equal(scenario.Qoe, again.Qoe);
        Assert.Equal(scenario.Slo, again.Slo);
        Assert.Equal(scenario.Fleet.Select(e => (e.Scheduler, e.Memory, e.Capacity, e.MaxModelTokens)), again.Fleet.Select(e => (e.Scheduler, e.Memory, e.Capacity, e.MaxModelTokens)));
    }

    [Fact]
    public void LimitsByPromptLengthAndPaceSurvive()
    {
        Scenario scenario = TinyScenarios.Read(TinyScenarios.Everything.Replace("tpot: 50ms", "promptTokensPerSecond: 512, tokensPerSecond: 4.5, span: 8", StringComparison.Ordinal));
        Assert.Equal((512, 4.5, 8), (scenario.Slo.PromptTokensPerSecond, scenario.Slo.Pace.TokensPerSecond, scenario.Slo.Pace.SpanTokens));
        Assert.Equal(scenario.Slo, TinyScenarios.Read(ScenarioLock.Write(scenario)).Slo);
    }

    [Fact]
    public void ALockRunsTheSame()
    {
        Scenario scenario = TinyScenarios.Read(TinyScenarios.Everything, seed: 7);
        Scenario again = TinyScenarios.Read(ScenarioLock.Write(scenario));
        Assert.Equal(TinyScenarios.Comparable(Simulation.Run(scenario)), TinyScenarios.Comparable(Simulation.Run(again)));
    }

    [Theory]
    [InlineData("vllm-v1", 1)]
    [InlineData("vllm-v0", 0)]
    public void BesideAHostPoolPrefixesAreNotSharedAndTheLockSaysSo(string scheduler, int notes)
    {
        Scenario scenario = TinyScenarios.Read($$$"""
            model: llama-2-7b
            fleet: [{device: a100-sxm-80gb, scheduler: {{{scheduler}}}, memory: {hostSwap: {size: 16GiB, out: background}, use: paged}}]
            traffic: {generator: poisson, rate: 1/s, requests: 10, prompt: 10, output: 10}
            """);
        Assert.False(Assert.Single(scenario.Fleet).Memory.SharesPrefixes);
        Assert.Equal(notes, scenario.Notes.Count);
        Assert.All(scenario.Notes, note => Assert.StartsWith("fleet.0.memory.hostSwap: ", note, StringComparison.Ordinal));
        string text = ScenarioLock.Write(scenario);
        Assert.Contains("prefixCache: false", text, StringComparison.Ordinal);
        Scenario again = TinyScenarios.Read(text);
        Assert.Equal(text, ScenarioLock.Write(again));
        Assert.Empty(again.Notes);
    }

    [Fact]
    public void StretchedPositionsAndAnEnginesBlocksSurvive()
    {
        const string text = """
            model: llama-2-7b
            positionScaling: 2
            maxModelLength: 8192
            fleet: [{device: a100-sxm-80gb, scheduler: fastgen}, {device: a100-sxm-80gb, scheduler: fastgen, memory: {utilization: 0.8}}]
            traffic: {generator: poisson, rate: 1/s, requests: 10, prompt: 10, output: 10}
            """;
        Scenario scenario = TinyScenarios.Read(text);
        Scenario again = TinyScenarios.Read(ScenarioLock.Write(scenario));
        foreach (FleetEntry entry in scenario.Fleet.Concat(again.Fleet))
        {
            Assert.Equal(8192, entry.MaxModelTokens);
            Assert.Equal(128, entry.Memory.BlockTokens(entry.Deployment));
        }
    }
}
