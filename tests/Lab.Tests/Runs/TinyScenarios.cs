using Orrery.Documents;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Tests.Runs;

/// <summary>Small scenarios that run in milliseconds.</summary>
internal static class TinyScenarios
{
    /// <summary>Two replicas, prompts that queue and preempt, clients that leave and time out, requests that are too long.</summary>
    public const string Everything = """
        name: everything
        model: llama-2-7b
        maxModelLength: 1500
        fleet: [{device: a100-sxm-40gb, replicas: 2, memory: {utilization: 0.5}}]
        router: round-robin
        predictors: {outputLength: {use: oracle, relativeError: 0.3}}
        traffic:
          generator: gamma
          rate: 30/s
          cv: 3
          requests: 1500
          prompt: {lognormal: {median: 300, sigma: 1, min: 8, max: 1600}}
          output: {lognormal: {median: 100, sigma: 0.8, min: 2, max: 700}}
          timeout: 20s
          patience: {exponential: {mean: 60s}}
        slo: {ttft: 1s, tpot: 50ms}
        expect: ["p99(gap) <= 10s", "finished >= 100000"]
        """;

    public static Scenario Read(string text, ulong? seed = null) => ScenarioReader.Read(Document.Parse(text, "s.yaml"), "", seed);

    /// <summary>The JSON without what may differ between equal runs.</summary>
    public static string Comparable(RunResult result) => RunJson.Text(result with { Simulation = new(0, 0, 0, 0) });
}
