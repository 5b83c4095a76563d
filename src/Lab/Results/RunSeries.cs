namespace Orrery.Lab.Results;

/// <summary>A result with what plots need beyond it.</summary>
public sealed record RunRecord(RunResult Result, RunSeries Series)
{
    /// <summary>The figures of <c>RunSettings.Window</c>; null without a window. Metrics that exist for whole runs only are zero or null.</summary>
    public RunResult? Window { get; init; }

    /// <summary>The Prometheus text of the run's end, under the names of a live server; null where it was not asked.</summary>
    public string? Exposition { get; init; }

    /// <summary>Service of the first clients over the whole run: see <c>ClientService</c>.</summary>
    public IReadOnlyList<long> Service { get; init; } = [];

    /// <summary>The same of requests that left within the window.</summary>
    public IReadOnlyList<long> WindowService { get; init; } = [];
}

/// <summary>Bounded series of one run: at most <see cref="MostRows"/> rows over time and one curve per distribution.</summary>
/// <param name="Timeline">State of the fleet at equally spaced instants; the last row is the end of the run.</param>
/// <param name="Distributions">By the names of <see cref="RunMetricTable"/>; metrics without samples are absent.</param>
public sealed record RunSeries(IReadOnlyList<TimelineRow> Timeline, IReadOnlyDictionary<string, DistributionCurve> Distributions)
{
    public const int MostRows = 2000;

    public static RunSeries Empty { get; } = new([], new Dictionary<string, DistributionCurve>());
}

/// <summary>The fleet at an instant. Counts and tokens are cumulative where it says so.</summary>
/// <param name="Seconds">Virtual time.</param>
/// <param name="Arrived">Requests so far.</param>
/// <param name="Finished">Finished requests so far.</param>
/// <param name="Left">Requests that left for another reason so far.</param>
/// <param name="Waiting">Requests waiting now.</param>
/// <param name="Running">Requests in running sets now.</param>
/// <param name="LiveTokens">Prompt and output tokens of live requests now.</param>
/// <param name="OutputTokens">Output tokens so far.</param>
/// <param name="KvUse">Share of all KV blocks in use now.</param>
/// <param name="Busy">Share of replica-time with a step in flight since the row before.</param>
public readonly record struct TimelineRow(
    double Seconds, long Arrived, long Finished, long Left, long Waiting, long Running, long LiveTokens, long OutputTokens, double KvUse, double Busy);

/// <summary>A cumulative distribution: <c>Values[i]</c> is the quantile of <c>Shares[i]</c>, both rising.</summary>
public sealed record DistributionCurve(IReadOnlyList<double> Shares, IReadOnlyList<double> Values);
