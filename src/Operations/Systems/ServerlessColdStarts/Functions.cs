using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>What calls a function.</summary>
public enum Trigger
{
    /// <summary>A clock: the time of the next call is known.</summary>
    Timer,

    /// <summary>A gateway: a user waits for the answer.</summary>
    Gateway,

    /// <summary>An event, such as a new object in a store: nobody waits, the call may come later.</summary>
    Event,
}

/// <summary>Which reserved pods a function can start from.</summary>
public enum PodClass
{
    /// <summary>Up to 400 mCPU and 256 MB.</summary>
    Small,

    /// <summary>Anything larger.</summary>
    Large,

    /// <summary>An image of its own: no pod is reserved for it.</summary>
    Custom,
}

/// <summary>One function of a region.</summary>
/// <param name="Id">Unique over all regions.</param>
/// <param name="Region">Where its calls come in.</param>
/// <param name="Trigger">What calls it.</param>
/// <param name="Class">Its pods.</param>
/// <param name="RatePerSecond">Mean calls per second.</param>
/// <param name="Period">Between the ticks of a timer; zero for the others.</param>
/// <param name="Phase">First tick of a timer.</param>
/// <param name="StartEffect">Its own part of the logarithm of the start time, in standard deviations.</param>
public sealed record Function(int Id, int Region, Trigger Trigger, PodClass Class, double RatePerSecond, Duration Period, Instant Phase, double StartEffect);

/// <summary>Draws the functions of all regions.</summary>
public static class Functions
{
    /// <summary>
    /// Periods of timers in seconds and their shares (d): chosen so that timers slower than the keep-alive give about 30 % of the cold
    /// starts while they are 60 % of the functions (region 2 of the study (b)).
    /// </summary>
    private static readonly (double Seconds, double Share)[] Periods = [(60, 0.10), (300, 0.08), (600, 0.08), (1800, 0.15), (3600, 0.40), (86_400, 0.19)];

    // Small pods are more than 60 % of the cold starts (b). Custom images are the slowest starts: medians above 10 s (b).
    private const double SmallShare = 0.65;
    private const double LargeShare = 0.28;

    public static IReadOnlyList<Function> Draw(ServerlessColdStartsOptions options, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        var all = new List<Function>(options.Regions * options.Functions);
        for (int region = 0; region < options.Regions; region++) DrawRegion(options, region, random.Split(region), all);
        return all;
    }

    private static void DrawRegion(ServerlessColdStartsOptions options, int region, RandomStream random, List<Function> into)
    {
        int timers = (int)Math.Round(options.TimerShare * options.Functions);
        int called = options.Functions - timers;
        // Slow functions are drawn over timers and others alike, each taking one stratum of the normal law.
        int[] strata = Shuffled(options.Functions, random);
        for (int i = 0; i < options.Functions; i++)
        {
            double share = (strata[i] + 0.5) / options.Functions;
            PodClass pods = share < SmallShare ? PodClass.Small : share < SmallShare + LargeShare ? PodClass.Large : PodClass.Custom;
            double effect = SpecialFunctions.NormalQuantile(share);
            int id = into.Count;
            if (i < timers)
            {
                double seconds = PeriodAt((i + 0.5) / timers);
                // Timers are set to whole seconds of their period.
                into.Add(new(id, region, Trigger.Timer, pods, 1 / seconds, Duration.FromSeconds(seconds), Instant.FromSeconds(random.NextInt((int)seconds)), effect));
            }
            else
            {
                // Zipf over the ranks, scaled so that the share `frequentShare` of these functions is called once a minute or more often.
                int rank = i - timers + 1;
                double rate = Math.Pow(options.FrequentShare * called / rank, options.ZipfExponent) / 60;
                Trigger trigger = random.NextDouble() < options.EventShare ? Trigger.Event : Trigger.Gateway;
                into.Add(new(id, region, trigger, pods, rate, Duration.Zero, Instant.Never, effect));
            }
        }
    }

    private static double PeriodAt(double share)
    {
        foreach ((double seconds, double part) in Periods)
        {
            if (share < part) return seconds;
            share -= part;
        }
        return Periods[^1].Seconds;
    }

    private static int[] Shuffled(int count, RandomStream random)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        for (int i = count - 1; i > 0; i--)
        {
            int j = random.NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
