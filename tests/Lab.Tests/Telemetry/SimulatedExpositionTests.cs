using System.Globalization;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Telemetry;
using Orrery.Lab.Tests.Runs;

namespace Orrery.Lab.Tests.Telemetry;

/// <summary>What a simulation writes is what a live server of vLLM would show: the reader of the one reads the other.</summary>
public sealed class SimulatedExpositionTests
{
    private static readonly Scenario Everything = TinyScenarios.Read(TinyScenarios.Everything);

    [Fact]
    public void Figures_agree_with_the_result()
    {
        RunRecord record = Simulation.RunRecorded(Everything, new() { Exposition = true });
        VllmExposition page = VllmExposition.Of(PrometheusText.Parse(record.Exposition!, "run.prom"), "run.prom");
        RunMetrics metrics = record.Result.Metrics;
        Assert.True(record.Result.Requests.Preemptions > 0);
        Assert.Equal(record.Result.Requests.Preemptions, page.Preemptions);
        foreach ((Kernel.Statistics.Summary? felt, ExpositionHistogram? seen) in new[]
        {
            (metrics.TtftSeconds, page.Ttft), (metrics.TpotSeconds, page.Tpot), (metrics.GapSeconds, page.Gap), (metrics.E2eSeconds, page.Latency),
        })
        {
            Assert.Equal(felt!.Count, seen!.Count);
            Assert.Equal(felt.Mean, seen.Mean, felt.Mean * 1e-9);
        }
        Assert.Equal(record.Result.Tokens.Output, Sum(record.Exposition!, "vllm:generation_tokens_total"));
        Assert.Equal(record.Result.Requests.Rejected, Sum(record.Exposition!, "orrery:requests_rejected_total"));
        Assert.Equal(record.Result.Requests.TimedOut + record.Result.Requests.Cancelled, Sum(record.Exposition!, "vllm:request_success_total", "abort"));
        Assert.Equal(record.Result.Cost.EnergyJoules, Sum(record.Exposition!, "orrery:energy_joules_total"));
    }

    [Fact]
    public void Asking_changes_no_figure_and_nobody_is_asked_by_default()
    {
        RunRecord plain = Simulation.RunRecorded(Everything);
        Assert.Null(plain.Exposition);
        Assert.Equal(TinyScenarios.Comparable(plain.Result), TinyScenarios.Comparable(Simulation.Run(Everything, new() { Exposition = true })));
    }

    [Fact]
    public void Single_steps_write_the_same_page_but_for_the_plans()
    {
        string fast = WithoutPlans(Simulation.RunRecorded(Everything, new() { Exposition = true }).Exposition!);
        string single = WithoutPlans(Simulation.RunRecorded(Everything, new() { Exposition = true, FastForward = false }).Exposition!);
        Assert.Equal(single, fast);
    }

    private static string WithoutPlans(string page) =>
        string.Join('\n', page.Split('\n').Where(line => !line.StartsWith("orrery:plans_total", StringComparison.Ordinal)));

    private static double Sum(string page, string name, string label = "") => page.Split('\n')
        .Where(line => line.StartsWith(name + "{", StringComparison.Ordinal) && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => double.Parse(line.Split(' ')[^1], CultureInfo.InvariantCulture));
}
