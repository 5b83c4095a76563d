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
}
