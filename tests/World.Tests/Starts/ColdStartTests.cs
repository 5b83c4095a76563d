using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.World.Starts;

namespace Orrery.World.Tests.Starts;

public sealed class ColdStartTests
{
    private const ulong Seed = 20250330;

    [Fact]
    public void The_published_mean_and_deviation_are_those_of_the_time_not_of_its_logarithm()
    {
        // σ² = ln(1 + (7.10/3.24)²) = 1.758, μ = ln 3.24 − σ²/2 = 0.296, so the median is e^0.296 = 1.345 s.
        Assert.Equal(Math.Exp(Math.Log(3.24) - (0.5 * Math.Log(1 + (7.10 / 3.24 * (7.10 / 3.24))))), ColdStart.Published.Median.Seconds, 1e-8);
        Assert.InRange(ColdStart.Published.Median.Seconds, 1.34, 1.35);
        Assert.Equal(0.5, ColdStart.Published.Cdf(ColdStart.Published.Median.Seconds), 1e-8);
    }

    [Fact]
    public void Samples_have_the_mean_that_was_asked_for()
    {
        var start = new ColdStart(Duration.FromSeconds(20), Duration.FromSeconds(5));
        RandomStream random = RandomStream.Root(Seed);
        const int draws = 20_000;
        double sum = 0;
        for (int i = 0; i < draws; i++) sum += start.Sample(random).Seconds;
        // Five standard errors of the mean.
        Assert.InRange(sum / draws, 20 - (5 * 5 / Math.Sqrt(draws)), 20 + (5 * 5 / Math.Sqrt(draws)));
    }

    [Fact]
    public void Without_deviation_every_start_takes_the_mean_and_without_mean_no_time()
    {
        RandomStream random = RandomStream.Root(Seed);
        Assert.Equal(7, new ColdStart(Duration.FromSeconds(7), Duration.Zero).Sample(random).Seconds, 1e-6);
        Assert.Equal(Duration.Zero, new ColdStart(Duration.Zero, Duration.Zero).Sample(random));
    }

    [Fact]
    public void A_kept_pod_goes_when_its_span_is_over()
    {
        var rule = new KeepAlive(Duration.FromSeconds(60));
        Assert.Equal(Instant.FromSeconds(160), rule.ReleaseAt(Instant.FromSeconds(100), Instant.Never));
        Assert.Equal(Instant.FromSeconds(160), rule.ReleaseAt(Instant.FromSeconds(100), Instant.FromSeconds(400)));
        Assert.Equal(Instant.Never, new KeepAlive(Duration.Infinite).ReleaseAt(Instant.FromSeconds(100), Instant.Never));
    }

    [Fact]
    public void Early_release_gives_back_at_once_only_what_comes_after_the_span()
    {
        KeepAlive rule = KeepAlive.Published with { ReleasesEarly = true };
        Assert.Equal(Instant.FromSeconds(100), rule.ReleaseAt(Instant.FromSeconds(100), Instant.FromSeconds(160.5)));
        Assert.Equal(Instant.FromSeconds(160), rule.ReleaseAt(Instant.FromSeconds(100), Instant.FromSeconds(160)));
        Assert.Equal(Instant.FromSeconds(160), rule.ReleaseAt(Instant.FromSeconds(100), Instant.Never));
    }
}
