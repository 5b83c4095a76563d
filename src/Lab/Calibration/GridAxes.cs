using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>Axes for fits: a coarse grid chosen once for all devices, cut to what was measured, or every measured coordinate.</summary>
internal static class GridAxes
{
    /// <summary>Coordinates nearer than this are one.</summary>
    private const double SameShare = 1e-6;

    /// <summary>The wanted points that lie within the measured range, closed by its ends.</summary>
    /// <param name="name">Of the axis.</param>
    /// <param name="points">Measured points.</param>
    /// <param name="dimension">Coordinate of them that the axis is for.</param>
    /// <param name="wanted">Increasing.</param>
    public static SurfaceAxis Within(string name, FitPoints points, int dimension, ReadOnlySpan<double> wanted)
    {
        double least = double.PositiveInfinity;
        double most = 0;
        for (int i = 0; i < points.Count; i++)
        {
            least = Math.Min(least, points.Coordinate(i, dimension));
            most = Math.Max(most, points.Coordinate(i, dimension));
        }
        // An end hardly beyond a wanted point would make a cell without measurements.
        double margin = Math.Sqrt(2);
        List<double> kept = [Significant(least)];
        foreach (double point in wanted)
            if (point > least * margin && point * margin < most) kept.Add(point);
        if (Significant(most) > kept[^1] * (1 + SameShare)) kept.Add(Significant(most));
        return new(name, kept);
    }

    /// <summary>Every coordinate that occurs.</summary>
    public static SurfaceAxis Every(string name, FitPoints points, int dimension)
    {
        List<double> kept = [];
        foreach (double at in Enumerable.Range(0, points.Count).Select(p => points.Coordinate(p, dimension)).Distinct().Order())
            if (kept.Count == 0 || at > kept[^1] * (1 + SameShare)) kept.Add(at);
        return new(name, kept);
    }

    /// <summary>Four digits are enough for where a grid ends, and short to read.</summary>
    private static double Significant(double value)
    {
        double unit = Math.Pow(10, Math.Floor(Math.Log10(value)) - 3);
        double rounded = Math.Round(value / unit) * unit;
        return Math.Round(rounded, 6);
    }
}
