using Orrery.Documents;
using Orrery.Kernel;
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

    [Fact]
    public void WhatIsSwitchedOffTakesItsStartUpWithIt() =>
        Assert.Null(ScenarioReader.Read(Overrides.Apply(Document.Parse(Everything, "s.yaml"), "availability=null", "--vary"), "").Control.Availability);

    [Theory]
    [InlineData("autoscaler=target-load", "autoscaler: the provider's trace in availability says how many replicas there are; remove one of the two")]
    [InlineData("observation={delay: 5s}", "a delay alone delays nothing")]
    [InlineData("rebalancer.interval=0s", "'0s' is out of range")]
    [InlineData("startup.remoteBandwidth=1B/s", "'1B/s' is out of range; write a bandwidth of at least 1MB/s")]
    [InlineData("links={bandwidth: 1B/s}", "'1B/s' is out of range; write a bandwidth of at least 1MB/s")]
    [InlineData("availability={trace: \"0:0, 10:200000\"}", "the trace has 200000 replicas at its peak")]
    public void AMistakeGetsItsSentence(string change, string sentence)
    {
        InputException mistake = Assert.Throws<InputException>(() => ScenarioReader.Read(Overrides.Apply(Document.Parse(Everything, "s.yaml"), change, "--set"), ""));
        Assert.Contains(sentence, mistake.Message, StringComparison.Ordinal);
    }
}
