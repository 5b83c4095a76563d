using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Random;

/// <summary>Weibull: P(X > x) = exp(−(x/scale)^shape).</summary>
public sealed record Weibull : ICumulative
{
    /// <exception cref="InputException">A parameter is not positive.</exception>
    public Weibull(double shape, double scale)
    {
        Shape = Parameters.Positive(shape, "weibull");
        Scale = Parameters.Positive(scale, "weibull");
    }

    public double Shape { get; }

    public double Scale { get; }

    public double Mean => Scale * SpecialFunctions.Gamma(1 + (1 / Shape));

    /// <summary>From the mean and the coefficient of variation (deviation / mean), by bisection on the shape.</summary>
    /// <exception cref="InputException">The mean is not positive, or the coefficient is outside [0.02, 50].</exception>
    public static Weibull FromMeanAndCv(double mean, double cv)
    {
        if (!(cv is >= 0.02 and <= 50)) throw Parameters.Bad(cv, "weibull", nameof(cv), "give a number between 0.02 and 50");
        double target = Math.Log(1 + (cv * cv));
        double low = 0.05;
        double high = 100;
        while (high - low > 1e-13 * high)
        {
            double shape = 0.5 * (low + high);
            double spread = SpecialFunctions.LogGamma(1 + (2 / shape)) - (2 * SpecialFunctions.LogGamma(1 + (1 / shape)));
            if (spread > target) low = shape;
            else high = shape;
        }
        return new(low, Parameters.Positive(mean, "weibull") / SpecialFunctions.Gamma(1 + (1 / low)));
    }

    public double Cdf(double x) => x <= 0 ? 0 : 1 - Math.Exp(-Math.Pow(x / Scale, Shape));

    public double Sample(RandomStream random) => Scale * Math.Pow(-Math.Log(random.NextPositive()), 1 / Shape);
}

/// <summary>Pareto: P(X > x) = (min/x)^shape for x ≥ min. The mean is infinite for shapes up to 1.</summary>
public sealed record Pareto : ICumulative
{
    /// <exception cref="InputException">A parameter is not positive.</exception>
    public Pareto(double shape, double min)
    {
        Shape = Parameters.Positive(shape, "pareto");
        Min = Parameters.Positive(min, "pareto");
    }

    public double Shape { get; }

    public double Min { get; }

    public double Mean => Shape <= 1 ? double.PositiveInfinity : Shape * Min / (Shape - 1);

    public double Cdf(double x) => x <= Min ? 0 : 1 - Math.Pow(Min / x, Shape);

    public double Sample(RandomStream random) => Min * Math.Pow(random.NextPositive(), -1 / Shape);
}
