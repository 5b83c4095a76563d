namespace Orrery.Lab.Fidelity;

/// <summary>Predicted against measured values of one quantity over the same requests. Errors are signed: above zero means predicted too high.</summary>
/// <param name="Name">Such as <c>ttft</c>.</param>
/// <param name="MeasuredMean">In seconds.</param>
/// <param name="PredictedMean">In seconds.</param>
/// <param name="MeanError">Predicted over measured mean, less 1.</param>
/// <param name="P50Error">The same for the median.</param>
/// <param name="P90Error">The same for the 90th percentile.</param>
/// <param name="P95Error">The same for the 95th percentile.</param>
/// <param name="P99Error">The same for the 99th percentile.</param>
/// <param name="WassersteinOverMean">Area between the two distributions over the measured mean: 0 for equal distributions.</param>
public sealed record DistributionComparison(
    string Name,
    double MeasuredMean,
    double PredictedMean,
    double MeanError,
    double P50Error,
    double P90Error,
    double P95Error,
    double P99Error,
    double WassersteinOverMean)
{
    /// <summary>Compares two samples; neither may be empty. Percentiles interpolate between neighbours (rank p·(n − 1)).</summary>
    public static DistributionComparison Of(string name, IEnumerable<double> measured, IEnumerable<double> predicted)
    {
        double[] m = [.. measured.Order()];
        double[] p = [.. predicted.Order()];
        if (m.Length == 0 || p.Length == 0) throw new ArgumentException("a comparison needs values on both sides");
        double mean = m.Average();
        return new(
            name, mean, p.Average(), (p.Average() / mean) - 1, At(0.5), At(0.9), At(0.95), At(0.99), Wasserstein(m, p) / mean);

        double At(double share) => (Percentile(p, share) / Percentile(m, share)) - 1;
    }

    /// <summary>Value below which this share of a rising sample lies, linear between neighbours.</summary>
    public static double Percentile(ReadOnlySpan<double> rising, double share)
    {
        double rank = share * (rising.Length - 1);
        int below = (int)rank;
        int above = Math.Min(below + 1, rising.Length - 1);
        return rising[below] + ((rank - below) * (rising[above] - rising[below]));
    }

    /// <summary>Integral of the distance of the two quantile functions; for samples of one size the mean distance of the sorted values.</summary>
    private static double Wasserstein(double[] a, double[] b)
    {
        double area = 0;
        double from = 0;
        int i = 0;
        int j = 0;
        while (i < a.Length && j < b.Length)
        {
            double endA = (i + 1.0) / a.Length;
            double endB = (j + 1.0) / b.Length;
            double to = Math.Min(endA, endB);
            area += (to - from) * Math.Abs(a[i] - b[j]);
            from = to;
            // Equal ends of two samples may differ by rounding: whoever ends first advances, and the rest has no width.
            if (endA <= endB) i++;
            if (endB <= endA) j++;
        }
        return area;
    }
}
