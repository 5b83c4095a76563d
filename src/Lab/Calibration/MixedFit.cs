using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>The family of mixed steps from measured tables: how fast the shared kernel is on the device, and what its law leaves over.</summary>
public static class MixedFit
{
    private static readonly double[] Contexts = [16, 64, 256, 1024, 2048, 4096, 16384];
    private static readonly double[] DecodeBlocks = [0.25, 0.5, 1, 1.5, 3, 6, 12, 24, 48];
    private static readonly double[] ChunkBlocks = [0.16, 0.7, 2.7, 11];
    private static readonly double[] Histories = [64, 512, 4096, 16384];

    /// <summary>Every how manyth sample the two shares are chosen on.</summary>
    private const int Thinning = 23;

    /// <summary>A profile small enough to ship; separate kernels where no mixed step was measured.</summary>
    public static MixedAttentionEfficiency Mixed(params IReadOnlyList<AttentionTable> tables)
    {
        AttentionTable[] measured = [.. tables.Where(t => t.Mixed.Count > 0)];
        if (measured.Length == 0) return MixedAttentionEfficiency.OneAfterTheOther;
        SharedKernel[] laws = [.. measured.Select(Law)];
        FitPoints points = new(MixedAttentionEfficiency.AxisNames.Count);
        for (int t = 0; t < measured.Length; t++) points.AddAll(Points(measured[t], laws[t]), measured[t].Mixed.Count);
        IReadOnlyList<string> names = MixedAttentionEfficiency.AxisNames;
        SurfaceAxis[] axes =
        [
            GridAxes.Within(names[0], points, 0, Contexts),
            GridAxes.Within(names[1], points, 1, DecodeBlocks),
            GridAxes.Within(names[2], points, 2, ChunkBlocks),
            GridAxes.Within(names[3], points, 3, Histories),
        ];
        SharedKernel law = SharedKernel.Usual with
        {
            PeakShare = Round(laws.Average(l => l.PeakShare)),
            BandwidthShare = Round(laws.Average(l => l.BandwidthShare)),
        };
        return new(MixedKernels.Shared, law, SurfaceFit.Fit(axes, points));
    }

    /// <summary>The compact profile, with every measured batch of every layout kept beside it.</summary>
    public static MixedAttentionEfficiency MixedTable(AttentionTable table)
    {
        MixedAttentionEfficiency general = Mixed(table);
        if (general.Kernels == MixedKernels.Separate) return general;
        var layouts = new Dictionary<HeadLayout, EfficiencySurface>();
        foreach (var layout in table.Mixed.Where(s => s.Chunks == 1).GroupBy(s => new HeadLayout(s.Heads, s.KvHeads, s.HeadWidth)))
        {
            FitPoints points = new(MixedAttentionEfficiency.LayoutAxisNames.Count);
            foreach (AttentionSample s in layout)
            {
                double seconds = general.Seconds(table.Site(s), AttentionTable.Work(s), 0, s.Decodes, s.DecodeContext, s.DecodeContext, 0);
                points.Add([s.DecodeContext, s.Decodes, s.ChunkTokens, s.HistoryTokens + PrefillWork.TileRows], seconds, s.Seconds);
            }
            layouts.Add(layout.Key, AttentionFit.Exact(MixedAttentionEfficiency.LayoutAxisNames, points));
        }
        return new(general.Kernels, general.Law, general.Surface, layouts);
    }

    /// <summary>The shares of peak and bandwidth with the least mean absolute logarithmic error, in steps of a hundredth and a twentieth.</summary>
    private static SharedKernel Law(AttentionTable table)
    {
        AttentionSample[] thinned = [.. table.Mixed.Where((_, i) => i % Thinning == 0)];
        SharedKernel best = SharedKernel.Usual;
        double least = double.PositiveInfinity;
        for (int peak = 30; peak <= 100; peak += 2)
        {
            for (int bandwidth = 70; bandwidth <= 110; bandwidth += 5)
            {
                SharedKernel law = SharedKernel.Usual with { PeakShare = peak / 100.0, BandwidthShare = bandwidth / 100.0 };
                double error = 0;
                foreach (AttentionSample s in thinned)
                    error += Math.Abs(Math.Log2(law.Seconds(table.Site(s), AttentionTable.Work(s), s.Decodes, s.DecodeContext, s.DecodeContext) / s.Seconds));
                if (error < least) (best, least) = (law, error);
            }
        }
        return best;
    }

    private static FitPoints Points(AttentionTable table, SharedKernel law)
    {
        FitPoints points = new(MixedAttentionEfficiency.AxisNames.Count);
        double[] point = new double[points.Dimensions];
        foreach (AttentionSample s in table.Mixed)
        {
            AttentionSite site = table.Site(s);
            PrefillWork work = AttentionTable.Work(s);
            MixedAttentionEfficiency.Locate(site, work, s.Decodes, s.DecodeContext, point);
            points.Add(point, law.Seconds(site, work, s.Decodes, s.DecodeContext, s.DecodeContext), s.Seconds);
        }
        return points;
    }

    private static double Round(double share) => Math.Round(share, 3);
}
