using Orrery.Kernel.Random;

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

    /// <summary>Stretched exponential: a heavier tail than gamma at the same CV.</summary>
    Weibull,
}

/// <summary>Gap distributions with mean 1, so that a rate only scales them.</summary>
public static class UnitGaps
{
    /// <summary>Largest CV accepted; ServeGen's burstiest windows reach about 60.</summary>
    public const double LargestCv = 200;

    /// <summary>
    /// Weibull gaps burstier than this (shape below 0.2) are drawn at this CV: their mean would come from one gap in millions.
    /// </summary>
    public const double LargestWeibullCv = 50;

    /// <summary>A CV below this is a constant gap.</summary>
    public const double SmallestCv = 0.02;

    public static IDistribution Of(GapFamily family, double cv) => family switch
    {
        GapFamily.Constant => new Constant(1),
        GapFamily.Exponential => new Exponential(1),
        _ when cv < SmallestCv => new Constant(1),
        GapFamily.Gamma => Gamma.FromMeanAndCv(1, cv),
        _ => Weibull.FromMeanAndCv(1, Math.Min(cv, LargestWeibullCv)),
    };
}
