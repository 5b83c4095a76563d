using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Tests.Runs;

public sealed class CostTests
{
    private const string OneRequest = """
        model: llama-2-7b
        fleet: [{device: a100-sxm-80gb, replicas: 2}]
        traffic: {generator: constant, rate: 1/s, requests: 1, prompt: 100, output: 10}
        energy: {pue: 1.5, hostShare: 0.2, water: 2L/kWh, grid: 100g/kWh, lifetimeYears: 4, serverCarbonPerDevice: 0g}
        """;

    [Fact]
    public void EnergyCarbonWaterAndMoneyFollowFromTotals()
    {
        Scenario scenario = TinyScenarios.Read(OneRequest);
        RunResult run = Simulation.Run(scenario);
        World.Hardware.DeviceSpec device = scenario.Fleet[0].Deployment.Device;
        double seconds = run.Simulation.VirtualSeconds;
        double peakFlops = device.PeakRate(World.Hardware.Precision.Bf16)!.Value.Value;
        double range = device.ThermalDesignPower.Value - device.IdlePower.Value;
        // The power model's shares: half for being active, 0.3 at full matrix rate, 0.2 at full bandwidth; two devices, each idle for the whole run.
        double device2 = 2 * seconds;
        double joules = (device2 * device.IdlePower.Value)
            + (device2 * run.Metrics.BusyFraction * range * 0.5)
            + (device2 * run.Metrics.ModelFlopsUtilization * range * 0.3)
            + (device2 * run.Metrics.MemoryBandwidthUtilization * range * 0.2);
        double facility = joules / (1 - 0.2) * 1.5;
        Assert.Equal(1, run.Cost.EnergyJoules / facility, 9);
        double hours = device2 / 3600;
        double embodied = device.EmbodiedCarbon.Value * hours / (4 * 8766);
        Assert.Equal(1, run.Cost.CarbonGrams / ((facility / 3.6e6 * 100) + embodied), 9);
        Assert.Equal(1, run.Cost.WaterLitres / (joules / 0.8 / 3.6e6 * 2), 9);
        Assert.Equal(1, run.Cost.MoneyDollars / (hours * device.HourlyPrice.Dollars), 9);
        Assert.True(peakFlops > 0 && run.Metrics.BusyFraction is > 0 and < 0.5, "one of the two replicas never works");
    }

    [Fact]
    public void RatesAreOverTheTimeToTheLastDeparture()
    {
        RunResult run = Simulation.Run(TinyScenarios.Read(OneRequest));
        double seconds = run.Simulation.VirtualSeconds;
        Assert.Equal(1 / seconds, run.Metrics.RequestsPerSecond, 12);
        Assert.Equal(10 / seconds, run.Metrics.OutputTokensPerSecond, 9);
        Assert.Equal(new TokenCounts(100, 10, 100, 0), run.Tokens);
        Assert.Equal(10, run.Simulation.Steps);
    }

    [Fact]
    public void TokensStepsAndEnergyAreSharedOut()
    {
        RunFigures run = Simulation.Run(TinyScenarios.Read(OneRequest)).Figures;
        Assert.Equal(11, run.Number("tokensPerSecond") / run.Number("requestsPerSecond") / 10);
        Assert.Equal(10, run.Number("steps"));
        // One prompt step of 100 tokens, whose end is the first output token, and nine decodes.
        Assert.Equal(10.9, run.Number("tokensPerStep")!.Value, 12);
        Assert.Equal(0, run.Number("cachedShare"));
        Assert.Equal(run.Number("energy"), run.Number("energyPerRequest"));
        Assert.Equal(run.Number("energy") / 10, run.Number("energyPerToken"));
    }

    [Fact]
    public void APrefixCacheTakesItsShareOfThePrompts()
    {
        RunFigures run = Simulation.Run(TinyScenarios.Read("""
            model: llama-2-7b
            fleet: [{device: a100-sxm-80gb, memory: {prefixCache: true}}]
            traffic: {generator: constant, rate: 1/s, requests: 4, prompt: 90, output: 2, prefixGroups: {count: 1, tokens: 64}}
            """)).Figures;
        double cached = run.Number("cachedTokens")!.Value;
        Assert.True(cached > 0);
        Assert.Equal(cached / (cached + run.Number("prefilledTokens")!.Value), run.Number("cachedShare"));
    }

    [Fact]
    public void AResultReadsBackFromItsJson()
    {
        RunResult run = Simulation.Run(TinyScenarios.Read(TinyScenarios.Everything));
        string text = RunJson.Text(run);
        using var document = System.Text.Json.JsonDocument.Parse(text);
        Assert.Equal(text, RunJson.Text(RunJson.Read(document.RootElement)));
        Assert.Equal("orrery.run/1", document.RootElement.GetProperty("schema").GetString());
        Assert.Equal(
            ["count", "mean", "std", "min", "p10", "p25", "p50", "p75", "p90", "p95", "p99", "p999", "max"],
            document.RootElement.GetProperty("metrics").GetProperty("ttftSeconds").EnumerateObject().Select(p => p.Name));
        Assert.Equal("USD", document.RootElement.GetProperty("cost").GetProperty("money").GetProperty("currency").GetString());
    }

    [Fact]
    public void ARunWithoutTokensHasNullDistributions()
    {
        RunResult run = Simulation.Run(TinyScenarios.Read("""
            model: llama-2-7b
            maxModelLength: 50
            fleet: [{device: a100-sxm-80gb}]
            traffic: {generator: constant, rate: 1/s, requests: 3, prompt: 100, output: 10}
            """));
        Assert.Equal((3, 3, 0), (run.Requests.Arrived, run.Requests.Rejected, run.Requests.Finished));
        using var document = System.Text.Json.JsonDocument.Parse(RunJson.Text(run));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, document.RootElement.GetProperty("metrics").GetProperty("ttftSeconds").ValueKind);
    }
}
