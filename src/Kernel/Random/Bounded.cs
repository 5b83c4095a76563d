namespace Orrery.Kernel.Random;

/// <summary>Another distribution with samples outside [min, max] moved to the nearer bound. See <see cref="Truncated"/> for redrawing
/// them.</summary>
public sealed class Clamped : ICumulative
{
    private readonly ICumulative _inner;

    /// <exception cref="InputException">The bounds are not finite and ascending.</exception>
    public Clamped(ICumulative inner, double min, double max)
    {
        _inner = inner ?? throw new ArgumentNullException(nameof(inner));
        if (min != max) Parameters.Ordered(min, max, "clamped");
        Min = Parameters.Finite(min, "clamped");
        Max = Parameters.Finite(max, "clamped");
        Mean = Max - Cumulated.Integral(inner, min, max);
    }

    public double Min { get; }

    public double Max { get; }

    /// <summary>max − ∫ F over [min, max], by quadrature: relative error below 1e-6 for smooth distributions, 1e-3 for stepped
    /// ones.</summary>
    public double Mean { get; }

    public double Cdf(double x) => x < Min ? 0 : x >= Max ? 1 : _inner.Cdf(x);

    public double Sample(RandomStream random) => Math.Clamp(_inner.Sample(random), Min, Max);
}

/// <summary>Another distribution, conditioned on (min, max]: samples outside are drawn again.</summary>
public sealed class Truncated : ICumulative
{
    /// <summary>An interval less likely than this is refused: drawing again would take too long.</summary>
    public const double LeastProbability = 1e-3;

    private readonly ICumulative _inner;
    private readonly double _below;
    private readonly double _share;

    /// <exception cref="InputException">The bounds are not finite and ascending, or the interval is less likely than
    /// <see cref="LeastProbability"/>.</exception>
    public Truncated(ICumulative inner, double min, double max)
    {
        _inner = inner ?? throw new ArgumentNullException(nameof(inner));
        Parameters.Ordered(min, max, "truncated");
        Min = Parameters.Finite(min, "truncated");
        Max = Parameters.Finite(max, "truncated");
        _below = inner.Cdf(min);
        _share = inner.Cdf(max) - _below;
        if (!(_share >= LeastProbability))
            throw Parameters.Bad(_share, "truncated", "probability of (min, max]", "widen the bounds or move them to where the samples are");
        Mean = Max - ((Cumulated.Integral(inner, min, max) - (_below * (max - min))) / _share);
    }

    public double Min { get; }

    public double Max { get; }

    /// <inheritdoc cref="Clamped.Mean"/>
    public double Mean { get; }

    public double Cdf(double x) => x <= Min ? 0 : x >= Max ? 1 : (_inner.Cdf(x) - _below) / _share;

    public double Sample(RandomStream random)
    {
        double value;
        do value = _inner.Sample(random);
        while (!(value > Min && value <= Max));
        return value;
    }
}

internal static class Cumulated
{
    private const int Panels = 1024;

    // Nodes and weights of the three-point Gauss-Legendre rule on [−1, 1].
    private const double Node = 0.7745966692414834;
    private const double OuterWeight = 5.0 / 9;
    private const double InnerWeight = 8.0 / 9;

    /// <summary>∫ F(x) dx over [min, max]; panels grow geometrically from min, so that long tails and fine heads both get their
    /// share.</summary>
    public static double Integral(ICumulative distribution, double min, double max)
    {
        // x = min + (max − min)·t⁴ puts a quarter of the panels into the lowest 0.4 % of the interval.
        double sum = 0;
        for (int i = 0; i < Panels; i++)
        {
            double middle = (i + 0.5) / Panels;
            const double half = 0.5 / Panels;
            sum += half * ((InnerWeight * At(middle)) + (OuterWeight * (At(middle - (half * Node)) + At(middle + (half * Node)))));
        }
        return sum;

        double At(double t)
        {
            double cube = t * t * t;
            return 4 * cube * (max - min) * distribution.Cdf(min + ((max - min) * cube * t));
        }
    }
}
