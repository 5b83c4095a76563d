using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>
/// Attention families from measured tables. One table gives a profile of its device; several give what devices have in common, each
/// device counting the same, for a device that has a data sheet only. Coarse grids are the same for all devices.
/// </summary>
public static class AttentionFit
{
    private static readonly double[] Tokens = [1, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 16384];
    private static readonly double[] Work = [1, 4, 16, 64, 256, 1024, 4096, 16384];
    private static readonly double[] Groups = [1, 8, 64];
    private static readonly double[] Histories = [64, 512, 4096, 16384];

    private static readonly double[] Contexts = [2, 8, 32, 128, 512, 2048, 8192, 32768, 131072];
    private static readonly double[] Streams = [1, 4, 16, 64, 256, 1024, 4096];
    private static readonly double[] KvHeads = [];
    private static readonly double[] QueryGroups = [1, 2, 4, 8, 16];

    /// <summary>Grids over several devices have the device as a further axis and are coarser in what devices share.</summary>
    private static readonly double[] SharedWork = [1, 16, 256, 4096];

    private static readonly double[] SharedGroups = [8];

    /// <summary>Occupancies between which α is interpolated; a factor of four, as scatter allows no finer.</summary>
    private static readonly double[] Occupancies = [1.0 / 32, 1.0 / 8, 0.5, 2, 8];

    /// <summary>α where no skewed batch was measured: the middle of the published tables (b).</summary>
    private const double UsualSkewShare = 0.05;

    /// <summary>Long calls count more, by this power of their seconds (d): steps consist of them, yet short ones must not be lost.</summary>
    private const double TimeExponent = 0.25;

    /// <summary>A profile small enough to ship.</summary>
    /// <returns>Null without measurements.</returns>
    public static PrefillAttentionEfficiency? Prefill(params IReadOnlyList<AttentionTable> tables)
    {
        AttentionTable[] measured = [.. tables.Where(t => t.Prefill.Count > 0)];
        if (measured.Length == 0) return null;
        FitPoints points = new(PrefillAttentionEfficiency.AxisNames.Count);
        foreach (AttentionTable table in measured) points.AddAll(PrefillPoints(table, Floor(table.Prefill)), table.Prefill.Count);
        IReadOnlyList<string> names = PrefillAttentionEfficiency.AxisNames;
        bool isShared = measured.Length > 1;
        SurfaceAxis[] axes =
        [
            GridAxes.Within(names[0], points, 0, Tokens),
            GridAxes.Within(names[1], points, 1, isShared ? SharedWork : Work),
            GridAxes.Within(names[2], points, 2, isShared ? SharedGroups : Groups),
            GridAxes.Within(names[3], points, 3, isShared ? [] : Histories),
            GridAxes.Every(names[4], points, 4),
        ];
        return new(MeanFloor(measured, t => t.Prefill), SurfaceFit.Fit(axes, points));
    }

    /// <summary>The compact profile, with every measured batch of every layout kept beside it.</summary>
    public static PrefillAttentionEfficiency? PrefillTable(AttentionTable table)
    {
        if (Prefill(table) is not { } general) return null;
        var layouts = new Dictionary<HeadLayout, EfficiencySurface>();
        foreach (var layout in table.Prefill.GroupBy(s => new HeadLayout(s.Heads, s.KvHeads, s.HeadWidth)))
        {
            FitPoints points = new(PrefillAttentionEfficiency.LayoutAxisNames.Count);
            foreach (AttentionSample s in layout)
            {
                points.Add([s.ChunkTokens, s.Chunks, s.HistoryTokens + PrefillWork.TileRows], general.Seconds(table.Site(s), AttentionTable.Work(s)), s.Seconds);
            }
            layouts.Add(layout.Key, Exact(PrefillAttentionEfficiency.LayoutAxisNames, points));
        }
        return new(general.FloorSeconds, general.Surface, layouts);
    }

    /// <summary>A profile small enough to ship.</summary>
    /// <returns>Null without measurements.</returns>
    public static DecodeAttentionEfficiency? Decode(params IReadOnlyList<AttentionTable> tables)
    {
        AttentionTable[] measured = [.. tables.Where(t => t.Decode.Count > 0)];
        if (measured.Length == 0) return null;
        FitPoints points = new(DecodeAttentionEfficiency.AxisNames.Count);
        foreach (AttentionTable table in measured) points.AddAll(DecodePoints(table, Floor(table.Decode)), table.Decode.Count);
        IReadOnlyList<string> names = DecodeAttentionEfficiency.AxisNames;
        SurfaceAxis[] axes =
        [
            GridAxes.Within(names[0], points, 0, Contexts),
            GridAxes.Within(names[1], points, 1, Streams),
            // Streams tell most; what heads among them change is not common to devices.
            measured.Length > 1 ? new SurfaceAxis(names[2], 1) : GridAxes.Within(names[2], points, 2, KvHeads),
            GridAxes.Within(names[3], points, 3, QueryGroups),
            GridAxes.Every(names[4], points, 4),
        ];
        double floor = MeanFloor(measured, t => t.Decode);
        EfficiencySurface surface = SurfaceFit.Fit(axes, points);
        return new(floor, surface, Skew(measured, new(floor, surface, UsualSkew())));
    }

    /// <summary>The compact profile, with every measured batch of every layout kept beside it.</summary>
    public static DecodeAttentionEfficiency? DecodeTable(AttentionTable table)
    {
        if (Decode(table) is not { } general) return null;
        var layouts = new Dictionary<HeadLayout, EfficiencySurface>();
        foreach (var layout in table.Decode.GroupBy(s => new HeadLayout(s.Heads, s.KvHeads, s.HeadWidth)))
        {
            FitPoints points = new(DecodeAttentionEfficiency.LayoutAxisNames.Count);
            foreach (AttentionSample s in layout)
            {
                points.Add([s.DecodeContext, s.Decodes], general.Seconds(table.Site(s), s.Decodes, s.DecodeContext), s.Seconds);
            }
            layouts.Add(layout.Key, Exact(DecodeAttentionEfficiency.LayoutAxisNames, points));
        }
        DecodeAttentionEfficiency exact = new(general.FloorSeconds, general.Surface, general.Skew, layouts);
        return new(general.FloorSeconds, general.Surface, Skew([table], exact), layouts);
    }

    internal static EfficiencySurface Exact(IReadOnlyList<string> names, FitPoints points) => TableSurface.Of(
        [.. names.Select((name, d) => GridAxes.Every(name, points, d))], points);

    /// <summary>The shortest call: what launching and finishing a kernel takes.</summary>
    internal static double Floor(IReadOnlyList<AttentionSample> samples) => FamilyFloor.Round(samples.Min(s => s.Seconds));

    private static double MeanFloor(AttentionTable[] tables, Func<AttentionTable, IReadOnlyList<AttentionSample>> samples) =>
        FamilyFloor.Round(Math.Exp(tables.Average(t => Math.Log(Floor(samples(t))))));

    private static FitPoints PrefillPoints(AttentionTable table, double floor)
    {
        FitPoints points = new(PrefillAttentionEfficiency.AxisNames.Count);
        double[] point = new double[points.Dimensions];
        foreach (AttentionSample s in table.Prefill)
        {
            PrefillWork work = AttentionTable.Work(s);
            PrefillAttentionEfficiency.Locate(table.Site(s), work, point);
            points.Add(point, PrefillAttentionEfficiency.IdealSeconds(table.Site(s), work, floor), s.Seconds, Math.Pow(s.Seconds, TimeExponent));
        }
        return points;
    }

    private static FitPoints DecodePoints(AttentionTable table, double floor)
    {
        FitPoints points = new(DecodeAttentionEfficiency.AxisNames.Count);
        foreach (AttentionSample s in table.Decode)
        {
            double ideal = DecodeAttentionEfficiency.IdealSeconds(table.Site(s), s.Decodes, s.DecodeContext, 1, floor);
            AttentionSite site = table.Site(s);
            points.Add([s.DecodeContext, (double)s.Decodes * s.KvHeads, s.KvHeads, site.Group, site.ProcessorTeraflops], ideal, s.Seconds, Math.Pow(s.Seconds, TimeExponent));
        }
        return points;
    }

    private static EfficiencySurface UsualSkew() => EfficiencySurface.Constant(DecodeAttentionEfficiency.SkewAxisNames[0], UsualSkewShare);

    /// <summary>α by least squares of the relative error, for batches nearest to each occupancy.</summary>
    private static EfficiencySurface Skew(IReadOnlyList<AttentionTable> tables, DecodeAttentionEfficiency decode)
    {
        const double least = 1.0 / 1024;
        double[] above = new double[Occupancies.Length];
        double[] below = new double[Occupancies.Length];
        foreach (AttentionTable table in tables)
        {
            foreach (AttentionSample s in table.SkewedDecode)
            {
                AttentionSite site = table.Site(s);
                double mean = decode.Seconds(site, s.Decodes, s.MeanDecodeContext);
                double gap = decode.Seconds(site, s.Decodes, s.LongestDecodeContext) - mean;
                double at = Math.Log2((double)s.Decodes * s.KvHeads / site.Processors);
                int nearest = 0;
                for (int i = 1; i < Occupancies.Length; i++)
                    if (Math.Abs(at - Math.Log2(Occupancies[i])) < Math.Abs(at - Math.Log2(Occupancies[nearest]))) nearest = i;
                above[nearest] += (s.Seconds - mean) * gap / (s.Seconds * s.Seconds);
                below[nearest] += gap * gap / (s.Seconds * s.Seconds);
            }
        }
        int[] used = [.. Enumerable.Range(0, Occupancies.Length).Where(i => below[i] > 0)];
        if (used.Length == 0) return UsualSkew();
        return new EfficiencySurface(
            [new(DecodeAttentionEfficiency.SkewAxisNames[0], [.. used.Select(i => Occupancies[i])])],
            [.. used.Select(i => Math.Log2(Math.Clamp(above[i] / below[i], least, 1)))]).Rounded();
    }
}
