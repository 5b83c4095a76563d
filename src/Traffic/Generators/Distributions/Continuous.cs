using Orrery.Kernel.Random;

namespace Orrery.Traffic.Generators.Distributions;

/// <summary>Always the same value; draws nothing.</summary>
internal sealed record Fixed(double Value) : IDistribution
{
    public double Mean => Value;

    public double Sample(RandomStream random) => Value;
}

internal sealed record Exponential(double Mean) : IDistribution
{
    public double Sample(RandomStream random) => -Math.Log(random.NextPositive()) * Mean;
}

internal sealed record Uniform(double Min, double Max) : IDistribution
{
    public double Mean => (Min + Max) / 2;

    public double Sample(RandomStream random) => Min + ((Max - Min) * random.NextDouble());
}

/// <summary>Density proportional to x^(shape−1) e^(−x/scale).</summary>
/// <remarks>Marsaglia and Tsang 2000; below shape 1 a draw at shape + 1 is multiplied by U^(1/shape).</remarks>
internal sealed record Gamma(double Shape, double Scale) : IDistribution
{
    public double Mean => Shape * Scale;

    public double Sample(RandomStream random)
    {
        double boosted = Shape < 1 ? Shape + 1 : Shape;
        double d = boosted - (1.0 / 3);
        double c = 1 / Math.Sqrt(9 * d);
        while (true)
        {
            double x = Normal.Standard(random);
            double v = 1 + (c * x);
            if (v <= 0) continue;
            v = v * v * v;
            double u = random.NextPositive();
            if (Math.Log(u) >= (0.5 * x * x) + (d * (1 - v + Math.Log(v)))) continue;
            double sample = d * v * Scale;
            return Shape < 1 ? sample * Math.Pow(random.NextPositive(), 1 / Shape) : sample;
        }
    }
}

/// <summary>P(X &gt; x) = exp(−(x/scale)^shape).</summary>
internal sealed record Weibull(double Shape, double Scale) : IDistribution
{
    public double Mean => Scale * Math.Exp(Arrivals.UnitGaps.LogGamma(1 + (1 / Shape)));

    public double Sample(RandomStream random) => Scale * Math.Pow(-Math.Log(random.NextPositive()), 1 / Shape);
}

/// <summary>exp of a normal with mean ln(median) and standard deviation sigma.</summary>
internal sealed record LogNormal(double Median, double Sigma) : IDistribution
{
    /// <summary>The 0.9 quantile of the standard normal distribution.</summary>
    internal const double NormalP90 = 1.2815515655446004;

    public double Mean => Median * Math.Exp(Sigma * Sigma / 2);

    public double Sample(RandomStream random) => Median * Math.Exp(Sigma * Normal.Standard(random));
}

internal sealed record Normal(double Mean, double Deviation) : IDistribution
{
    public double Sample(RandomStream random) => Mean + (Deviation * Standard(random));

    /// <summary>Box and Muller; the second value is not kept, so that a draw depends on the stream alone.</summary>
    internal static double Standard(RandomStream random) => Math.Sqrt(-2 * Math.Log(random.NextPositive())) * Math.Cos(2 * Math.PI * random.NextDouble());
}

/// <summary>P(X &gt; x) = (min/x)^shape.</summary>
internal sealed record Pareto(double Min, double Shape) : IDistribution
{
    public double Mean => Shape > 1 ? Shape * Min / (Shape - 1) : double.PositiveInfinity;

    public double Sample(RandomStream random) => Min * Math.Pow(random.NextPositive(), -1 / Shape);
}

/// <summary>Values beyond the bounds become the bounds. <see cref="Mean"/> is that of the distribution before clamping, clamped: an approximation for display only.</summary>
internal sealed record Clamped(IDistribution Inner, double Min, double Max) : IDistribution
{
    public double Mean => Math.Clamp(Inner.Mean, Min, Max);

    public double Sample(RandomStream random) => Math.Clamp(Inner.Sample(random), Min, Max);
}

/// <summary>One of listed values by weight.</summary>
internal sealed class Choice : IDistribution
{
    private readonly double[] _values;
    private readonly Lengths.WeightedChoice _choice;

    internal Choice(IReadOnlyList<double> values, IReadOnlyList<double> weights)
    {
        _values = [.. values];
        _choice = new Lengths.WeightedChoice(weights);
        Mean = values.Zip(weights, (value, weight) => value * weight).Sum() / weights.Sum();
    }

    public double Mean { get; }

    public double Sample(RandomStream random) => _values[_choice.Draw(random)];
}
