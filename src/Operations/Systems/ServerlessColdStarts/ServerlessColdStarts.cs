using Orrery.Kernel;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.World.Starts;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>
/// One run: draw the functions, run the day before without policies where a policy learns from it, run the day with them. Functions,
/// calls, start times and run times come from streams of their own, so that policies are compared on the same day.
/// </summary>
public static class ServerlessColdStarts
{
    private const int HoursPerDay = 24;

    // Peak of the first region's day, two in the afternoon (d); the others' follow around the globe.
    private const double FirstPeakHour = 14;

    /// <summary>Pools count the pods of each window, region and class (d: some hundred megabytes).</summary>
    private const int MostWindows = 10_000_000;

    private static readonly Duration LongestRun = Duration.FromHours(100 * HoursPerDay);

    /// <exception cref="InputException">A time that must be positive is zero.</exception>
    public static ExperimentResult Run(ServerlessColdStartsOptions options, RandomStream random, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        Require(options.Length, "duration", "24h");
        Require(options.StartMean, "startMean", "3.24s");
        Require(options.ExecutionMedian, "executionMedian", "30ms");
        if (options.Length > LongestRun) throw new InputException($"duration: {options.Length} is longer than the month of the study by far; give at most {LongestRun}");
        if (options.Pools != PoolSizing.None && options.Regions * (options.Length.Seconds / options.PodCreation.Seconds) > MostWindows)
            throw new InputException($"podCreation: pools are sized by the windows of that length in the run, more than {MostWindows}; give a longer time, a shorter duration or fewer regions");
        IReadOnlyList<Function> functions = Functions.Draw(options, random.Split("functions"));
        var rules = new PlatformRules(
            new KeepAlive(options.KeepAliveSpan) { ReleasesEarly = options.EarlyRelease },
            options.PreWarm ? new(options.PreWarmQuantile) : null,
            options.Shaving ? new(options.ShavingLevel, options.ShavingWindow, options.LongestDelay) : null,
            options.CrossRegion ? new(options.RoundTrip) : null,
            options.Pools)
        {
            PoolShare = options.PoolShare,
            PodCreation = options.PodCreation,
        };
        bool learns = options.Shaving || options.Pools != PoolSizing.None;
        Yesterday? yesterday = learns
            ? Day(options, functions, rules with { PreWarm = null, Shaving = null, Dispatch = null, Pools = PoolSizing.None, RecordsTakes = options.Pools != PoolSizing.None }, null, random.Split("yesterday"), cancel).AsYesterday()
            : null;
        return PlatformFigures.Of(Day(options, functions, rules, yesterday, random.Split("today"), cancel));
    }

    private static PlatformCounts Day(
        ServerlessColdStartsOptions options, IReadOnlyList<Function> functions, PlatformRules rules, Yesterday? yesterday, RandomStream random,
        CancellationToken cancel)
    {
        CallStream[] streams =
        [
            .. Enumerable.Range(0, options.Regions).Select(region => new CallStream(
                functions.Where(function => function.Region == region), options.GapCv, CalendarOf(options, region), options.StartDay, random.Split("calls").Split(region))),
        ];
        var law = new StartLaw(new ColdStart(options.StartMean, options.StartDeviation), options.FunctionShare, random.Split("starts"));
        RandomStream runs = random.Split("runs");
        var platform = new Platform(functions, streams, law, Execution, rules, options.LoadExponent, yesterday, Instant.Zero + options.Length);
        platform.Run(cancel);
        return platform.Counts;

        Duration Execution(Function function, long call)
        {
            const double halfStep = 1.0 / (1UL << 54);
            return Duration.FromSeconds(
                options.ExecutionMedian.Seconds * Math.Exp(options.ExecutionSigma * SpecialFunctions.NormalQuantile(runs.Keyed(function.Id, call) + halfStep)));
        }
    }

    private static Calendar CalendarOf(ServerlessColdStartsOptions options, int region) =>
        new(options.PeakToTrough, options.WeekdayFactor, (FirstPeakHour + ((double)region * HoursPerDay / options.Regions)) % HoursPerDay);

    private static void Require(Duration value, string option, string example)
    {
        if (value <= Duration.Zero) throw new InputException($"{option}: {value} is no time; give a time above zero such as {example}");
    }
}
