using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Random;

/// <summary>Normal. Sampled by inversion: one draw a sample, monotone in it, which keeps common random numbers common.</summary>
public sealed record Normal : ICumulative
{
    /// <exception cref="InputException">The deviation is not positive.</exception>
    public Normal(double mean, double deviation)
    {
        Mean = Parameters.Finite(mean, "normal");
        Deviation = Parameters.Positive(deviation, "normal");
    }

    public double Mean { get; }

    public double Deviation { get; }

    public double Cdf(double x) => SpecialFunctions.NormalCdf((x - Mean) / Deviation);

    public double Sample(RandomStream random) => Mean + (Deviation * Standard(random));

    /// <summary>A standard normal number from one draw.</summary>
    public static double Standard(RandomStream random) => SpecialFunctions.NormalQuantile(random.NextOpen());
}

/// <summary>Normal, conditioned on an interval. Sampled by inversion, exact in the far tails too.</summary>
public sealed record TruncatedNormal : ICumulative
{
    // Work in the lower tail, where the distribution function keeps its relative accuracy: mirror an interval that lies above the mean.
    private readonly double _sign;
    private readonly double _below;
    private readonly double _share;

    /// <param name="location">Mean of the normal before truncation.</param>
    /// <param name="deviation">Its standard deviation.</param>
    /// <param name="min">Lower bound; may be −∞.</param>
    /// <param name="max">Upper bound; may be +∞.</param>
    /// <exception cref="InputException">The deviation is not positive, the bounds are not ascending, or beyond 37 deviations from the
    /// location.</exception>
    public TruncatedNormal(double location, double deviation, double min, double max)
    {
        Location = Parameters.Finite(location, "truncated normal");
        Deviation = Parameters.Positive(deviation, "truncated normal");
        Parameters.Ordered(min, max, "truncated normal");
        Min = min;
        Max = max;
        double low = (min - location) / deviation;
        double high = (max - location) / deviation;
        _sign = low > 0 ? -1 : 1;
        (double from, double to) = low > 0 ? (-high, -low) : (low, high);
        _below = SpecialFunctions.NormalCdf(from);
        _share = SpecialFunctions.NormalCdf(to) - _below;
        if (!(_share > 0))
            throw Parameters.Bad(_share, "truncated normal", "probability of [min, max]", "move the bounds towards the location");
        double density(double z) => double.IsInfinity(z) ? 0 : Math.Exp(-0.5 * z * z) / Math.Sqrt(2 * Math.PI);
        Mean = location + (_sign * deviation * (density(from) - density(to)) / _share);
    }

    public double Location { get; }

    public double Deviation { get; }

    public double Min { get; }

    public double Max { get; }

    public double Mean { get; }

    public double Cdf(double x)
    {
        if (x <= Min) return 0;
        if (x >= Max) return 1;
        double share = (SpecialFunctions.NormalCdf(_sign * (x - Location) / Deviation) - _below) / _share;
        return _sign > 0 ? share : 1 - share;
    }

    public double Sample(RandomStream random)
    {
        // Rounding may give 0 or 1 only when a bound is infinite there; then the draw is repeated.
        double p;
        do p = _below + (_share * random.NextOpen());
        while (p is <= 0 or >= 1);
        return Math.Clamp(Location + (_sign * Deviation * SpecialFunctions.NormalQuantile(p)), Min, Max);
    }
}

/// <summary>Log-normal: exp of a normal with mean <see cref="Mu"/> and deviation <see cref="Sigma"/>.</summary>
public sealed record LogNormal : ICumulative
{
    /// <exception cref="InputException">Mu is not a number or sigma is negative.</exception>
    public LogNormal(double mu, double sigma)
    {
        Mu = Parameters.Finite(mu, "log-normal");
        Sigma = Parameters.NotNegative(sigma, "log-normal");
    }

    public double Mu { get; }

    public double Sigma { get; }

    public double Mean => Math.Exp(Mu + (0.5 * Sigma * Sigma));

    public double Median => Math.Exp(Mu);

    /// <exception cref="InputException">The median is not positive or sigma is negative.</exception>
    public static LogNormal FromMedianSigma(double median, double sigma) => new(Math.Log(Parameters.Positive(median, "log-normal")), sigma);

    /// <summary>From the median and the value that 90 % of the samples do not exceed.</summary>
    /// <exception cref="InputException">The median is not positive or above p90.</exception>
    public static LogNormal FromMedianP90(double median, double p90)
    {
        Parameters.Positive(median, "log-normal");
        if (!(p90 >= median)) throw Parameters.Bad(p90, "log-normal", "p90", "give a number not below the median");
        return FromMedianSigma(median, Math.Log(Parameters.Positive(p90, "log-normal") / median) / SpecialFunctions.NormalQuantile(0.9));
    }

    /// <summary>From the mean and the coefficient of variation (deviation / mean).</summary>
    /// <exception cref="InputException">The mean is not positive or the coefficient is negative.</exception>
    public static LogNormal FromMeanAndCv(double mean, double cv)
    {
        double variance = Math.Log(1 + (Parameters.NotNegative(cv, "log-normal") * cv));
        return new(Math.Log(Parameters.Positive(mean, "log-normal")) - (0.5 * variance), Math.Sqrt(variance));
    }

    public double Cdf(double x)
    {
        if (x <= 0) return 0;
        if (Sigma == 0) return x < Median ? 0 : 1;
        return SpecialFunctions.NormalCdf((Math.Log(x) - Mu) / Sigma);
    }

    public double Sample(RandomStream random) => Math.Exp(Mu + (Sigma * Normal.Standard(random)));
}
