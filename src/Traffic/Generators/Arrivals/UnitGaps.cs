using Orrery.Kernel.Random;
using Orrery.Traffic.Generators.Distributions;

namespace Orrery.Traffic.Generators.Arrivals;

/// <summary>Family of inter-arrival gaps; the coefficient of variation (CV) decides the shape within the family.</summary>
public enum GapFamily
{
    /// <summary>Equal gaps, CV 0.</summary>
    Constant,

    /// <summary>Memoryless gaps, CV 1: a Poisson process.</summary>
    Exponential,

    /// <summary>Shape 1/CV²: bursts above CV 1, regular below.</summary>
    Gamma,

    /// <summary>Shape solved from CV² = Γ(1+2/k)/Γ(1+1/k)² − 1.</summary>
    Weibull,
}

/// <summary>Gap distributions with mean 1, so that a rate only scales them.</summary>
public static class UnitGaps
{
    /// <summary>Largest CV accepted; ServeGen's burstiest windows reach about 60.</summary>
    public const double LargestCv = 200;

    public static IDistribution Of(GapFamily family, double cv) => family switch
    {
        GapFamily.Constant => new Fixed(1),
        GapFamily.Exponential => new Exponential(1),
        _ when cv < 1e-3 => new Fixed(1),
        GapFamily.Gamma => new Gamma(1 / (cv * cv), cv * cv),
        _ => Weibull(cv),
    };

    /// <summary>Shape of the Weibull distribution with a CV, by bisection on the logarithm of the shape.</summary>
    public static double WeibullShape(double cv)
    {
        // CV falls with the shape: 0.05 gives a CV beyond 10^4, 1000 one near 10^-3.
        double low = Math.Log(0.05);
        double high = Math.Log(1000);
        const int steps = 80;
        for (int i = 0; i < steps; i++)
        {
            double middle = (low + high) / 2;
            double shape = Math.Exp(middle);
            double squared = Math.Exp(LogGamma(1 + (2 / shape)) - (2 * LogGamma(1 + (1 / shape)))) - 1;
            if (squared > cv * cv) low = middle;
            else high = middle;
        }
        return Math.Exp((low + high) / 2);
    }

    /// <summary>ln Γ(x) for x ≥ 1 by Stirling's series after raising x above 10 (error below 1e-12).</summary>
    internal static double LogGamma(double x)
    {
        double product = 1;
        while (x < 10) product *= x++;
        double inverse = 1 / (x * x);
        double series = (1.0 / 12) - (inverse * ((1.0 / 360) - (inverse * ((1.0 / 1260) - (inverse / 1680)))));
        return ((x - 0.5) * Math.Log(x)) - x + (0.5 * Math.Log(2 * Math.PI)) + (series / x) - Math.Log(product);
    }

    private static Weibull Weibull(double cv)
    {
        double shape = WeibullShape(cv);
        return new Weibull(shape, Math.Exp(-LogGamma(1 + (1 / shape))));
    }
}
