using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Tests.Runs;

namespace Orrery.Lab.Tests.Scenarios;

/// <summary>The key <c>lending:</c>: what it goes together with, that its lock repeats it, and that a run says what was lent.</summary>
public sealed class LendingScenarioTests
{
    private const string Good = """
        model: llama-2-7b
        positionScaling: 64
        lending: {use: infinite-llm, interval: 1s}
        traffic: {generator: poisson, rate: 10/s, requests: 30, prompt: {choice: {values: [200, 150000], weights: [14, 1]}}, output: 30}
        fleet: [{device: a100-sxm-80gb, replicas: 3, scheduler: vllm-v0-chunked}]
        """;

    [Theory]
    [InlineData("replicas: 3", "replicas: 1", "lending: a single replica has nobody to borrow from; raise replicas, or remove the key")]
    [InlineData("scheduler: vllm-v0-chunked", "memory: {prefixCache: true}", "lending: lent memory is paged, without shared prefixes and host swap; write memory: {use: paged, prefixCache: false}")]
    [InlineData("scheduler: vllm-v0-chunked", "pipeline: 2", "lending: replicas of several pipeline stages lend no memory; write pipeline: 1")]
    [InlineData("interval: 1s", "threshold: 0.9", "lending: threshold: nobody would ever have so much to spare; write less than lendLimit, and than 1 - keep")]
    [InlineData("interval: 1s", "lendLimit: 0.1", "lending: threshold: nobody would ever have so much to spare; write less than lendLimit, and than 1 - keep")]
    [InlineData("use: infinite-llm", "use: infinit-llm", "lending.use: unknown lending 'infinit-llm'; did you mean 'infinite-llm'? Known: infinite-llm")]
    public void AMistakeGetsItsSentence(string right, string wrong, string expected)
    {
        Node root = Document.Parse(Good.Replace(right, wrong, StringComparison.Ordinal), "s.yaml");
        InputException mistake = Assert.Throws<InputException>(() => ScenarioReader.Read(root, ""));
        Assert.Contains(expected, mistake.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void PromptsLongerThanAReplicaFinishAndTheLockRepeatsTheRun()
    {
        Scenario scenario = ScenarioReader.Read(Document.Parse(Good, "s.yaml"), "");
        RunResult result = Simulation.Run(scenario);
        Assert.Equal(30, result.Requests.Finished);
        Assert.Contains(result.Notes, note => note.StartsWith("lending: ", StringComparison.Ordinal));
        Scenario again = ScenarioReader.Read(Document.Parse(ScenarioLock.Write(scenario), "lock"), "");
        Assert.Equal(scenario.Control.Lending, again.Control.Lending);
        RunResult repeated = Simulation.Run(again, new() { FastForward = false });
        Assert.Equal(TinyScenarios.Comparable(result), TinyScenarios.Comparable(repeated));
    }
}
