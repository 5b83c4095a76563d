using System.Globalization;

namespace Orrery.Kernel.Statistics;

/// <summary>An estimate with the interval that covers the truth with a stated probability.</summary>
/// <param name="Mean">The point estimate.</param>
/// <param name="Low">Lower end.</param>
/// <param name="High">Upper end.</param>
/// <param name="Level">Probability of covering the truth, in (0, 1).</param>
public readonly record struct ConfidenceInterval(double Mean, double Low, double High, double Level)
{
    public const double DefaultLevel = 0.95;

    /// <summary>Half the interval's width; infinite when there were too few observations to say.</summary>
    public double HalfWidth => double.IsInfinity(High) ? double.PositiveInfinity : 0.5 * (High - Low);

    public bool Contains(double value) => value >= Low && value <= High;

    /// <summary>The interval of the mean of independent replications: x̄ ± t·s/√n with n − 1 degrees of freedom (Student 1908).</summary>
    /// <remarks>One replication gives an infinite interval: it says nothing of its own spread.</remarks>
    /// <exception cref="ArgumentException">There is no replication.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The level is not in (0, 1).</exception>
    public static ConfidenceInterval FromReplications(ReadOnlySpan<double> values, double level = DefaultLevel)
    {
        if (values.Length == 0) throw new ArgumentException("an interval needs at least one replication", nameof(values));
        // Equal replications have no spread; their running deviation would be rounding noise.
        if (values.Length > 1 && !values.ContainsAnyExcept(values[0]))
        {
            CheckLevel(level);
            return new(values[0], values[0], values[0], level);
        }
        Moments moments = new();
        foreach (double value in values) moments.Add(value);
        return FromMoments(moments, level);
    }

    /// <summary>The interval of the mean of independent, roughly normal observations; see <see cref="FromReplications"/>.</summary>
    public static ConfidenceInterval FromMoments(Moments moments, double level = DefaultLevel)
    {
        CheckLevel(level);
        if (moments.Count < 2) return new(moments.Mean, double.NegativeInfinity, double.PositiveInfinity, level);
        double t = SpecialFunctions.StudentQuantile(0.5 + (0.5 * level), moments.Count - 1);
        double half = t * moments.SampleDeviation / Math.Sqrt(moments.Count);
        return new(moments.Mean, moments.Mean - half, moments.Mean + half, level);
    }

    /// <summary>The interval of a proportion (Wilson 1927): stays within [0, 1] and is honest at 0 and n successes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No trials, or successes outside [0, trials].</exception>
    public static ConfidenceInterval Proportion(long successes, long trials, double level = DefaultLevel)
    {
        CheckLevel(level);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(trials);
        ArgumentOutOfRangeException.ThrowIfNegative(successes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(successes, trials);
        double z = SpecialFunctions.NormalQuantile(0.5 + (0.5 * level));
        double share = (double)successes / trials;
        double scale = 1 + (z * z / trials);
        double centre = (share + (z * z / (2.0 * trials))) / scale;
        double half = z * Math.Sqrt((share * (1 - share) / trials) + (z * z / (4.0 * trials * trials))) / scale;
        return new(share, successes == 0 ? 0 : centre - half, successes == trials ? 1 : centre + half, level);
    }

    /// <summary>For people: <c>1.234 ± 0.056</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Mean:G4} ± {HalfWidth:G2}");

    internal static void CheckLevel(double level)
    {
        if (!(level > 0 && level < 1))
            throw new ArgumentOutOfRangeException(nameof(level), level, "a confidence level lies strictly between 0 and 1");
    }
}
