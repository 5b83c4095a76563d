using System.Text.Json;
using Orrery.Documents.Expectations;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Tests.Runs;

namespace Orrery.Lab.Tests.Results;

public sealed class RunMetricTableTests
{
    /// <summary>The keys of <c>orrery.run/1</c> that scripts rely on.</summary>
    private static readonly string[] PromisedKeys =
    [
        "requests.arrived", "requests.finished", "requests.rejected", "requests.cancelled", "requests.timedOut", "requests.preemptions",
        "tokens.prompt", "tokens.output", "tokens.prefilled", "tokens.cached",
        "metrics.ttftSeconds", "metrics.tpotSeconds", "metrics.gapSeconds", "metrics.e2eSeconds", "metrics.queueSeconds",
        "metrics.normalizedLatencySeconds", "metrics.qoe", "metrics.outputTokensPerSecond", "metrics.requestsPerSecond", "metrics.sloAttainment",
        "metrics.goodputRequestsPerSecond", "metrics.busyFraction", "metrics.modelFlopsUtilization", "metrics.memoryBandwidthUtilization",
        "metrics.kvUtilization.mean", "metrics.kvUtilization.max",
        "cost.energyJoules", "cost.carbonGrams", "cost.waterLitres", "cost.money.amount",
    ];

    private static readonly RunResult Run = Simulation.Run(TinyScenarios.Read(TinyScenarios.Everything));

    [Fact]
    public void NamesKeysAndPrioritiesAreUnique()
    {
        Assert.Distinct(RunMetricTable.All.Select(metric => metric.Name));
        Assert.Distinct(RunMetricTable.All.Select(metric => metric.Key));
        Assert.Distinct(RunMetricTable.All.SelectMany(metric => metric.Columns).Select(column => column.Priority));
    }

    [Fact]
    public void TheDocumentationNamesEveryMetric()
    {
        string concepts = File.ReadAllText(Path.Combine(Repository.Root, "docs", "concepts.md"));
        Assert.All(RunMetricTable.All, metric => Assert.Contains($"`{metric.Name}`", concepts, StringComparison.Ordinal));
    }

    [Fact]
    public void ALowQuantileOfQoeIsAFigure() =>
        Assert.InRange(RunMetricTable.Lookup(Run, Statistic.P10, RunMetricTable.Find("qoe")!.Info)!.Value, 0, 1);

    [Fact]
    public void EveryPromisedKeyIsAMetric() => Assert.All(PromisedKeys, key => Assert.NotNull(RunMetricTable.FindKey(key)));

    [Fact]
    public void EveryMetricStandsAtItsKeyWithItsValue()
    {
        using var document = JsonDocument.Parse(RunJson.Text(Run));
        foreach (Metric metric in RunMetricTable.All)
        {
            JsonElement value = metric.Key.Split('.').Aggregate(document.RootElement, (element, key) => element.GetProperty(key));
            double? figure = RunMetricTable.Lookup(Run, metric.IsDistribution ? Statistic.P99 : Statistic.Value, metric.Info);
            if (figure is null)
            {
                // Nothing was proposed in this run, nothing moved, and no breaker stood before it.
                Assert.Equal(JsonValueKind.Null, value.ValueKind);
                if (!metric.Key.StartsWith("metrics.rowPower.", StringComparison.Ordinal) && !metric.Key.StartsWith("metrics.fleet.", StringComparison.Ordinal)) Assert.StartsWith("draft", metric.Name.Replace("accepted", "draft", StringComparison.Ordinal), StringComparison.Ordinal);
                continue;
            }
            Assert.Equal(metric.IsDistribution ? JsonValueKind.Object : JsonValueKind.Number, value.ValueKind);
            Statistic statistic = metric.IsDistribution ? Statistic.P99 : Statistic.Value;
            Assert.Equal(RunMetricTable.Lookup(Run, statistic, metric.Info), (metric.IsDistribution ? value.GetProperty("p99") : value).GetDouble());
        }
    }

    [Fact]
    public void TheTypedViewsNameMetricsThatExist()
    {
        Assert.All(typeof(RunMetrics).GetProperties(), property => Assert.NotEqual(0.0, property.GetValue(Run.Metrics) ?? 0.0));
        Assert.True(Run.Cost is { EnergyJoules: > 0, CarbonGrams: > 0, WaterLitres: > 0, MoneyDollars: > 0 });
        Assert.True(Run.Tokens is { Prompt: > 0, Output: > 0, Prefilled: > 0 });
    }

    [Fact]
    public void AMetricThatIsNotInTheTableIsRefused() =>
        Assert.Throws<ArgumentException>(() => RunMetricTable.Lookup(Run, Statistic.Value, new("gaps", Documents.Quantity.Number, false)));
}
