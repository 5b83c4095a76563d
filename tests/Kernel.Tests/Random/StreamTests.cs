using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;

namespace Orrery.Kernel.Tests.Random;

public class StreamTests
{
    [Fact]
    public void DrawingFromOneStreamChangesNoOther()
    {
        RandomStream quietRoot = RandomStream.Root(42);
        RandomStream quiet = quietRoot.Split("arrivals");
        RandomStream busyRoot = RandomStream.Root(42);
        RandomStream policy = busyRoot.Split("policy");
        for (int i = 0; i < 1000; i++)
        {
            busyRoot.NextUInt64();
            policy.NextDouble();
        }
        RandomStream busy = busyRoot.Split("arrivals");
        for (int i = 0; i < 1000; i++)
        {
            policy.NextInt(7);
            Assert.Equal(quiet.NextUInt64(), busy.NextUInt64());
        }
    }

    [Fact]
    public void NamesSeedsAndNumbersGiveDifferentStreams()
    {
        RandomStream root = RandomStream.Root(1);
        RandomStream[] streams =
        [
            root, RandomStream.Root(2), root.Split("a"), root.Split("b"), root.Split("ab"), root.Split("a").Split("b"), root.Split("b").Split("a"),
            root.Split(0), root.Split(1), root.Split(-1), root.Split("0"),
        ];
        Assert.Equal(streams.Length, streams.Select(s => s.NextUInt64()).Distinct().Count());
    }

    [Fact]
    public void SiblingStreamsAreUncorrelated()
    {
        // 100 neighbouring streams, 10,000 pairs each; each correlation has a standard error of 0.01.
        RandomStream root = RandomStream.Root(9);
        for (int index = 0; index < 100; index++)
        {
            RandomStream a = root.Split(index);
            RandomStream b = root.Split(index + 1);
            double sum = 0;
            for (int i = 0; i < 10_000; i++) sum += (a.NextDouble() - 0.5) * (b.NextDouble() - 0.5);
            Assert.InRange(sum / 10_000 * 12, -0.05, 0.05);
        }
    }

    [Fact]
    public void TheFirstNumbersOfManyStreamsAreUniform()
    {
        // Chi-square over 100 cells of the first number of 100,000 streams: mean 99, deviation 14; 6 deviations.
        RandomStream root = RandomStream.Root(10).Split("clients");
        int[] cells = new int[100];
        for (int i = 0; i < 100_000; i++) cells[root.Split(i).NextInt(100)]++;
        Assert.InRange(cells.Sum(c => (c - 1000.0) * (c - 1000.0) / 1000), 99 - 85, 99 + 85);
    }

    [Fact]
    public void KeyedNoiseDependsOnItsKeyAlone()
    {
        RandomStream noise = RandomStream.Root(3).Split("predictor");
        double before = noise.Keyed(17, 4);
        noise.NextUInt64();
        Assert.Equal(before, noise.Keyed(17, 4));
        Assert.NotEqual(before, noise.Keyed(4, 17));
    }

    [Fact]
    public void TheGeneratorIsTheOneWeSay()
    {
        // Frozen: a change of these numbers changes every result of every scenario.
        RandomStream stream = RandomStream.Root(1).Split("arrivals");
        ulong[] first = [stream.NextUInt64(), stream.NextUInt64(), stream.NextUInt64()];
        Assert.Equal(Frozen, first);
    }

    private static readonly ulong[] Frozen = [17644123096585845752, 4329042609026893155, 199527146859696817];

    [Fact]
    public void PoissonIsAModulatedProcessWithOneState()
    {
        var process = new Mmpp([4], [[0]]);
        Assert.Equal(4, process.MeanRatePerSecond);
        RandomStream random = RandomStream.Root(7).Split("mmpp");
        Moments gaps = new();
        for (int i = 0; i < 50_000; i++) gaps.Add(process.NextGapSeconds(random));
        // Standard error 0.0011.
        Assert.Equal(0.25, gaps.Mean, 0.006);
        Assert.Equal(0.25, gaps.SampleDeviation, 0.012);
    }

    [Fact]
    public void ModulatedArrivalsHaveTheirRateAndTheirBurstiness()
    {
        Mmpp process = Mmpp.TwoState(calmRatePerSecond: 1, burstRatePerSecond: 21, calmSeconds: 3, burstSeconds: 1);
        Assert.Equal(6, process.MeanRatePerSecond, 1e-12);
        Assert.Equal([0.75, 0.25], process.StationaryShares);
        RandomStream random = RandomStream.Root(8).Split("mmpp");
        // Counts in windows of 100 s: variance/mean tends to 1 + 2·(r1−r2)²·q1·q2 / ((q1+q2)²·(r1·q2+r2·q1)), Fischer and Meier-Hellstern
        // 1993.
        double q1 = 1.0 / 3, q2 = 1;
        double dispersion = 1 + (2 * 400 * q1 * q2 / (Math.Pow(q1 + q2, 2) * ((1 * q2) + (21 * q1))));
        Moments counts = new();
        double now = 0;
        int count = 0;
        for (double end = 100; end <= 200_000;)
        {
            now += process.NextGapSeconds(random);
            while (now > end)
            {
                counts.Add(count);
                count = 0;
                end += 100;
            }
            count++;
        }
        Assert.Equal(600, counts.Mean, 600 * 0.01);
        Assert.Equal(dispersion, counts.SampleVariance / counts.Mean, dispersion * 0.16);
    }

    [Fact]
    public void ModulatedProcessesThatMakeNoSenseAreRefused()
    {
        Assert.Throws<InputException>(() => new Mmpp([1, 2], [[0, 1]]));
        Assert.Throws<InputException>(() => new Mmpp([0, 0], [[0, 1], [1, 0]]));
        Assert.Throws<InputException>(() => new Mmpp([1, 2], [[0, 1], [0, 0]]));
        Assert.Throws<InputException>(() => new Mmpp([1, 2], [[0, 0], [1, 0]]));
        Assert.Throws<InputException>(() => Mmpp.TwoState(1, 2, 0, 1));
    }
}
