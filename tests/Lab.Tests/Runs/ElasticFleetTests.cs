using Orrery.Lab.Results;
using Orrery.Lab.Runs;

namespace Orrery.Lab.Tests.Runs;

/// <summary>What a result counts where replicas come and go.</summary>
public sealed class ElasticFleetTests
{
    private const string OneReplica = """
        model: llama-2-7b
        fleet: [{device: a100-sxm-40gb, scheduler: vllm-v0}]
        availability: {trace: "0:1"}
        startup: {provision: 1h}
        traffic: {generator: poisson, rate: 4/s, duration: 60s, prompt: 300, output: 100}
        """;

    [Fact]
    public void AReplicaThatComesLateCountsForItsTimeAlone()
    {
        RunFigures alone = Simulation.Run(TinyScenarios.Read(OneReplica)).Figures;
        RunFigures withLate = Simulation.Run(TinyScenarios.Read(OneReplica.Replace("0:1", "0:1, 50:2", StringComparison.Ordinal))).Figures;
        double Hours(RunFigures figures) => figures.Number("replicaHours")!.Value;
        double KvTime(RunFigures figures) => figures.Number("kvMean")!.Value * Hours(figures);
        Assert.True(Hours(withLate) > Hours(alone) * 1.1);
        Assert.True(Hours(withLate) < Hours(alone) * 1.5);
        Assert.Equal(KvTime(alone), KvTime(withLate), 1e-12);
    }

    [Fact]
    public void ARunEndsThoughAllMachinesAreGoneForGood()
    {
        RunFigures figures = Simulation.Run(TinyScenarios.Read("""
            model: llama-2-7b
            fleet: [{device: a100-sxm-40gb, replicas: 2, scheduler: vllm-v0, memory: {prefixCache: false}}]
            rebalancer: llumnix
            availability: {trace: "0:2, 20:0", grace: 1s}
            traffic: {generator: poisson, rate: 4/s, requests: 200, prompt: 300, output: 200}
            """)).Figures;
        Assert.InRange(figures.Number("finished")!.Value, 20, 150);
        Assert.Equal(200, figures.Number("finished") + figures.Number("rejected"));
    }

    [Theory]
    [InlineData("router: llumnix\nrebalancer: {use: llumnix, threshold: 60}")]
    [InlineData("router: round-robin\navailability: {trace: \"0:1, 20:0, 60:1\", grace: 1s}\nstartup: {warmUp: 1s, weights: host}")]
    public void ARequestGoesNowhereThatDoesNotHoldIt(string moves)
    {
        RunFigures figures = Simulation.Run(TinyScenarios.Read($$$"""
            model: llama-3-8b
            fleet:
              - {device: l40s, replicas: 2, scheduler: vllm-v0, memory: {prefixCache: false, blocks: 300}}
              - {device: l40s, replicas: 2, scheduler: vllm-v0, memory: {prefixCache: false, blocks: 200}}
            {{{moves}}}
            traffic: {generator: poisson, rate: 3/s, requests: 150, prompt: 1500, output: {uniform: {min: 100, max: 3000} } }
            """)).Figures;
        // 300 blocks hold 4,800 tokens, all of them; 200 hold 3,200.
        Assert.Equal(150, figures.Number("finished"));
    }

    [Fact]
    public void ANoticeIsGivenInTimeWhateverComesMeanwhile()
    {
        double Lost(string trace) => Simulation.Run(TinyScenarios.Read($$$"""
            model: llama-3-8b
            fleet: [{device: l40s, replicas: 3, scheduler: vllm-v0, memory: {prefixCache: false}}]
            availability: {trace: "{{{trace}}}", grace: 30s}
            startup: {weights: host, warmUp: 1s}
            traffic: {generator: constant, rate: 2/s, requests: 160, prompt: 400, output: 600}
            """)).Figures.Number("evictions")!.Value;
        Assert.Equal(0, Lost("0:2, 40:1"));
        Assert.Equal(0, Lost("0:2, 39:3, 40:2"));
    }
}
