namespace Orrery.Kernel.Random;

/// <summary>A distribution whose distribution function is known, so that it can be clamped, truncated and tested.</summary>
public interface ICumulative : IDistribution
{
    /// <summary>P(X ≤ x).</summary>
    double Cdf(double x);
}
