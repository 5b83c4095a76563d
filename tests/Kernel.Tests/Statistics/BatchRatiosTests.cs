using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Tests.Statistics;

public sealed class BatchRatiosTests
{
    [Fact]
    public void A_column_over_ones_is_the_batch_mean()
    {
        RandomStream random = RandomStream.Root(3);
        BatchRatios ratios = new(2);
        BatchMeans means = new();
        for (int i = 0; i < 64 * 50; i++)
        {
            double value = 1 + random.NextDouble();
            ratios.Add([value, 1]);
            means.Add(value);
        }
        ConfidenceInterval interval = means.Interval(0.9);
        Assert.Equal(means.Batches, ratios.Batches);
        Assert.Equal(means.BatchSize, ratios.BatchSize);
        Assert.Equal(interval.HalfWidth / interval.Mean, ratios.RelativeError(0, 1)!.Value * ratios.Reach(0.9), 12);
    }

    [Fact]
    public void Columns_that_rise_together_have_a_ratio_without_error()
    {
        RandomStream random = RandomStream.Root(4);
        BatchRatios ratios = new(2);
        for (int i = 0; i < 1000; i++)
        {
            double value = random.NextPositive();
            ratios.Add([3 * value, value]);
        }
        Assert.Equal(0, ratios.RelativeError(0, 1)!.Value, 12);
    }

    [Fact]
    public void Ratios_of_independent_exponentials_are_covered_as_stated()
    {
        int covered = 0;
        const int runs = 400;
        for (int run = 0; run < runs; run++)
        {
            RandomStream random = RandomStream.Root((ulong)run);
            BatchRatios ratios = new(2);
            double above = 0;
            double below = 0;
            for (int i = 0; i < 700; i++)
            {
                double a = -2 * Math.Log(random.NextPositive());
                double b = -Math.Log(random.NextPositive());
                ratios.Add([a, b]);
                above += a;
                below += b;
            }
            double half = ratios.RelativeError(0, 1)!.Value * ratios.Reach(0.9);
            if (Math.Abs((above / below / 2) - 1) <= half) covered++;
        }
        Assert.InRange(covered / (double)runs, 0.85, 0.95);
    }

    [Fact]
    public void Too_little_to_say()
    {
        BatchRatios ratios = new(2);
        Assert.Null(ratios.RelativeError(0, 1));
        ratios.Add([1, 0]);
        ratios.Add([1, 0]);
        Assert.Null(ratios.RelativeError(0, 1));
        Assert.Throws<ArgumentException>(() => ratios.Add([1]));
        Assert.Throws<InvalidOperationException>(() => new BatchRatios(1).Reach(0.9));
    }
}
