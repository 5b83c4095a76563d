using Orrery.Documents.Expectations;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>One measured figure beside the interval of our prediction.</summary>
/// <param name="Group">What coverage is stated by, such as the run or the system.</param>
/// <param name="Metric">Such as <c>ttft p99</c>.</param>
/// <param name="Predicted">Our figure.</param>
/// <param name="Interval">Ours, from the error of step times.</param>
/// <param name="Measured">The truth.</param>
public sealed record IntervalPoint(string Group, string Metric, double Predicted, Interval Interval, double Measured)
{
    public bool IsInside => Interval.Contains(Measured);

    /// <summary>Upper over lower end.</summary>
    public double Width => Interval.High / Interval.Low;
}

/// <summary>How often intervals hold what they are for.</summary>
/// <param name="Group">Of which points.</param>
/// <param name="Level">What the intervals state.</param>
/// <param name="Points">How many were compared.</param>
/// <param name="Inside">How many of them lie in their interval.</param>
/// <param name="MedianWidth">Median of upper over lower end: intervals that hold everything are easy when they are wide.</param>
public sealed record IntervalCoverage(string Group, double Level, int Points, int Inside, double MedianWidth)
{
    public double Share => Points == 0 ? 0 : (double)Inside / Points;

    /// <summary>Of all points together.</summary>
    public static IntervalCoverage Of(IReadOnlyList<IntervalPoint> points, string group = "all")
    {
        ArgumentNullException.ThrowIfNull(points);
        double[] widths = [.. points.Select(point => point.Width).Order()];
        return new(group, IntervalSettings.Level, points.Count, points.Count(point => point.IsInside), widths.Length == 0 ? 1 : DistributionComparison.Percentile(widths, 0.5));
    }

    /// <summary>By any property of a point, in order of its values.</summary>
    public static IReadOnlyList<IntervalCoverage> By(IReadOnlyList<IntervalPoint> points, Func<IntervalPoint, string> key)
    {
        ArgumentNullException.ThrowIfNull(points);
        return [.. points.GroupBy(key).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => Of([.. group], group.Key))];
    }

    /// <summary>
    /// Level F4: the figures of a compared run. Both sides had the same requests, so the profile part alone counts. Our run was simulated
    /// with <see cref="RunSettings.Intervals"/>; none gives no points.
    /// </summary>
    public static IReadOnlyList<IntervalPoint> OfRun(RunComparison run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Result.Intervals is not { } intervals) return [];
        List<IntervalPoint> points = [];
        foreach (DistributionComparison compared in run.Metrics)
        {
            Metric metric = RunMetricTable.Find(compared.Name == "latency" ? "e2e" : compared.Name)!;
            Add(Statistic.Mean, compared.MeanError);
            Add(Statistic.P50, compared.P50Error);
            Add(Statistic.P90, compared.P90Error);
            Add(Statistic.P95, compared.P95Error);
            Add(Statistic.P99, compared.P99Error);

            void Add(Statistic statistic, double error)
            {
                if (intervals.Of(metric, statistic) is not { } interval || run.Result.Figures.Of(metric.Name, metric.IsDistribution, statistic) is not { } predicted) return;
                points.Add(new(run.Run.Name, $"{compared.Name} {statistic}", predicted, interval.Profile, predicted / (1 + error)));
            }
        }
        return points;
    }

    /// <summary>Level F3: mean latencies of deployments at fixed concurrency; those that do not fit the memory are left out.</summary>
    /// <remarks>The constants of such an engine stand for all its versions and hosts: its times are as unsure as assumed ones.</remarks>
    /// <param name="cases">What to predict, nine times each.</param>
    /// <param name="profileOf">The profile of a device.</param>
    /// <param name="engineOf">How an engine batches and what it adds.</param>
    /// <param name="seed">Decides the draws.</param>
    public static IReadOnlyList<IntervalPoint> OfDeployments(
        IEnumerable<DeploymentCase> cases, Func<DeploymentCase, CostProfile> profileOf, Func<DeploymentCase, DeploymentEngine> engineOf, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(profileOf);
        ArgumentNullException.ThrowIfNull(engineOf);
        List<IntervalPoint> points = [];
        DeploymentCase[] all = [.. cases];
        IReadOnlyList<DeploymentPoint> based = Predict(_ => ProfileFactors.None);
        IReadOnlyList<DeploymentPoint>[] draws =
            [.. Enumerable.Range(0, ProfileDraws.Count).Select(draw => Predict(one => ProfileUncertainty.FactorsOf(profileOf(one), EngineProfile.Generic, seed)[draw]))];
        for (int i = 0; i < based.Count; i++)
        {
            int index = i;
            string group = based[i].Group;
            points.Add(Point(group, "ttft", based[i].MeasuredTtft, based[i].Predicted.TtftSeconds, draws.Select(draw => draw[index].Predicted.TtftSeconds)));
            points.Add(Point(group, "tpot", based[i].MeasuredTpot, based[i].Predicted.TpotSeconds, draws.Select(draw => draw[index].Predicted.TpotSeconds)));
        }
        return points;

        IReadOnlyList<DeploymentPoint> Predict(Func<DeploymentCase, ProfileFactors> factorsOf) => DeploymentFidelity.Of(
            all,
            one =>
            {
                CostProfile profile = profileOf(one);
                return profile with { Factors = profile.Factors.Times(factorsOf(one)) };
            },
            one => engineOf(one).Slowed(factorsOf(one).Cpu)).Points;
    }

    private static IntervalPoint Point(string group, string metric, double measured, double predicted, IEnumerable<double> draws)
    {
        (double below, double above) = IntervalBuilder.Reach(draws.Select(value => Math.Log(value / predicted)), ProfileDraws.Count);
        return new(group, metric, predicted, new(predicted * Math.Exp(-below), predicted * Math.Exp(above)), measured);
    }
}
