using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Power;

namespace Orrery.Lab.Tests.Runs;

/// <summary>Fleets behind a breaker: caps and brakes change times and nothing else.</summary>
public sealed class RowPowerTests
{
    private const string Row = """
        model: llama-2-7b
        maxModelLength: 1500
        fleet:
          - {device: a100-sxm-40gb, replicas: 2, priority: high}
          - {device: a100-sxm-40gb, replicas: 2, priority: low}
        power: {use: polca, budget: 2kW, interval: 200ms, telemetryDelay: 100ms, capDelay: 1s, brakeDelay: 300ms}
        traffic:
          generator: gamma
          rate: 30/s
          cv: 3
          requests: 1200
          prompt: {lognormal: {median: 300, sigma: 1, min: 8, max: 700}}
          output: {lognormal: {median: 100, sigma: 0.8, min: 2, max: 700}}
          priorities: [{priority: 0, weight: 0.5}, {priority: 1, weight: 0.5}]
          patience: {exponential: {mean: 60s}}
        """;

    [Theory]
    [InlineData("polca")]
    [InlineData("one-threshold")]
    [InlineData("brake-only")]
    [InlineData("uncapped")]
    public void FastForwardEqualsSingleSteps(string manager)
    {
        Scenario scenario = TinyScenarios.Read(Row.Replace("use: polca", $"use: {manager}", StringComparison.Ordinal));
        RunResult fast = Simulation.Run(scenario);
        RunResult single = Simulation.Run(scenario, new() { FastForward = false });
        Assert.Equal(TinyScenarios.Comparable(single), TinyScenarios.Comparable(fast));
        Assert.Equal(1200, fast.Requests.Finished + fast.Requests.Cancelled);
        Assert.True(Figure(fast, "rowPeak") > 0.5);
        bool acts = manager is "polca" or "one-threshold";
        Assert.Equal(acts, Figure(fast, "capCommands") > 0);
        Assert.Equal(manager != "uncapped", Figure(fast, "brakes") > 0);
    }

    [Fact]
    public void ThePowerOfARunIsItsEnergyOverItsTime()
    {
        RunResult result = Simulation.Run(TinyScenarios.Read(Row.Replace("use: polca", "use: uncapped", StringComparison.Ordinal)));
        // Whole readings of 200 ms.
        double seconds = Math.Floor(result.Simulation.VirtualSeconds / 0.2) * 0.2;
        Assert.Equal(Figure(result, "rowMean"), Figure(result, "rowEnergy") / seconds / 2000, 2);
        // Four replicas of one device each: an eighth of a server's idle power at least.
        Assert.True(Figure(result, "rowMean") > 4 * 1500 / 8.0 / 2000);
    }

    [Fact]
    public void EachPriorityHasItsReplicas()
    {
        List<(int Priority, int Replica)> left = [];
        Simulation.Run(TinyScenarios.Read(Row), new() { Left = sequence => left.Add((sequence.Priority, sequence.Replica)) });
        Assert.All(left, request => Assert.Equal(request.Priority > 0, request.Replica >= 2));
        Assert.Equal([0, 1, 2, 3], left.Select(request => request.Replica).Distinct().Order());
    }

    [Fact]
    public void WithoutABreakerThereAreNoFigures() =>
        Assert.Null(RunMetricTable.Lookup(Simulation.Run(TinyScenarios.Read(TinyScenarios.Everything)), Documents.Expectations.Statistic.Value, RunMetricTable.Find("brakes")!.Info));

    [Fact]
    public void ALockKeepsTheRow()
    {
        Scenario scenario = TinyScenarios.Read(Row);
        Scenario again = TinyScenarios.Read(ScenarioLock.Write(scenario));
        Assert.Equal(scenario.Power, again.Power);
        Assert.Equal([ServerPriority.High, ServerPriority.Low], again.Fleet.Select(entry => entry.Priority));
        Assert.Equal(2000, again.Power!.Budget.Value);
    }

    [Fact]
    public void TheBudgetIsTheRatedPowerUnlessSaid()
    {
        Scenario scenario = TinyScenarios.Read(Row.Replace("budget: 2kW, ", "", StringComparison.Ordinal));
        Assert.Equal(4 * 6500 / 8.0, scenario.Power!.Budget.Value);
        Assert.Equal(400, scenario.Power.Row.DeviceWatts);
    }

    [Theory]
    [InlineData("use: polca", "use: polka", "unknown power manager 'polka'; did you mean 'polca'?")]
    [InlineData("budget: 2kW", "budgets: 2kW", "power.budgets: unknown key; did you mean 'budget'?")]
    [InlineData("interval: 200ms", "interval: 0s", "power.interval: '0s' is out of range")]
    [InlineData("budget: 2kW", "budget: 2kW, firstThreshold: 0.95", "firstThreshold: it stands below secondThreshold")]
    [InlineData("priority: low", "priority: lo", "fleet.1.priority: unknown priority 'lo'; did you mean 'low'?")]
    [InlineData("- {device: a100-sxm-40gb, replicas: 2, priority: low}", "- {device: h100-sxm}", "one kind of device")]
    public void MistakesAreToldWithTheirPlace(string right, string wrong, string sentence)
    {
        string text = Row.Replace(right, wrong, StringComparison.Ordinal);
        InputException mistake = Assert.Throws<InputException>(() => ScenarioReader.Read(Document.Parse(text, "s.yaml"), ""));
        Assert.Contains(sentence, mistake.Message, StringComparison.Ordinal);
        Assert.StartsWith("s.yaml:", mistake.Message, StringComparison.Ordinal);
    }

    private static double Figure(RunResult result, string name) =>
        RunMetricTable.Lookup(result, Documents.Expectations.Statistic.Value, RunMetricTable.Find(name)!.Info)!.Value;
}
