using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>
/// A surface that keeps every measured point of a table. Grid points that were not measured are interpolated between the nearest measured
/// ones along each axis, the nearer ones counting more; where an axis has one side only, that side's value holds.
/// </summary>
internal static class TableSurface
{
    public static EfficiencySurface Of(IReadOnlyList<SurfaceAxis> axes, FitPoints points)
    {
        int cells = axes.Aggregate(1, (product, axis) => product * axis.Points.Count);
        int[] strides = new int[axes.Count];
        for (int d = axes.Count - 1, stride = 1; d >= 0; stride *= axes[d].Points.Count, d--) strides[d] = stride;
        double[] sums = new double[cells];
        int[] counts = new int[cells];
        for (int p = 0; p < points.Count; p++)
        {
            int cell = 0;
            bool isOn = true;
            for (int d = 0; d < axes.Count && isOn; d++)
            {
                int index = IndexOf(axes[d], points.Coordinate(p, d));
                isOn = index >= 0;
                cell += index * strides[d];
            }
            if (!isOn) continue;
            sums[cell] += points.Log2Ratio(p);
            counts[cell]++;
        }
        double[] values = new double[cells];
        bool[] known = new bool[cells];
        for (int i = 0; i < cells; i++)
            if (counts[i] > 0) (values[i], known[i]) = (sums[i] / counts[i], true);
        // Every round reaches one axis further from what was measured.
        for (int round = 0; round <= axes.Count && Array.IndexOf(known, false) >= 0; round++) Spread(axes, strides, values, known);
        return new(axes, values);
    }

    private static void Spread(IReadOnlyList<SurfaceAxis> axes, int[] strides, double[] values, bool[] known)
    {
        List<(int Cell, double Value)> found = [];
        for (int cell = 0; cell < values.Length; cell++)
        {
            if (known[cell]) continue;
            // Between two measured points is worth more than beyond one.
            double inside = 0;
            double insideWeight = 0;
            double beyond = 0;
            double beyondWeight = 0;
            for (int d = 0; d < axes.Count; d++)
            {
                IReadOnlyList<double> at = axes[d].Points;
                int index = cell / strides[d] % at.Count;
                int low = index - 1;
                while (low >= 0 && !known[cell - ((index - low) * strides[d])]) low--;
                int high = index + 1;
                while (high < at.Count && !known[cell + ((high - index) * strides[d])]) high++;
                if (low >= 0 && high < at.Count)
                {
                    double gap = Math.Log2(at[high] / at[low]);
                    double share = Math.Log2(at[index] / at[low]) / gap;
                    double value = ((1 - share) * values[cell - ((index - low) * strides[d])]) + (share * values[cell + ((high - index) * strides[d])]);
                    inside += value / (gap * gap);
                    insideWeight += 1 / (gap * gap);
                }
                else if (low >= 0 || high < at.Count)
                {
                    int other = low >= 0 ? low : high;
                    double gap = Math.Log2(at[Math.Max(index, other)] / at[Math.Min(index, other)]);
                    beyond += values[cell + ((other - index) * strides[d])] / (gap * gap);
                    beyondWeight += 1 / (gap * gap);
                }
            }
            if (insideWeight > 0) found.Add((cell, inside / insideWeight));
            else if (beyondWeight > 0) found.Add((cell, beyond / beyondWeight));
        }
        foreach ((int cell, double value) in found) (values[cell], known[cell]) = (value, true);
    }

    private static int IndexOf(SurfaceAxis axis, double at)
    {
        const double same = 1e-6;
        for (int i = 0; i < axis.Points.Count; i++)
            if (Math.Abs(axis.Points[i] - at) <= same * at) return i;
        return -1;
    }
}
