using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;

namespace Orrery.Lab.Claims;

/// <summary>From finished runs to a claim's figure, its interval and its status.</summary>
internal static class ClaimJudge
{
    public static ClaimResult Judge(ClaimPlan plan, IReadOnlyDictionary<string, ClaimOutcome> done)
    {
        Claim claim = plan.Claim;
        double[] values = Values(plan, done, inWindow: claim.Window is not null);
        ConfidenceInterval? measured = Interval(values);
        ConfidenceInterval? whole = claim.Window is null ? null : Interval(Values(plan, done, inWindow: false));
        (ClaimStatus status, string why) = Status(claim, measured);
        return new(plan.File, claim, plan.Seeds, values, measured, whole, status, why, Curves(plan, done))
        {
            Each = GridJudge.Each(plan, (replication, each) => new Figures(plan, done, replication, claim.Window is not null, each)),
            Maps = GridJudge.Maps(plan, (replication, each) => new Figures(plan, done, replication, claim.Window is not null, each)),
        };
    }

    private static (ClaimStatus Status, string Why) Status(Claim claim, ConfidenceInterval? measured)
    {
        if (claim.NotComparable.Length > 0) return (ClaimStatus.NotComparable, claim.NotComparable);
        if (measured is not { } figure)
            return (ClaimStatus.NotComparable, "a figure of the expression does not exist: no samples, no crossing, or goals that limit nothing");
        if (claim.Band is not { } band) return (ClaimStatus.NoBand, claim.Why);
        return band.Contains(figure.Mean) ? (ClaimStatus.InBand, "") : (ClaimStatus.Missed, claim.Why.Length > 0 ? claim.Why : "not yet explained");
    }

    private static double[] Values(ClaimPlan plan, IReadOnlyDictionary<string, ClaimOutcome> done, bool inWindow) =>
        [.. plan.Seeds.Select((_, i) => GridJudge.Mean(plan, each => plan.Claim.Value.Evaluate(new(new Figures(plan, done, i, inWindow, each), 0))))];

    private static ConfidenceInterval? Interval(double[] values) =>
        values.Length == 0 || values.Any(value => !double.IsFinite(value)) ? null : ConfidenceInterval.FromReplications(values);

    private static ClaimCurve[] Curves(ClaimPlan plan, IReadOnlyDictionary<string, ClaimOutcome> done)
    {
        if (plan.Claim.Plot is not { Kind: not PlotKind.Heat } plot) return [];
        IReadOnlyList<double> points = Points(plan);
        string[] labels = plan.Scale.Sweep is { } sweep ? [.. sweep.Values.Select(value => value.Text)] : [];
        return
        [
            .. plot.Cells.Select(cell => new ClaimCurve(
                cell, points, labels, [.. Enumerable.Range(0, points.Count).Select(point => Height(plot.Y, point, cell))])
            {
                Across = plot.X is { } x ? [.. Enumerable.Range(0, points.Count).Select(point => Height(x, point, cell))] : [],
            }),
        ];

        double? Height(Expression y, int point, string cell)
        {
            double mean = plan.Seeds.Select((_, i) => GridJudge.Mean(
                plan, each => y.Evaluate(new(new Figures(plan, done, i, plan.Claim.Window is not null, each), point, cell)))).DefaultIfEmpty(double.NaN).Average();
            return double.IsFinite(mean) ? mean : null;
        }
    }

    private static double[] Points(ClaimPlan plan) => plan.Scale.Sweep is not { } sweep
        ? [.. Enumerable.Range(0, plan.Scale.Points)]
        : [.. sweep.Numbers ?? Enumerable.Range(0, sweep.Values.Count).Select(i => (double)i)];

    /// <summary>The figures of one seed and one value of <c>each</c>.</summary>
    private sealed class Figures(ClaimPlan plan, IReadOnlyDictionary<string, ClaimOutcome> done, int replication, bool inWindow, int each) : IClaimFigures
    {
        public ClaimGrid? Grid => plan.Scale.Grid;

        public IReadOnlyList<double> Points { get; } = ClaimJudge.Points(plan);

        public double Metric(string cell, int point, Statistic statistic, MetricInfo metric)
        {
            if (Outcome(cell, point, isSearch: false) is not { Record: { } record }) return double.NaN;
            return RunMetricTable.Lookup(inWindow ? record.Window! : record.Result, statistic, metric) ?? double.NaN;
        }

        public double Capacity(string cell, int point) => Outcome(cell, point, isSearch: true)?.CapacityPerSecond ?? double.NaN;

        public double Named(string cell, int point, string name) => Outcome(cell, point, isSearch: false)?.Record?.Result.Experiment?.Value(name) ?? double.NaN;

        public double Service(string cell, int point, int client)
        {
            if (Outcome(cell, point, isSearch: false) is not { Record: { } record }) return double.NaN;
            double seconds = inWindow ? plan.Claim.Window!.Seconds(record.Result.Simulation.VirtualSeconds) : record.Result.Simulation.VirtualSeconds;
            return seconds > 0 ? (inWindow ? record.WindowService : record.Service)[client] / seconds : double.NaN;
        }

        /// <summary>Null where the point is infeasible.</summary>
        private ClaimOutcome? Outcome(string cell, int point, bool isSearch) =>
            plan.Work.TryGetValue(new(cell, (each * plan.Scale.Points) + point, replication, isSearch), out ClaimWork? work) ? done[work.Key] : null;
    }
}
