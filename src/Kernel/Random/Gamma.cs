using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Random;

/// <summary>Gamma. Sampled by squeeze and rejection (Marsaglia and Tsang 2000); shapes below 1 by their boost U^(1/shape).</summary>
public sealed record Gamma : ICumulative
{
    private readonly double _d;
    private readonly double _c;

    /// <param name="shape">Below 1 burstier than exponential, 1 exponential.</param>
    /// <param name="scale">Mean / shape.</param>
    /// <exception cref="InputException">A parameter is not positive.</exception>
    public Gamma(double shape, double scale)
    {
        Shape = Parameters.Positive(shape, "gamma");
        Scale = Parameters.Positive(scale, "gamma");
        _d = (shape < 1 ? shape + 1 : shape) - (1.0 / 3);
        _c = 1 / Math.Sqrt(9 * _d);
    }

    public double Shape { get; }

    public double Scale { get; }

    public double Mean => Shape * Scale;

    /// <summary>From the mean and the coefficient of variation (deviation / mean): shape = 1/cv².</summary>
    /// <exception cref="InputException">A parameter is not positive.</exception>
    public static Gamma FromMeanAndCv(double mean, double cv)
    {
        double shape = 1 / (Parameters.Positive(cv, "gamma") * cv);
        return new(shape, Parameters.Positive(mean, "gamma") / shape);
    }

    public double Cdf(double x) => x <= 0 ? 0 : SpecialFunctions.GammaLower(Shape, x / Scale);

    public double Sample(RandomStream random)
    {
        while (true)
        {
            double z = Normal.Standard(random);
            double v = 1 + (_c * z);
            if (v <= 0) continue;
            v = v * v * v;
            double u = random.NextPositive();
            double square = z * z;
            // 0.0331 is the squeeze constant of the paper: it accepts 98 % of the candidates without a logarithm.
            if (u < 1 - (0.0331 * square * square) || Math.Log(u) < (0.5 * square) + (_d * (1 - v + Math.Log(v))))
            {
                double boost = Shape < 1 ? Math.Pow(random.NextPositive(), 1 / Shape) : 1;
                return _d * v * boost * Scale;
            }
        }
    }
}
