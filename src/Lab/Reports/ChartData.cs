using Orrery.Lab.Results;


namespace Orrery.Lab.Reports;

/// <summary>One chart: columns over a common axis, one per charted run.</summary>
/// <param name="Kind"><c>cdf</c> or <c>time</c>, as the page's script knows them.</param>
/// <param name="Unit">Of the values: <c>s</c>, <c>/s</c>, <c>share</c>, <c>count</c>.</param>
/// <param name="Mark">A limit drawn across the axis, or null.</param>
internal sealed record Chart(
    string Id, string Title, string Caption, string Kind, string Unit, double[] X, double?[][] Y, double? Mark = null);

/// <summary>Brings the series of several runs onto common axes.</summary>
internal static class ChartData
{
    /// <summary>Points of a distribution's axis: more than a chart has pixels to tell apart on a logarithmic axis half a page wide.</summary>
    private const int CurvePoints = 240;

    /// <summary>Points of a time axis.</summary>
    private const int TimePoints = 400;

    /// <summary>A logarithmic axis shows at most this much below its largest value: 10 µs in one second.</summary>
    private const double WidestAxis = 1e-5;

    public static Chart? Distribution(string metric, string title, string caption, IReadOnlyList<RunRecord> runs, double? limit)
    {
        DistributionCurve?[] curves = [.. runs.Select(run => run.Series.Distributions.GetValueOrDefault(metric))];
        DistributionCurve[] present = [.. curves.OfType<DistributionCurve>().Where(curve => curve.Values.Count > 0)];
        if (present.Length == 0) return null;
        double high = present.Max(curve => curve.Values[^1]);
        if (!(high > 0)) return null;
        double low = present.SelectMany(curve => curve.Values).Where(value => value > 0).Min();
        low = Math.Max(low, high * WidestAxis);
        if (high < low * 1.25) (low, high) = (low * 0.8, high * 1.25);
        double[] axis = new double[CurvePoints];
        for (int i = 0; i < CurvePoints; i++) axis[i] = low * Math.Pow(high / low, (double)i / (CurvePoints - 1));
        axis[^1] = high;
        return new(metric, title, caption, "cdf", "share", axis, [.. curves.Select(curve => ShareAt(curve, axis))], limit);
    }

    /// <summary>A state of the fleet: the mean of the rows that fall on a point.</summary>
    public static Chart? Gauge(string id, string title, string caption, string unit, IReadOnlyList<RunRecord> runs, Func<TimelineRow, double> of) =>
        OverTime(id, title, caption, unit, runs, (rows, axis) => MeanPerPoint(rows, axis, of));

    /// <summary>How fast a cumulative count grew between two points.</summary>
    public static Chart? Rate(string id, string title, string caption, IReadOnlyList<RunRecord> runs, Func<TimelineRow, double> total) =>
        OverTime(id, title, caption, "/s", runs, (rows, axis) => GrowthPerPoint(rows, axis, total));

    private static Chart? OverTime(
        string id, string title, string caption, string unit, IReadOnlyList<RunRecord> runs,
        Func<IReadOnlyList<TimelineRow>, double[], double?[]> column)
    {
        double end = runs.Select(run => run.Series.Timeline.Count == 0 ? 0 : run.Series.Timeline[^1].Seconds).DefaultIfEmpty(0).Max();
        int points = Math.Min(TimePoints, runs.Select(run => run.Series.Timeline.Count).DefaultIfEmpty(0).Max());
        if (points < 2 || !(end > 0)) return null;
        double[] axis = [.. Enumerable.Range(1, points).Select(i => end * i / points)];
        double?[][] columns = [.. runs.Select(run => column(run.Series.Timeline, axis))];
        return columns.Any(values => values.Any(value => value > 0)) ? new(id, title, caption, "time", unit, axis, columns) : null;
    }

    private static double?[] ShareAt(DistributionCurve? curve, double[] axis)
    {
        var shares = new double?[axis.Length];
        if (curve is null || curve.Values.Count == 0) return shares;
        int next = 0;
        for (int i = 0; i < axis.Length; i++)
        {
            while (next < curve.Values.Count && curve.Values[next] <= axis[i]) next++;
            if (next == 0) shares[i] = 0;
            else if (next == curve.Values.Count) shares[i] = curve.Shares[^1];
            else
            {
                double span = curve.Values[next] - curve.Values[next - 1];
                double part = (axis[i] - curve.Values[next - 1]) / span;
                shares[i] = curve.Shares[next - 1] + part * (curve.Shares[next] - curve.Shares[next - 1]);
            }
        }
        return shares;
    }

    private static double?[] MeanPerPoint(IReadOnlyList<TimelineRow> rows, double[] axis, Func<TimelineRow, double> of)
    {
        var column = new double?[axis.Length];
        int next = 0;
        for (int i = 0; i < axis.Length; i++)
        {
            double sum = 0;
            int count = 0;
            for (; next < rows.Count && rows[next].Seconds <= axis[i]; next++, count++) sum += of(rows[next]);
            if (count > 0) column[i] = sum / count;
            // A run that ended shows nothing; where rows are wider than points the next one stands for all of them.
            else if (next < rows.Count) column[i] = of(rows[next]);
        }
        return column;
    }

    private static double?[] GrowthPerPoint(IReadOnlyList<TimelineRow> rows, double[] axis, Func<TimelineRow, double> total)
    {
        var column = new double?[axis.Length];
        if (rows.Count == 0) return column;
        int next = 0;
        double beforeSeconds = 0;
        double beforeTotal = 0;
        for (int i = 0; i < axis.Length; i++)
        {
            while (next < rows.Count && rows[next].Seconds < axis[i]) next++;
            bool hasEnded = next == rows.Count;
            double seconds = hasEnded ? rows[^1].Seconds : axis[i];
            double reached = hasEnded ? total(rows[^1]) : TotalAt(rows, next, seconds, total);
            if (seconds > beforeSeconds) column[i] = (reached - beforeTotal) / (seconds - beforeSeconds);
            (beforeSeconds, beforeTotal) = (seconds, reached);
        }
        return column;
    }

    /// <summary>Linear between the rows around the instant; every count starts at zero.</summary>
    private static double TotalAt(IReadOnlyList<TimelineRow> rows, int next, double seconds, Func<TimelineRow, double> total)
    {
        (double fromSeconds, double fromTotal) = next == 0 ? (0, 0) : (rows[next - 1].Seconds, total(rows[next - 1]));
        double span = rows[next].Seconds - fromSeconds;
        return span > 0 ? fromTotal + (seconds - fromSeconds) / span * (total(rows[next]) - fromTotal) : total(rows[next]);
    }
}
