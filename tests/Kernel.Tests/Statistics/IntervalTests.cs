using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Tests.Statistics;

public class IntervalTests
{
    [Fact]
    public void EqualReplicationsHaveNoSpread() =>
        Assert.Equal(0, ConfidenceInterval.FromReplications([0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.2]).HalfWidth);

    [Fact]
    public void ReplicationsGiveTheTextbookInterval()
    {
        // Mean 5, s = 2, n = 4 by hand: t(0.975, 3) = 3.182446.
        ConfidenceInterval interval = ConfidenceInterval.FromReplications([3, 7, 3.5857864376269049, 6.4142135623730951]);
        Assert.Equal(5, interval.Mean, 1e-12);
        double deviation = Math.Sqrt(12.0 / 3);
        Assert.Equal(3.182446305 * deviation / 2, interval.HalfWidth, 1e-8);
        Assert.True(interval.Contains(5));
    }

    [Fact]
    public void OneReplicationSaysNothingOfItsSpread()
    {
        ConfidenceInterval interval = ConfidenceInterval.FromReplications([4]);
        Assert.Equal(double.PositiveInfinity, interval.HalfWidth);
        Assert.Throws<ArgumentException>(() => ConfidenceInterval.FromReplications([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceInterval.FromReplications([1, 2], 1));
    }

    [Fact]
    public void IntervalsCoverTheTruthAsOftenAsTheySay()
    {
        // 2000 intervals at 90 %: the covered share lies within 4 standard errors (0.027) of 0.9 except once in 16,000 seeds.
        RandomStream random = RandomStream.Root(11).Split("coverage");
        int covered = 0;
        double[] values = new double[5];
        for (int trial = 0; trial < 2000; trial++)
        {
            for (int i = 0; i < values.Length; i++) values[i] = SpecialFunctions.NormalQuantile(random.NextPositive() * 0.999999999);
            if (ConfidenceInterval.FromReplications(values, 0.9).Contains(0)) covered++;
        }
        Assert.InRange(covered / 2000.0, 0.873, 0.927);
    }

    [Fact]
    public void WilsonMatchesItsFormulaAndStaysInside()
    {
        // 8 of 10 at 95 %: (0.490, 0.943), Wilson 1927 / Newcombe 1998.
        ConfidenceInterval interval = ConfidenceInterval.Proportion(8, 10);
        Assert.Equal(0.8, interval.Mean);
        Assert.Equal(0.490162, interval.Low, 1e-5);
        Assert.Equal(0.943318, interval.High, 1e-5);
        Assert.Equal(0, ConfidenceInterval.Proportion(0, 10).Low);
        Assert.Equal(0.277533, ConfidenceInterval.Proportion(0, 10).High, 1e-5);
        Assert.Equal(1, ConfidenceInterval.Proportion(10, 10).High);
        Assert.Throws<ArgumentOutOfRangeException>(() => ConfidenceInterval.Proportion(11, 10));
    }

    [Fact]
    public void BatchMeansKeepTheirMemoryAndCoverACorrelatedMean()
    {
        // AR(1), correlation 0.9, mean 3: a naive interval would be 4.4 times too narrow.
        int covered = 0;
        for (ulong seed = 0; seed < 100; seed++)
        {
            RandomStream random = RandomStream.Root(seed).Split("ar1");
            BatchMeans batches = new();
            double state = 0;
            for (int i = 0; i < 20_000; i++)
            {
                state = (0.9 * state) + random.NextDouble() - 0.5;
                batches.Add(3 + state);
            }
            Assert.InRange(batches.Batches, BatchMeans.FewestBatches, 2 * BatchMeans.FewestBatches - 1);
            Assert.Equal(512, batches.BatchSize);
            Assert.InRange(batches.Autocorrelation, -0.6, 0.6);
            if (batches.Interval(0.95).Contains(3)) covered++;
        }
        // Binomial(100, 0.95): below 87 once in 800 even if exact; these seeds are fixed.
        Assert.InRange(covered, 87, 100);
    }

    [Fact]
    public void BatchMeansOfFewObservationsAreThoseObservations()
    {
        BatchMeans batches = new();
        foreach (double value in (double[])[1, 2, 3]) batches.Add(value);
        Assert.Equal(ConfidenceInterval.FromReplications([1, 2, 3]), batches.Interval());
        Assert.Equal(2, batches.Mean);
    }

    [Fact]
    public void MomentsMergeLikeOneRun()
    {
        Moments all = new(), left = new(), right = new();
        RandomStream random = RandomStream.Root(3).Split("moments");
        for (int i = 0; i < 1000; i++)
        {
            double value = 1e6 + random.NextDouble();
            all.Add(value);
            (i < 300 ? left : right).Add(value);
        }
        left.Merge(right);
        Assert.Equal(all.Count, left.Count);
        Assert.Equal(all.Mean, left.Mean, 1e-9);
        Assert.Equal(all.SampleVariance, left.SampleVariance, 1e-9);
        Assert.Equal(1.0 / 12, all.SampleVariance, 0.01);
        Assert.Equal(all.Min, left.Min);
        Assert.Equal(all.Max, left.Max);
        Moments empty = new();
        empty.Merge(left);
        Assert.Equal(left.Min, empty.Min);
    }

    [Fact]
    public void TimeAverageIsTheExactIntegral()
    {
        TimeWeighted level = new(Instant.FromSeconds(1), 2);
        level.Set(Instant.FromSeconds(2), 5);
        level.Add(Instant.FromSeconds(4), -4);
        Assert.Equal((Int128)13 * Duration.NanosecondsPerSecond, level.Integral(Instant.FromSeconds(5)));
        Assert.Equal(13.0 / 4, level.Mean(Instant.FromSeconds(5)));
        Assert.Equal(5, level.Max);
        Assert.Throws<ArgumentOutOfRangeException>(() => level.Set(Instant.FromSeconds(3), 1));
        level.Restart(Instant.FromSeconds(6));
        Assert.Equal(1, level.Mean(Instant.FromSeconds(6)));
        Assert.Equal(1, level.Max);
    }

    [Fact]
    public void TimeIntegralSurvivesCenturiesOfHugeLevels()
    {
        TimeWeighted level = new(Instant.Zero, long.MaxValue);
        Assert.Equal((double)long.MaxValue, level.Mean(Instant.FromNanoseconds(long.MaxValue - 1)));
    }
}
