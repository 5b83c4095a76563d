using Orrery.Lab.Fidelity;

namespace Orrery.Lab.Tests.Fidelity;

public sealed class DistributionComparisonTests
{
    [Fact]
    public void Errors_are_signed_and_percentiles_interpolate()
    {
        DistributionComparison c = DistributionComparison.Of("ttft", [4, 1, 3, 2], [2, 4, 6, 8]);
        Assert.Equal((2.5, 5.0, 1.0), (c.MeasuredMean, c.PredictedMean, c.MeanError));
        Assert.Equal(1, c.P50Error, 12);
        Assert.Equal(1, c.P95Error, 12);
        // Sorted pairs differ by 1, 2, 3 and 4: 2.5 on average, over a mean of 2.5.
        Assert.Equal(1, c.WassersteinOverMean, 12);
        Assert.Equal(2.5, DistributionComparison.Percentile([1, 2, 3, 4], 0.5));
        Assert.Equal(3.7, DistributionComparison.Percentile([1, 2, 3, 4], 0.9), 12);
        Assert.Equal(4, DistributionComparison.Percentile([1, 2, 3, 4], 1));
    }

    [Fact]
    public void Samples_of_two_sizes_are_compared_by_their_quantiles()
    {
        // Half of the second lies at 1, half at 3: each is 1 away from 2.
        Assert.Equal(0.5, DistributionComparison.Of("x", [2], [1, 3]).WassersteinOverMean, 12);
        // Thirds against halves: 1/3·0 + 1/6·1 + 1/6·1 + 1/3·0 over a mean of 2.
        Assert.Equal(1.0 / 6, DistributionComparison.Of("x", [1, 2, 3], [1, 3]).WassersteinOverMean, 12);
    }

    [Fact]
    public void Nothing_compares_with_nothing() => Assert.Throws<ArgumentException>(() => DistributionComparison.Of("x", [], [1]));
}
