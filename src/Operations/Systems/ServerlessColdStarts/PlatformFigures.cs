using System.Globalization;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.World.Starts;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>The figures of the experiment and how they follow from the counts.</summary>
internal static class PlatformFigures
{
    /// <summary>Mean time between cold starts of the published Weibull fit (b).</summary>
    public const double PublishedGapMeanSeconds = 1.25;

    /// <summary>Its standard deviation (b).</summary>
    public const double PublishedGapDeviationSeconds = 3.66;

    /// <summary>A function whose calls start cold this often counts as "one call, one cold start" (d).</summary>
    private const double AlmostAlways = 0.9;

    private const double SecondsPerHour = 3600;

    public static readonly IReadOnlyList<ExperimentFigure> All =
    [
        new("calls", "", "calls served; those of the busiest functions are left out"),
        new("coldStarts", "", "calls that waited for the start of a pod"),
        new("coldShare", "", "cold starts per call"),
        new("podStarts", "", "pods started, also ahead of their call"),
        new("startMeanSeconds", "s", "mean time of a start"),
        new("startMedianSeconds", "s", "half of the starts take no longer"),
        new("startP99Seconds", "s", "99 % of the starts take no longer"),
        new("startFitDistance", "", "Kolmogorov-Smirnov distance of the start times from the published log-normal fit"),
        new("gapMeanSeconds", "s", "mean time between two starts of a region"),
        new("gapFitDistance", "", "Kolmogorov-Smirnov distance of these times from the published Weibull fit"),
        new("gapCv", "", "deviation of these times over their mean"),
        new("timerColdShare", "", "share of the cold starts that belong to timers"),
        new("alwaysColdShare", "", "share of the called functions with a cold start at 90 % of their calls or more"),
        new("onceAMinuteShare", "", "share of the functions called once a minute or more"),
        new("largeToSmall", "x", "median start of large pods over that of small ones"),
        new("customMedianSeconds", "s", "median start of custom images"),
        new("countTimeCorrelation", "", "correlation of number and mean time of the starts of a minute"),
        new("podHours", "h", "time that pods were ready"),
        new("idlePodHours", "h", "time that ready pods did no work"),
        new("worthlessShare", "", "share of pods whose life beyond the keep-alive is not longer than their start"),
        new("peakStarts", "", "most starts of a minute in one region"),
        new("peakToMean", "x", "the same over the region's mean"),
        new("meanWaitSeconds", "s", "mean time from a call to its work"),
        new("gatewayWaitSeconds", "s", "the same for calls that a user waits for"),
        new("poolMissShare", "", "share of the starts from pools that found the pool empty"),
        new("poolPodHours", "h", "pods kept in pools, over time"),
        new("dispatchedShare", "", "share of the calls that went to another region"),
    ];

    public static ExperimentResult Of(PlatformCounts counts)
    {
        double[] starts = [.. counts.StartSeconds];
        double[] gaps = [.. counts.GapSeconds];
        Weibull published = Weibull.FromMeanAndCv(PublishedGapMeanSeconds, PublishedGapDeviationSeconds / PublishedGapMeanSeconds);
        Moments gapMoments = MomentsOf(gaps);
        (double alwaysCold, double onceAMinute) = counts.FunctionShares(AlmostAlways);
        Dictionary<string, double> values = new()
        {
            ["calls"] = counts.Calls,
            ["coldStarts"] = counts.Cold,
            ["coldShare"] = Share(counts.Cold, counts.Calls),
            ["podStarts"] = counts.Starts,
            ["alwaysColdShare"] = alwaysCold,
            ["onceAMinuteShare"] = onceAMinute,
            ["podHours"] = counts.PodSeconds / SecondsPerHour,
            ["idlePodHours"] = counts.IdleSeconds / SecondsPerHour,
            ["meanWaitSeconds"] = Share(counts.WaitSeconds, counts.Calls),
            ["gatewayWaitSeconds"] = Share(counts.GatewayWaitSeconds, counts.GatewayCalls),
            ["peakStarts"] = counts.PeakPerMinute,
            ["peakToMean"] = counts.PeakToMean,
            ["poolPodHours"] = counts.PoolPodHours,
            ["dispatchedShare"] = Share(counts.Dispatched, counts.Calls),
        };
        if (counts.PoolTakes > 0) values["poolMissShare"] = Share(counts.PoolMisses, counts.PoolTakes);
        if (counts.Pods > 0) values["worthlessShare"] = Share(counts.WorthlessPods, counts.Pods);
        if (counts.Cold > 0) values["timerColdShare"] = Share(counts.TimerCold, counts.Cold);
        if (starts.Length > 0)
        {
            values["startFitDistance"] = KolmogorovSmirnov.Distance(starts, ColdStart.Published.Cdf);
            values["startMeanSeconds"] = MomentsOf(starts).Mean;
            values["startMedianSeconds"] = Sorted(starts, 0.5);
            values["startP99Seconds"] = Sorted(starts, 0.99);
            values["countTimeCorrelation"] = counts.CountTimeCorrelation();
        }
        if (gaps.Length > 0)
        {
            values["gapFitDistance"] = KolmogorovSmirnov.Distance(gaps, published.Cdf);
            values["gapMeanSeconds"] = gapMoments.Mean;
            values["gapCv"] = gapMoments.SampleDeviation / gapMoments.Mean;
        }
        double[] medians = [.. Enum.GetValues<PodClass>().Select(pods => Median(counts.StartsByClass[pods]))];
        if (medians[(int)PodClass.Small] > 0 && medians[(int)PodClass.Large] > 0)
            values["largeToSmall"] = medians[(int)PodClass.Large] / medians[(int)PodClass.Small];
        if (medians[(int)PodClass.Custom] > 0) values["customMedianSeconds"] = medians[(int)PodClass.Custom];
        return new(values)
        {
            Tables =
            [
                new("Starts by kind of pod", ["pods", "starts", "share", "median s"],
                    [.. Enum.GetValues<PodClass>().Select(pods => (IReadOnlyList<string>)
                    [
                        pods.ToString().ToLowerInvariant(), Text(counts.StartsByClass[pods].Count), Text(Share(counts.StartsByClass[pods].Count, counts.Starts)),
                        Text(medians[(int)pods]),
                    ])]),
            ],
            Notes = [string.Create(CultureInfo.InvariantCulture, $"Functions with more than {CallStream.BusiestPerSecond} calls/s are not drawn: their pods never go.")],
        };
    }

    private static double Share(double part, double whole) => whole > 0 ? part / whole : 0;

    private static Moments MomentsOf(ReadOnlySpan<double> values)
    {
        Moments moments = new();
        foreach (double value in values) moments.Add(value);
        return moments;
    }

    private static double Median(List<double> values)
    {
        if (values.Count == 0) return 0;
        double[] sorted = [.. values];
        Array.Sort(sorted);
        return Sorted(sorted, 0.5);
    }

    private static double Sorted(double[] sorted, double share) => sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Length) - 1, 0, sorted.Length - 1)];

    private static string Text(double value) => ExperimentTable.Cell(value, 4);
}
