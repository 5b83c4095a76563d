using Orrery.Kernel.Random;
using Orrery.Kernel.Time;

namespace Orrery.World.Starts;

/// <summary>
/// How long something takes from the order to start until it can serve: log-normal, given by the mean and the deviation of the time
/// itself, not of its logarithm.
/// </summary>
/// <remarks>
/// σ² = ln(1 + (deviation/mean)²), μ = ln mean − σ²/2. The form and the default numbers are the fit over all regions of a public cloud's
/// functions: mean 3.24 s, deviation 7.10 s (Joosen et al., EuroSys 2025, arXiv 2410.06145 (b)), hence σ = 1.326 and a median of 1.34 s.
/// </remarks>
/// <param name="Mean">Mean start time.</param>
/// <param name="Deviation">Standard deviation of the start time; zero makes every start take the mean.</param>
public sealed record ColdStart(Duration Mean, Duration Deviation)
{
    /// <summary>Mean of the published fit (b).</summary>
    public const double PublishedMeanSeconds = 3.24;

    /// <summary>Standard deviation of the published fit (b).</summary>
    public const double PublishedDeviationSeconds = 7.10;

    private readonly LogNormal? _law = Mean > Duration.Zero ? LogNormal.FromMeanAndCv(Mean.Seconds, Deviation.Seconds / Mean.Seconds) : null;

    /// <summary>The fit over all regions.</summary>
    public static ColdStart Published { get; } = new(Duration.FromSeconds(PublishedMeanSeconds), Duration.FromSeconds(PublishedDeviationSeconds));

    /// <summary>The value that half of the starts do not exceed.</summary>
    public Duration Median => _law is null ? Duration.Zero : Duration.FromSeconds(_law.Median);

    /// <summary>P(start time ≤ seconds).</summary>
    public double Cdf(double seconds) => _law?.Cdf(seconds) ?? (seconds < 0 ? 0 : 1);

    /// <summary>One start time, from one draw of the stream.</summary>
    public Duration Sample(RandomStream random) => _law is null ? Duration.Zero : Duration.FromSeconds(_law.Sample(random));
}
