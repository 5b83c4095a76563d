using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Runs;

/// <summary>
/// Intervals of a run's figures from two sources that are taken as independent: the error of step times, from short runs of the same
/// requests with drawn profiles against one with the profile itself; and the randomness of traffic, from the run's own batches.
/// </summary>
/// <remarks>
/// Both are found as distances of the figure's logarithm (of the figure itself for shares and for figures that are zero somewhere),
/// below and above apart, and added as squares. With the eight draws, below is z · √(2 Σ d² / 8) over those that fall below the base:
/// half of a normal error lies there.
/// </remarks>
internal static class IntervalBuilder
{
    private static readonly Statistic[] OfDistributions = [Statistic.Mean, Statistic.P50, Statistic.P90, Statistic.P95, Statistic.P99];

    private static readonly Statistic[] OfNumbers = [Statistic.Value];

    /// <summary>Null when a run was interrupted.</summary>
    /// <param name="scenario">The run's.</param>
    /// <param name="result">What it gave.</param>
    /// <param name="felt">Its samples.</param>
    /// <param name="traffic">Its batches.</param>
    /// <param name="settings">The run's; its draws use the same execution.</param>
    public static RunIntervals? Build(Scenario scenario, RunResult result, RunFacts felt, TrafficTally traffic, RunSettings settings)
    {
        if (result.IsPartial) return null;
        long requests = settings.Intervals!.RequestsOf(result.Requests.Arrived);
        RunSettings brief = new() { FastForward = settings.FastForward, Cancel = settings.Cancel, FirstRequests = requests };
        RunFigures? based = requests == result.Requests.Arrived ? result.Figures : Figures(scenario);
        if (based is null) return null;
        List<RunFigures> draws = [];
        foreach (Scenario drawn in ProfileUncertainty.Draws(scenario))
        {
            if (Figures(drawn) is not { } figures) return null;
            draws.Add(figures);
        }
        Dictionary<string, MetricInterval> metrics = [];
        foreach (Metric metric in RunMetricTable.All.Where(TrafficTally.Covers))
        {
            foreach (Statistic statistic in metric.IsDistribution ? OfDistributions : OfNumbers)
            {
                if (result.Figures.Of(metric.Name, metric.IsDistribution, statistic) is not { } value) continue;
                bool isLogarithmic = metric.Unit != MeasureUnit.Share && value > 0;
                (double Below, double Above) profile = Profile(metric, statistic, based, draws, isLogarithmic);
                (double Below, double Above) random = traffic.Reach(metric, statistic, value, metric.Samples?.Invoke(felt), IntervalSettings.Level);
                (double Below, double Above) both = (Hypotenuse(profile.Below, random.Below), Hypotenuse(profile.Above, random.Above));
                metrics.Add(RunIntervals.KeyOf(metric, statistic), new(Around(both), Around(profile), Around(random)));

                Interval Around((double Below, double Above) reach) => isLogarithmic
                    ? new(value * Math.Exp(-reach.Below), value * Math.Exp(reach.Above))
                    : new(Math.Max(0, value - reach.Below), metric.Unit == MeasureUnit.Share ? Math.Max(value, Math.Min(1, value + reach.Above)) : value + reach.Above);
            }
        }
        return new(IntervalSettings.Level, draws.Count, requests, metrics);

        RunFigures? Figures(Scenario one)
        {
            RunResult run = Simulation.Run(one, brief);
            return run.IsPartial ? null : run.Figures;
        }
    }

    /// <summary>The reach at the level of differences of draws from their base; exact for normal errors of which half fall to either side.</summary>
    public static (double Below, double Above) Reach(IEnumerable<double> differences, int draws)
    {
        double below = 0;
        double above = 0;
        foreach (double difference in differences)
        {
            if (difference < 0) below += difference * difference;
            else above += difference * difference;
        }
        double z = SpecialFunctions.NormalQuantile(0.5 + (0.5 * IntervalSettings.Level));
        return (z * Math.Sqrt(2 * below / draws), z * Math.Sqrt(2 * above / draws));
    }

    private static (double Below, double Above) Profile(Metric metric, Statistic statistic, RunFigures based, List<RunFigures> draws, bool isLogarithmic)
    {
        if (Of(based) is not { } origin) return default;
        double[] values = [.. draws.Select(draw => Of(draw) ?? origin)];
        if (!isLogarithmic) return Reach(values.Select(value => value - origin), draws.Count);
        // A figure that is zero in the short runs says nothing about one that is not.
        if (origin <= 0 || values.Any(value => value <= 0)) return default;
        return Reach(values.Select(value => Math.Log(value / origin)), draws.Count);

        double? Of(RunFigures figures) => figures.Of(metric.Name, metric.IsDistribution, statistic);
    }

    private static double Hypotenuse(double a, double b) => Math.Sqrt((a * a) + (b * b));
}
