namespace Orrery.Kernel.Random;

/// <summary>Always the same value.</summary>
public sealed record Constant : ICumulative
{
    /// <exception cref="InputException">The value is not a number.</exception>
    public Constant(double value) => Value = Parameters.Finite(value, "constant");

    public double Value { get; }

    public double Mean => Value;

    public double Cdf(double x) => x < Value ? 0 : 1;

    public double Sample(RandomStream random) => Value;
}

/// <summary>Uniform on [min, max).</summary>
public sealed record Uniform : ICumulative
{
    /// <exception cref="InputException">The bounds are not finite and ascending.</exception>
    public Uniform(double min, double max)
    {
        Parameters.Ordered(min, max, "uniform");
        Min = Parameters.Finite(min, "uniform");
        Max = Parameters.Finite(max, "uniform");
    }

    public double Min { get; }

    public double Max { get; }

    public double Mean => 0.5 * (Min + Max);

    public double Cdf(double x) => Math.Clamp((x - Min) / (Max - Min), 0, 1);

    public double Sample(RandomStream random) => Min + ((Max - Min) * random.NextDouble());
}

/// <summary>Exponential with a given mean: the gaps of a Poisson process.</summary>
public sealed record Exponential : ICumulative
{
    /// <exception cref="InputException">The mean is not positive.</exception>
    public Exponential(double mean) => Mean = Parameters.Positive(mean, "exponential");

    public double Mean { get; }

    /// <exception cref="InputException">The rate is not positive.</exception>
    public static Exponential FromRate(double rate) => new(1 / Parameters.Positive(rate, "exponential"));

    public double Cdf(double x) => x <= 0 ? 0 : 1 - Math.Exp(-x / Mean);

    public double Sample(RandomStream random) => -Mean * Math.Log(random.NextPositive());
}
