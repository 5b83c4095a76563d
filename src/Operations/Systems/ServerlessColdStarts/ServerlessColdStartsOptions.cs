using Orrery.Documents;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Time;
using Orrery.World.Starts;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>
/// A function platform as a public cloud's month of traces describes it, with the policies the study suggests (Joosen et al., "Serverless
/// Cold Starts and Where to Find Them", EuroSys 2025, arXiv 2410.06145). The paper evaluates none of the policies.
/// </summary>
public sealed record ServerlessColdStartsOptions : ExperimentSpec
{
    /// <summary>Share of timers among the functions of region 2 (b).</summary>
    public const double DefaultTimerShare = 0.6;

    /// <summary>Share of windows whose starts a pool covers (d).</summary>
    public const double DefaultPoolShare = 0.99;

    /// <summary>Time to make a pod for a pool (d).</summary>
    public const double DefaultPodCreationSeconds = 5;

    private const string Study = "Joosen et al., EuroSys 2025";

    public static readonly OptionSet<ServerlessColdStartsOptions> Set = new OptionSet<ServerlessColdStartsOptions>()
        .Int("regions", o => o.Regions, (o, v) => o with { Regions = v }, "regions, their days shifted against each other", Study + " (b)", 1, 64)
        .Int("functions", o => o.Functions, (o, v) => o with { Functions = v }, "functions of a region",
            "our choice (d): gives the published mean time between cold starts", 1, 1_000_000)
        .Duration("duration", o => o.Length, (o, v) => o with { Length = v }, "time simulated, from midnight on", "our choice (d)")
        .Int("startDay", o => o.StartDay, (o, v) => o with { StartDay = v }, "day of the week at the start; 0 is Monday, 5 and 6 are the weekend", "our choice (d)", 0, 6)
        .Number("timerShare", o => o.TimerShare, (o, v) => o with { TimerShare = v }, "share of functions that a timer calls", Study + ", region 2 (b)", 0, 1)
        .Number("eventShare", o => o.EventShare, (o, v) => o with { EventShare = v }, "share of the other functions that nobody waits for",
            Study + ": gateway alone 23 %, other triggers 22 % (b), set in proportion (d)", 0, 1)
        .Number("frequentShare", o => o.FrequentShare, (o, v) => o with { FrequentShare = v },
            "share of functions without a timer that are called once a minute or more", Study + ": 20 % in region 1, 1 % in region 4 (b)", 0, 1)
        .Number("zipfExponent", o => o.ZipfExponent, (o, v) => o with { ZipfExponent = v }, "how fast the call rates fall with the rank of the function", "our choice (d)", 0.1, 10)
        .Number("gapCv", o => o.GapCv, (o, v) => o with { GapCv = v },
            "deviation over mean of the gaps between the calls of a region", "our choice (d): gives the published gaps between cold starts", 0.02, 50)
        .Number("peakToTrough", o => o.PeakToTrough, (o, v) => o with { PeakToTrough = v }, "highest over lowest rate of a day", Study + ": from 2 up (b), the value is ours (d)", 1, 1e6)
        .Number("weekdayFactor", o => o.WeekdayFactor, (o, v) => o with { WeekdayFactor = v }, "a weekday's calls over a weekend day's", Study + ": 30 % more pods (b)", 0.01, 100)
        .Duration("startMean", o => o.StartMean, (o, v) => o with { StartMean = v }, "mean cold start", Study + ", log-normal fit (b)")
        .Duration("startDeviation", o => o.StartDeviation, (o, v) => o with { StartDeviation = v }, "standard deviation of the cold start", Study + ", log-normal fit (b)")
        .Number("functionShare", o => o.FunctionShare, (o, v) => o with { FunctionShare = v },
            "share of the spread of cold starts that lies between functions", "our choice (d): gives custom images a median near 10 s", 0, 1)
        .Number("loadExponent", o => o.LoadExponent, (o, v) => o with { LoadExponent = v },
            "allocation and scheduling take (starts in the last minute / their mean) to this power", Study + ": they rise under load (b), the form is ours (d)", 0, 2)
        .Duration("executionMedian", o => o.ExecutionMedian, (o, v) => o with { ExecutionMedian = v }, "median run of a call (log-normal)", Study + ": 4 ms to 100 ms by region (b)")
        .Number("executionSigma", o => o.ExecutionSigma, (o, v) => o with { ExecutionSigma = v }, "deviation of the logarithm of a call's run", "our choice (d)", 0, 5)
        .Duration("keepAlive", o => o.KeepAliveSpan, (o, v) => o with { KeepAliveSpan = v }, "idle time after which a pod goes", Study + " (b)")
        .Bool("earlyRelease", o => o.EarlyRelease, (o, v) => o with { EarlyRelease = v }, "give a timer's pod back at once when the next tick is beyond the keep-alive", Study + ", suggested (b)")
        .Bool("timerPreWarm", o => o.PreWarm, (o, v) => o with { PreWarm = v }, "start a timer's pod ahead of its tick", Study + ", suggested (b)")
        .Number("preWarmQuantile", o => o.PreWarmQuantile, (o, v) => o with { PreWarmQuantile = v }, "share of pre-warmed starts that are ready in time", "our choice (d)", 0.01, 0.999)
        .Choice<PoolSizing>("pools", o => o.Pools, (o, v) => o with { Pools = v },
            "reserved pods: none (start times as published), fixed for the day, or by the hour of the day before", Study + ", suggested (b)")
        .Number("poolShare", o => o.PoolShare, (o, v) => o with { PoolShare = v }, "share of windows whose starts a pool covers", "our choice (d)", 0, 1)
        .Duration("podCreation", o => o.PodCreation, (o, v) => o with { PodCreation = v }, "time to make a pod where the pool is empty", "our choice (d)", minSeconds: 0.01)
        .Bool("peakShaving", o => o.Shaving, (o, v) => o with { Shaving = v }, "delay calls that nobody waits for while many pods start", Study + ", suggested (b)")
        .Number("shavingLevel", o => o.ShavingLevel, (o, v) => o with { ShavingLevel = v }, "starts allowed in a window, in means of the day before", "our choice (d)", 0.01, 1000)
        .Duration("shavingWindow", o => o.ShavingWindow, (o, v) => o with { ShavingWindow = v }, "length of that window", "our choice (d)", minSeconds: 0.1)
        .Duration("longestDelay", o => o.LongestDelay, (o, v) => o with { LongestDelay = v }, "longest delay of such a call", "our choice (d)")
        .Bool("crossRegion", o => o.CrossRegion, (o, v) => o with { CrossRegion = v }, "serve a call elsewhere when a round trip is shorter than the start at home", Study + ", suggested (b)")
        .Duration("roundTrip", o => o.RoundTrip, (o, v) => o with { RoundTrip = v }, "between two regions", "our choice (d)");

    public int Regions { get; init; } = 5;

    public int Functions { get; init; } = 600;

    public Duration Length { get; init; } = Duration.FromHours(24);

    public int StartDay { get; init; }

    public double TimerShare { get; init; } = DefaultTimerShare;

    public double EventShare { get; init; } = 0.49;

    public double FrequentShare { get; init; } = 0.2;

    public double ZipfExponent { get; init; } = 2;

    public double GapCv { get; init; } = 8;

    public double PeakToTrough { get; init; } = 3;

    public double WeekdayFactor { get; init; } = 1.3;

    public Duration StartMean { get; init; } = ColdStart.Published.Mean;

    public Duration StartDeviation { get; init; } = ColdStart.Published.Deviation;

    public double FunctionShare { get; init; } = 0.8;

    public double LoadExponent { get; init; } = 0.2;

    public Duration ExecutionMedian { get; init; } = Duration.FromMilliseconds(30);

    public double ExecutionSigma { get; init; } = 1;

    public Duration KeepAliveSpan { get; init; } = World.Starts.KeepAlive.Published.Span;

    public bool EarlyRelease { get; init; }

    public bool PreWarm { get; init; }

    public double PreWarmQuantile { get; init; } = 0.95;

    public PoolSizing Pools { get; init; }

    public double PoolShare { get; init; } = DefaultPoolShare;

    public Duration PodCreation { get; init; } = Duration.FromSeconds(DefaultPodCreationSeconds);

    public bool Shaving { get; init; }

    public double ShavingLevel { get; init; } = 1.5;

    public Duration ShavingWindow { get; init; } = Duration.FromSeconds(10);

    public Duration LongestDelay { get; init; } = Duration.FromSeconds(120);

    public bool CrossRegion { get; init; }

    public Duration RoundTrip { get; init; } = Duration.FromMilliseconds(100);

    public override IReadOnlyList<ExperimentFigure> Figures => PlatformFigures.All;

    public override ExperimentResult Run(RandomStream random, CancellationToken cancel) => ServerlessColdStarts.Run(this, random, cancel);
}
