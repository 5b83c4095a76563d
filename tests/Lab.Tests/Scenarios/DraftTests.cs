using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Tests.Runs;

namespace Orrery.Lab.Tests.Scenarios;

/// <summary>The key <c>draft:</c> from the scenario to the figures.</summary>
public sealed class DraftTests
{
    [Theory]
    [InlineData("{model: llama-160m}")]
    [InlineData("{model: vicuna-160m, control: {use: smartspec, most: 3, probeEvery: null}, acceptance: {rate: 0.8, spread: 0.1}}")]
    [InlineData("{model: ngram, control: smartspec, acceptance: {rate: 0.9, match: 0.4}, searchTime: 800us}")]
    public void ALockRepeatsTheRun(string draft)
    {
        Scenario scenario = Read(draft);
        string text = ScenarioLock.Write(scenario);
        Scenario again = TinyScenarios.Read(text);
        Assert.Equal(scenario.Fleet[0].Design.Draft!.Control, again.Fleet[0].Design.Draft!.Control);
        Assert.Equal(scenario.Fleet[0].Design.Draft!.Acceptance, again.Fleet[0].Design.Draft!.Acceptance);
        Assert.Equal(scenario.Fleet[0].Design.Draft!.SearchTime, again.Fleet[0].Design.Draft!.SearchTime);
        Assert.Equal(scenario.Fleet[0].Capacity, again.Fleet[0].Capacity);
        Assert.Equal(text, ScenarioLock.Write(again));
        Assert.Equal(TinyScenarios.Comparable(Simulation.Run(scenario)), TinyScenarios.Comparable(Simulation.Run(again)));
    }

    [Fact]
    public void FiguresCountDrafts()
    {
        RunResult plain = Simulation.Run(Read(null));
        RunResult drafted = Simulation.Run(Read("{model: llama-160m, control: {use: fixed, tokens: 3}, acceptance: 1}"));
        Assert.Equal(plain.Figures.Number("outputTokens"), drafted.Figures.Number("outputTokens"));
        Assert.Null(plain.Figures.Number("draftedTokens"));
        Assert.Equal(1, drafted.Figures.Number("acceptedShare"));
        Assert.InRange(drafted.Figures.Number("draftLength")!.Value, 2.5, 3);
        Assert.Equal(drafted.Figures.Number("acceptedTokens"), drafted.Figures.Number("draftedTokens"));
        Assert.True(drafted.Figures.Number("steps") < 0.5 * plain.Figures.Number("steps"));
    }

    private static Scenario Read(string? draft) => TinyScenarios.Read($$"""
        model: llama-2-7b
        fleet: [{device: a100-sxm-80gb{{(draft is null ? "" : $", draft: {draft}")}}}]
        traffic: {generator: poisson, rate: 2/s, requests: 30, prompt: {uniform: {min: 10, max: 300} }, output: {uniform: {min: 20, max: 100} } }
        """);
}
