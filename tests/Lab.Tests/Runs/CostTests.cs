using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.World.Power;

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
        // A prompt so short that its step stays below the limit, where power is linear.
        Scenario scenario = TinyScenarios.Read(OneRequest.Replace("prompt: 100", "prompt: 10", StringComparison.Ordinal));
        RunResult run = Simulation.Run(scenario);
        World.Hardware.DeviceSpec device = scenario.Fleet[0].Deployment.Device;
        double seconds = run.Simulation.VirtualSeconds;
        double seconds2 = 2 * seconds;
        double joules = run.Figures.Number("deviceEnergy")!.Value;
        double idle = run.Figures.Number("idleEnergy")!.Value;
        double prefill = run.Figures.Number("prefillEnergy")!.Value;
        double decode = run.Figures.Number("decodeEnergy")!.Value;
        Assert.Equal(1, (idle + prefill + decode) / joules, 12);
        Assert.Equal(1, idle / (seconds2 * (1 - run.Metrics.BusyFraction) * device.IdlePower.Value), 9);
        // One prompt step of 10 tokens and nine decodes of one: linear shares of the power range, by hand from the run's totals.
        Assert.Equal(prefill / 10, run.Figures.Number("energyPerPromptToken")!.Value, 9);
        Assert.Equal(decode / 9, run.Figures.Number("energyPerDecodedToken")!.Value, 9);
        PowerShares shares = World.Catalogue.Catalog.Power(device).Shares;
        double range = device.ThermalDesignPower.Value - device.IdlePower.Value;
        double expected = (seconds2 * run.Metrics.BusyFraction * (device.IdlePower.Value + (range * shares.Running)))
            + (seconds2 * range * ((shares.Compute * run.Metrics.ModelFlopsUtilization) + (shares.Memory * run.Metrics.MemoryBandwidthUtilization)));
        Assert.Equal(1, (prefill + decode) / expected, 9);
        double facility = joules / (1 - 0.2) * 1.5;
        Assert.Equal(1, run.Cost.EnergyJoules / facility, 9);
        double hours = seconds2 / 3600;
        double embodied = device.EmbodiedCarbon.Value * hours / (4 * 8766);
        Assert.Equal(1, run.Cost.CarbonGrams / ((facility / 3.6e6 * 100) + embodied), 9);
        Assert.Equal(1, run.Cost.WaterLitres / (joules / 0.8 / 3.6e6 * 2), 9);
        Assert.Equal(1, run.Cost.MoneyDollars / (hours * device.HourlyPrice.Dollars), 9);
        Assert.True(run.Metrics.BusyFraction is > 0 and < 0.5, "one of the two replicas never works");
    }

    [Fact]
    public void APowerCapSlowsPromptsHardAndDecodesLittleAndSavesEnergy()
    {
        static RunResult Run(string cap) => Simulation.Run(TinyScenarios.Read($$"""
            model: llama-3.1-8b
            fleet: [{device: h100-sxm{{cap}}}]
            traffic: {generator: constant, rate: 1/s, requests: 5, prompt: 4000, output: 50}
            """));
        RunResult free = Run("");
        RunResult capped = Run(", powerCap: 350W");
        double Ratio(string metric) => capped.Figures.Number(metric)!.Value / free.Figures.Number(metric)!.Value;
        Assert.InRange(capped.Metrics.TtftSeconds!.Mean / free.Metrics.TtftSeconds!.Mean, 1.3, 2.5);
        Assert.InRange(Ratio("prefillEnergy"), 0.5, 0.99);
        Assert.Equal(1, Run(", powerCap: 700W").Figures.Number("deviceEnergy")!.Value / free.Figures.Number("deviceEnergy")!.Value, 12);
        // Decodes wait for memory: the cap costs them hardly any time, and they draw no more than it.
        Assert.InRange(capped.Metrics.TpotSeconds!.Mean / free.Metrics.TpotSeconds!.Mean, 1, 1.05);
        Assert.InRange(Ratio("decodeEnergy"), 0.65, 0.999);
        // Utilisation is over the peak of the device as it is sold.
        Assert.True(Ratio("mfu") <= 1.001);
    }

    [Theory]
    [InlineData("50W", "when idle")]
    [InlineData("900W", "at most")]
    [InlineData("400", "a power")]
    public void APowerCapThatCannotBeIsRefusedWhereItStands(string cap, string says)
    {
        InputException error = Assert.Throws<InputException>(() => TinyScenarios.Read($$"""
            model: llama-3.1-8b
            fleet: [{device: h100-sxm, powerCap: {{cap}}}]
            traffic: {generator: constant, rate: 4/s, requests: 2, prompt: 40, output: 10}
            """));
        Assert.Contains("powerCap", error.Message, StringComparison.Ordinal);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
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
