using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>The family of routed experts from measured tables; see <see cref="AttentionFit"/> for the uses.</summary>
public static class ExpertFit
{
    private static readonly double[] Rows = [1, 4, 16, 64, 256, 2048];
    private static readonly double[] Touched = [1, 8, 64];
    private static readonly double[] Widths = [384, 1536];
    private static readonly double[] Hiddens = [];
    private static readonly double[] Ranks = [8];

    private static readonly double[] SharedTouched = [1, 16];
    private static readonly double[] SharedWidths = [768];

    /// <summary>Long calls count more, by this power of their seconds (d).</summary>
    private const double TimeExponent = 0.25;

    /// <summary>A profile small enough to ship.</summary>
    /// <returns>Null without measurements.</returns>
    public static ExpertEfficiency? Experts(params IReadOnlyList<ExpertTable> tables)
    {
        ExpertTable[] measured = [.. tables.Where(t => t.Samples.Count > 0)];
        if (measured.Length == 0) return null;
        double floor = FamilyFloor.Round(Math.Exp(measured.Average(t => Math.Log(Floor(t)))));
        var surfaces = new Dictionary<Precision, EfficiencySurface>();
        foreach (Precision format in measured.SelectMany(t => t.Samples).Select(s => s.Format).Distinct().Order())
        {
            FitPoints points = new(ExpertEfficiency.AxisNames.Count);
            foreach (ExpertTable table in measured)
            {
                // Even routing is described against skewed routing; a table that has nothing else stands for both.
                ExpertSample[] own = [.. table.Samples.Where(s => s.Format == format)];
                ExpertSample[] skewed = [.. own.Where(IsSkewed)];
                ExpertSample[] used = skewed.Length > 0 ? skewed : own;
                if (used.Length > 0) points.AddAll(Points(table, used, Floor(table)), used.Length);
            }
            surfaces[format] = SurfaceFit.Fit(Axes(points, measured.Length > 1), points);
        }
        return new(floor, surfaces, Even(measured, new(floor, surfaces, NoDifference())));
    }

    /// <summary>The compact profile, with every measured number of tokens of every layout kept beside it.</summary>
    public static ExpertEfficiency? ExpertsTable(ExpertTable table)
    {
        if (Experts(table) is not { } general) return null;
        var layouts = new Dictionary<ExpertLayout, EfficiencySurface>();
        foreach (var layout in table.Samples.Where(s => s.TouchedExperts is null).GroupBy(s => ExpertLayout.Of(table.Site(s))))
        {
            FitPoints points = new(ExpertEfficiency.LayoutAxisNames.Count);
            foreach (ExpertSample s in layout)
            {
                points.Add([s.Tokens, 1 + ExpertTable.RoutingExponent(s)], table.Predict(general, s), s.Seconds);
            }
            layouts.Add(layout.Key, AttentionFit.Exact(ExpertEfficiency.LayoutAxisNames, points));
        }
        return new(general.FloorSeconds, general.Surfaces, general.Even, layouts);
    }

    private static bool IsSkewed(ExpertSample s) => ExpertTable.RoutingExponent(s) > 0;

    private static double Floor(ExpertTable table) => FamilyFloor.Round(table.Samples.Min(s => s.Seconds));

    private static FitPoints Points(ExpertTable table, IEnumerable<ExpertSample> samples, double floor)
    {
        FitPoints points = new(ExpertEfficiency.AxisNames.Count);
        double[] point = new double[points.Dimensions];
        foreach (ExpertSample s in samples)
        {
            ExpertSite site = table.Site(s);
            double touched = table.Touched(s);
            ExpertEfficiency.Locate(site, s.Tokens, touched, point);
            points.Add(point, ExpertEfficiency.IdealSeconds(site, s.Tokens, touched, floor), s.Seconds, Math.Pow(s.Seconds, TimeExponent));
        }
        return points;
    }

    /// <summary>
    /// Grids over several devices are coarser. The processor is no axis of theirs: versions of kernels and their tuning differ more between the
    /// measured devices than generations do, so the mean of all predicts a device that was left out best.
    /// </summary>
    private static SurfaceAxis[] Axes(FitPoints points, bool isShared)
    {
        double[][] wanted = isShared ? [Rows, SharedTouched, SharedWidths, [], []] : [Rows, Touched, Widths, Hiddens, Ranks];
        IReadOnlyList<string> names = ExpertEfficiency.AxisNames;
        return [.. wanted.Select((at, d) => GridAxes.Within(names[d], points, d, at)), isShared ? new SurfaceAxis(names[^1], 1) : GridAxes.Every(names[^1], points, wanted.Length)];
    }

    private static EfficiencySurface NoDifference() => EfficiencySurface.Constant(ExpertEfficiency.EvenAxisNames[0], 1);

    private static EfficiencySurface Even(ExpertTable[] tables, ExpertEfficiency skewed)
    {
        FitPoints points = new(ExpertEfficiency.EvenAxisNames.Count);
        double[] point = new double[ExpertEfficiency.AxisNames.Count];
        foreach (ExpertTable table in tables.Where(t => t.Samples.Any(IsSkewed)))
        {
            foreach (ExpertSample s in table.Samples.Where(s => !IsSkewed(s)))
            {
                ExpertEfficiency.Locate(table.Site(s), s.Tokens, table.Touched(s), point);
                points.Add([point[0]], table.Predict(skewed, s), s.Seconds);
            }
        }
        return points.Count == 0 ? NoDifference() : SurfaceFit.Fit([GridAxes.Within(ExpertEfficiency.EvenAxisNames[0], points, 0, Rows)], points);
    }
}
