using Orrery.Documents;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Tests.Runs;

namespace Orrery.Lab.Tests.Scenarios;

/// <summary>The keys of a scenario's root that say what a fleet does beside serving requests where they were routed.</summary>
public sealed class FleetControlTests
{
    private const string Everything = """
        model: llama-2-7b
        fleet: [{device: a100-sxm-40gb, replicas: 2, scheduler: vllm-v0}]
        rebalancer: {use: llumnix, threshold: 5}
        observation: {interval: 1s}
        links: {latency: 1ms}
        autoscaler: target-load
        startup: {warmUp: 1s}
        availability: {trace: "0:2, 60:1"}
        power: polca
        traffic: {generator: poisson, rate: 1/s, requests: 10, prompt: 10, output: 10}
        """;

    private const string Nothing = """
        model: llama-2-7b
        fleet: [{device: a100-sxm-40gb, replicas: 2, scheduler: vllm-v0}]
        handOver: null
        rebalancer: null
        observation: null
        links: null
        autoscaler: null
        startup: null
        availability: null
        lending: null
        power: null
        traffic: {generator: poisson, rate: 1/s, requests: 10, prompt: 10, output: 10}
        """;

    [Fact]
    public void KeysThatSayNullAreAsGoodAsNone()
    {
        Assert.Equal(8, FleetControl.Keys.Length);
        Assert.All(FleetControl.Keys, key => Assert.Contains($"{key}: null", Nothing, StringComparison.Ordinal));
        Scenario plain = TinyScenarios.Read(Nothing);
        Assert.Equal(new FleetControl(), plain.Control);
        Assert.Null(plain.Power);
        string[] lines = [.. Nothing.Split('\n').Where(line => !line.Contains("null", StringComparison.Ordinal))];
        Assert.Equal(ScenarioLock.Write(TinyScenarios.Read(string.Join('\n', lines))), ScenarioLock.Write(plain));
    }

    [Fact]
    public void APartIsSwitchedOffFromTheCommandLine()
    {
        Node root = Document.Parse(Everything, "s.yaml");
        Assert.NotNull(ScenarioReader.Read(root, "").Control.Rebalancer);
        Assert.Null(ScenarioReader.Read(Overrides.Apply(root, "rebalancer=null", "--vary"), "").Control.Rebalancer);
    }
}
