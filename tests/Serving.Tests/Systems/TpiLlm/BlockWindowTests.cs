using Orrery.Serving.Systems.TpiLlm;

namespace Orrery.Serving.Tests.Systems.TpiLlm;

public sealed class BlockWindowTests
{
    [Fact]
    public void LoadsAreHiddenWhenEachIsAsLongAsTheRunAndAllreduceBeforeIt()
    {
        double[] loads = [3, 5, 2, 4];
        double[] runs = [4, 1, 3, 2];
        // Run i and its allreduce of 1 last as long as the next load: 5, 2, 4, 3.
        Assert.Equal(runs.Sum() + 4, Pass(loads, runs, allreduce: 1, window: 2), 12);
        Assert.Equal(runs.Sum() + 4, Pass(loads, runs, allreduce: 1, window: 3), 12);
    }

    [Fact]
    public void ALoadThatIsLongerByOneCostsOneWithATightWindowAndNothingWithAWiderOne()
    {
        double[] loads = [3, 6, 2, 3];
        double[] runs = [4, 1, 3, 2];
        Assert.Equal(runs.Sum() + 4 + 1, Pass(loads, runs, allreduce: 1, window: 2), 12);
        Assert.Equal(runs.Sum() + 4, Pass(loads, runs, allreduce: 1, window: 3), 12);
    }

    [Fact]
    public void ADiskThatIsAlwaysLateDecides()
    {
        double[] loads = [3, 5, 2, 4];
        double[] runs = [0.5, 0.5, 0.5, 0.5];
        Assert.Equal(loads.Sum(), Pass(loads, runs, allreduce: 0.25, window: 2), 12);
    }

    [Fact]
    public void AWindowOverTheWholeRingLoadsOnce()
    {
        double[] loads = [3, 5, 2, 4];
        Assert.Equal(2, Pass(loads, [0.5, 0.5, 0.5, 0.5], allreduce: 0, window: 4), 12);
        Assert.True(Pass(loads, [0.5, 0.5, 0.5, 0.5], allreduce: 0, window: 3) > 2);
    }

    /// <summary>No schedule beats the slower of disk and computer, none is worse than doing one after the other.</summary>
    [Fact]
    public void APassLiesBetweenTheSlowerPartAndTheSumAndAWiderWindowNeverHurts()
    {
        var random = Orrery.Kernel.Random.RandomStream.Root(7);
        for (int trial = 0; trial < 200; trial++)
        {
            int blocks = 3 + random.NextInt(6);
            double[] loads = [.. Enumerable.Range(0, blocks).Select(_ => random.NextDouble())];
            double[] runs = [.. Enumerable.Range(0, blocks).Select(_ => random.NextDouble())];
            double before = double.PositiveInfinity;
            for (int window = 2; window < blocks; window++)
            {
                double pass = Pass(loads, runs, allreduce: 0.1, window, passes: 40);
                double computed = runs.Sum() + (0.1 * blocks);
                Assert.InRange(pass, Math.Max(computed, loads.Sum()) - 1e-9, computed + loads.Sum() + 1e-9);
                Assert.True(pass <= before + 1e-9);
                before = pass;
            }
        }
    }

    [Fact]
    public void MemoryIsTheLargestRunOfBlocksOnTheRing()
    {
        Assert.Equal(9, BlockWindow.PeakBytes([5, 1, 2, 4], 2));
        Assert.Equal(11, BlockWindow.PeakBytes([5, 1, 2, 4], 3));
        Assert.Equal(12, BlockWindow.PeakBytes([5, 1, 2, 4], 9));
    }

    /// <summary>Seconds of a pass in the steady state.</summary>
    private static double Pass(double[] loads, double[] runs, double allreduce, int window, int passes = 10)
    {
        var ring = new BlockWindow(loads, window);
        double at = 0;
        double before = 0;
        for (int pass = 0; pass < 2 * passes; pass++)
        {
            if (pass == passes) before = at;
            foreach (double run in runs) at = ring.Begin(at) + run + allreduce;
        }
        return (at - before) / passes;
    }
}
