using Orrery.Documents.Expectations;
using Orrery.Kernel.Random;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.World.Profiles;

namespace Orrery.Lab.Tests.Runs;

/// <summary>How sure the figures of a run are.</summary>
public sealed class IntervalTests
{
    private static readonly RunSettings Asked = new() { Intervals = new() };

    private static string Calm(int requests) => """
        name: calm
        model: llama-2-7b
        fleet: [{device: a100-sxm-80gb}]
        traffic:
          generator: poisson
          rate: 3/s
          requests: REQUESTS
          prompt: {lognormal: {median: 200, sigma: 0.6, min: 8, max: 1000}}
          output: {lognormal: {median: 60, sigma: 0.6, min: 2, max: 300}}
        slo: {ttft: 1s, tpot: 50ms}
        """.Replace("REQUESTS", requests.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);

    [Fact]
    public void Asking_changes_no_figure_and_the_same_seed_gives_the_same_intervals()
    {
        Scenario scenario = TinyScenarios.Read(TinyScenarios.Everything);
        RunResult plain = Simulation.Run(scenario);
        RunResult asked = Simulation.Run(scenario, Asked);
        Assert.Null(plain.Intervals);
        Assert.Equal(TinyScenarios.Comparable(plain), TinyScenarios.Comparable(asked with { Intervals = null }));
        Assert.Equal(TinyScenarios.Comparable(asked), TinyScenarios.Comparable(Simulation.Run(scenario, Asked)));
    }

    [Fact]
    public void Fast_forward_does_not_change_them()
    {
        Scenario scenario = TinyScenarios.Read(Calm(300));
        Assert.Equal(
            TinyScenarios.Comparable(Simulation.Run(scenario, Asked)), TinyScenarios.Comparable(Simulation.Run(scenario, Asked with { FastForward = false })));
    }

    [Fact]
    public void Every_interval_holds_its_figure_and_both_of_its_parts()
    {
        RunResult run = Simulation.Run(TinyScenarios.Read(TinyScenarios.Everything), Asked);
        Assert.Equal(0.9, run.Intervals!.Level);
        Assert.Equal((8, 200), (run.Intervals.Draws, run.Intervals.DrawRequests));
        foreach (string name in new[] { "ttft", "tpot", "gap", "e2e", "queue", "normalized", "qoe" })
            foreach (Statistic statistic in new[] { Statistic.Mean, Statistic.P50, Statistic.P90, Statistic.P95, Statistic.P99 })
                Check(name, statistic);
        foreach (string name in new[] { "outputTokensPerSecond", "requestsPerSecond", "attainment", "goodput", "busy", "energyPerToken", "moneyPerMillionTokens" })
            Check(name, Statistic.Value);

        void Check(string name, Statistic statistic)
        {
            Metric metric = RunMetricTable.Find(name)!;
            double value = run.Figures.Of(name, metric.IsDistribution, statistic)!.Value;
            MetricInterval interval = run.Intervals!.Of(metric, statistic)!;
            Assert.True(interval.All.Contains(value), $"{name} {statistic}: {value} in {interval.All}");
            Assert.True(interval.All.Low <= Math.Min(interval.Profile.Low, interval.Traffic.Low) * (1 + 1e-12), name);
            Assert.True(interval.All.High >= Math.Max(interval.Profile.High, interval.Traffic.High) * (1 - 1e-12), name);
            Assert.True(metric.Unit != MeasureUnit.Share || interval.All is { Low: >= 0, High: <= 1 }, name);
        }
    }

    [Fact]
    public void Json_keeps_them()
    {
        RunResult run = Simulation.Run(TinyScenarios.Read(Calm(100)), Asked);
        string text = RunJson.Text(run);
        using System.Text.Json.JsonDocument document = System.Text.Json.JsonDocument.Parse(text);
        Assert.Equal(text, RunJson.Text(RunJson.Read(document.RootElement)));
        Assert.Equal(2, document.RootElement.GetProperty("intervals").GetProperty("metrics").GetProperty("metrics.ttftSeconds.p99").GetArrayLength());
    }

    [Fact]
    public void More_requests_narrow_the_part_of_the_traffic_and_not_that_of_the_profile()
    {
        Metric metric = RunMetricTable.Find("e2e")!;
        MetricInterval few = Simulation.Run(TinyScenarios.Read(Calm(640)), Asked).Intervals!.Of(metric, Statistic.Mean)!;
        MetricInterval many = Simulation.Run(TinyScenarios.Read(Calm(10240)), Asked).Intervals!.Of(metric, Statistic.Mean)!;
        // Sixteen times as many requests: a quarter, give or take what 32 batches know of their own spread.
        Assert.InRange(Width(many.Traffic) / Width(few.Traffic), 0.12, 0.5);
        Assert.InRange(Width(many.Profile) / Width(few.Profile), 0.5, 2);

        static double Width(Interval interval) => Math.Log(interval.High / interval.Low);
    }

    [Fact]
    public void Factors_of_one_change_nothing_and_faster_devices_are_faster()
    {
        Scenario scenario = TinyScenarios.Read(Calm(200));
        RunResult plain = Simulation.Run(scenario);
        Assert.Equal(TinyScenarios.Comparable(plain), TinyScenarios.Comparable(Simulation.Run(ProfileUncertainty.With(scenario, [ProfileFactors.None]))));
        RunResult slow = Simulation.Run(ProfileUncertainty.With(scenario, [new() { Matrices = 1.5 }]));
        Assert.True(slow.Metrics.TpotSeconds!.Mean > 1.2 * plain.Metrics.TpotSeconds!.Mean);
    }

    /// <summary>Worlds whose devices truly differ from their profiles by the stated spread, and whose requests are others of the same kind.</summary>
    [Fact]
    public void Intervals_hold_the_truth_about_as_often_as_they_state()
    {
        const int worlds = 60;
        (Metric Metric, Statistic Statistic)[] looked =
        [
            (RunMetricTable.Find("tpot")!, Statistic.Mean), (RunMetricTable.Find("e2e")!, Statistic.P50), (RunMetricTable.Find("ttft")!, Statistic.Mean),
            (RunMetricTable.Find("ttft")!, Statistic.P90),
        ];
        Scenario scenario = TinyScenarios.Read(Calm(500));
        RunIntervals intervals = Simulation.Run(scenario, Asked).Intervals!;
        ProfileSpread spread = ProfileUncertainty.SpreadOf(scenario.Fleet[0].Deployment.Profile, scenario.Fleet[0].Deployment.Engine);
        int inside = 0;
        for (int world = 0; world < worlds; world++)
        {
            RandomStream random = RandomStream.Root((ulong)world).Split("truth");
            double device = spread.Device * Normal.Standard(random);
            double decode = Factor(spread.Decode);
            ProfileFactors truth = new()
            {
                Matrices = Factor(spread.Matrices),
                Vectors = Factor(spread.Vectors),
                Prefill = Factor(spread.Prefill),
                Decode = decode,
                Mixed = decode,
                Experts = Factor(spread.Experts),
                Collectives = Factor(spread.Collectives),
                Cpu = Math.Exp(spread.Cpu * Normal.Standard(random)),
            };
            RunResult measured = Simulation.Run(ProfileUncertainty.With(scenario with { Seed = (ulong)(1000 + world) }, [truth]));
            foreach ((Metric metric, Statistic statistic) in looked)
                if (intervals.Of(metric, statistic)!.All.Contains(measured.Figures.Of(metric.Name, true, statistic)!.Value)) inside++;

            double Factor(double sigma) => Math.Exp(device + (sigma * Normal.Standard(random)));
        }
        Assert.InRange((double)inside / (worlds * looked.Length), 0.8, 0.97);
    }
}
