using Orrery.Kernel.Processes;
using Orrery.Kernel.Random;
using Orrery.Kernel.Resources;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Kernel.Units;

namespace Orrery.Kernel.Tests.Resources;

/// <summary>Known answers of queueing theory: the 99 % interval of replications with fixed seeds contains the formula and is narrow enough
/// to mean something.</summary>
public class QueueingTests
{
    private const int Replications = 20;
    private const int Customers = 8_000;
    private const int WarmUp = 1_000;
    private const double Level = 0.99;

    /// <summary>Half-width over the truth: a wider interval would contain anything.</summary>
    private const double Widest = 0.06;

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.7)]
    public void MM1(double load) => Check(1 / (1 - load), seed: 1, random => ServerResponse(random, load, new Exponential(1), units: 1));

    [Theory]
    [InlineData(2, 0.7)]
    [InlineData(8, 0.8)]
    public void MMcIsErlangC(int servers, double load)
    {
        double offered = servers * load;
        // Erlang's B by its recursion, then C.
        double blocked = 1;
        for (int k = 1; k <= servers; k++) blocked = offered * blocked / (k + (offered * blocked));
        double waits = blocked / (1 - (load * (1 - blocked)));
        Check(1 + (waits / (servers * (1 - load))), seed: 2, random => ServerResponse(random, offered, new Exponential(1), servers));
    }

    [Fact]
    public void MD1() => Check(1 + (0.7 / (2 * 0.3)), seed: 3, random => ServerResponse(random, 0.7, new Constant(1), units: 1));

    [Fact]
    public void MG1IsPollaczekKhinchine()
    {
        // Second moment of a gamma with mean 1 and cv 1.5: 1 + 2.25.
        double wait = 0.5 * (1 + (1.5 * 1.5)) / (2 * 0.5);
        Check(1 + wait, seed: 4, random => ServerResponse(random, 0.5, Gamma.FromMeanAndCv(1, 1.5), units: 1));
    }

    [Theory]
    [InlineData(1.0)]
    [InlineData(2.0)]
    public void MG1ProcessorSharingDoesNotSeeTheVariance(double cv)
    {
        Mixture sizes = Mixture.HyperexponentialFromMeanAndCv(1, cv);
        Check(1 / (1 - 0.6), seed: 5, random => LinkResponse(random, 0.6, sizes, slowdown: false));
    }

    [Fact]
    public void MG1ProcessorSharingSlowsEverySizeAlike() =>
        Check(1 / (1 - 0.6), seed: 6, random => LinkResponse(random, 0.6, new Uniform(0.5, 1.5), slowdown: true));

    private static void Check(double formula, ulong seed, Func<RandomStream, double> run)
    {
        double[] means = new double[Replications];
        RandomStream root = RandomStream.Root(seed);
        for (int i = 0; i < Replications; i++) means[i] = run(root.Split(i));
        ConfidenceInterval interval = ConfidenceInterval.FromReplications(means, Level);
        Assert.True(interval.Contains(formula), $"{interval} does not contain {formula}");
        Assert.True(interval.HalfWidth < Widest * formula, $"{interval} is too wide to tell");
    }

    private static double ServerResponse(RandomStream random, double rate, IDistribution service, int units)
    {
        VirtualClock clock = new();
        Server server = new(clock, "server", units);
        double mean = MeanOfCustomers(clock, random, rate, service, weightBySize: false, async seconds =>
        {
            await server.Acquire();
            await clock.Delay(Duration.FromSeconds(seconds));
            server.Release();
        });
        // Little's law for the units: busy on average as many as the offered load.
        Assert.Equal(rate * service.Mean, server.Busy.Mean(clock.Now), 0.15 * rate);
        Assert.Equal(0, server.InUse);
        return mean;
    }

    private static double LinkResponse(RandomStream random, double rate, IDistribution sizes, bool slowdown)
    {
        VirtualClock clock = new();
        // One gigabyte per second: a byte is a nanosecond of work.
        ProcessorSharingLink link = new(clock, "link", new BytesPerSecond(1e9));
        return MeanOfCustomers(clock, random, rate, sizes, slowdown, async seconds => await link.Transfer(new Bytes((long)(seconds * 1e9))));
    }

    private static double MeanOfCustomers(
        VirtualClock clock, RandomStream random, double rate, IDistribution sizes, bool weightBySize, Func<double, ValueTask> station)
    {
        RandomStream arrivals = random.Split("arrivals");
        RandomStream services = random.Split("services");
        IDistribution gap = Exponential.FromRate(rate);
        Moments responses = new();
        clock.Spawn("arrivals", async () =>
        {
            for (int i = 0; i < Customers; i++)
            {
                await clock.Delay(Duration.FromSeconds(gap.Sample(arrivals)));
                bool counted = i >= WarmUp;
                double size = sizes.Sample(services);
                clock.Spawn("customer", async () =>
                {
                    Instant arrived = clock.Now;
                    await station(size);
                    double response = (clock.Now - arrived).Seconds;
                    if (counted) responses.Add(weightBySize ? response / size : response);
                });
            }
        });
        Assert.True(clock.Run());
        Assert.Equal(Customers - WarmUp, responses.Count);
        return responses.Mean;
    }
}
