namespace Orrery.Kernel.Statistics;

/// <summary>How far samples are from a law.</summary>
public static class KolmogorovSmirnov
{
    /// <summary>sup |F_n(x) − F(x)| over the samples; exact for a continuous law. Zero without samples.</summary>
    /// <param name="samples">In any order; they are sorted in place.</param>
    /// <param name="cdf">P(X ≤ x) of the law.</param>
    public static double Distance(Span<double> samples, Func<double, double> cdf)
    {
        ArgumentNullException.ThrowIfNull(cdf);
        samples.Sort();
        double largest = 0;
        for (int i = 0; i < samples.Length; i++)
        {
            double share = cdf(samples[i]);
            largest = Math.Max(largest, Math.Max(((i + 1.0) / samples.Length) - share, share - ((double)i / samples.Length)));
        }
        return largest;
    }
}
