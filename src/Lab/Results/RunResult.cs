using System.Text.Json.Serialization;
using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;

namespace Orrery.Lab.Results;

/// <summary>One scenario executed once: what <c>simulate --json</c> prints (schema <c>orrery.run/1</c>).</summary>
/// <remarks>Everything outside <see cref="Simulation"/> is bit-identical for the same scenario, seed and version on one platform.</remarks>
public sealed record RunResult
{
    public const string Schema = "orrery.run/1";

    public required string Scenario { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>True when the run was interrupted: the figures cover the virtual time reached.</summary>
    public bool IsPartial { get; init; }

    /// <summary>Every metric of the run.</summary>
    public required RunFigures Figures { get; init; }

    /// <summary>What an experiment measured; null of a fleet under traffic. With it <see cref="Figures"/> is empty.</summary>
    public ExperimentOutcome? Experiment { get; init; }

    [JsonIgnore]
    public RequestCounts Requests => new(
        Count("arrived"), Count("finished"), Count("rejected"), Count("cancelled"), Count("timedOut"), Count("preemptions"));

    [JsonIgnore]
    public TokenCounts Tokens => new(Count("promptTokens"), Count("outputTokens"), Count("prefilledTokens"), Count("cachedTokens"));

    [JsonIgnore]
    public RunMetrics Metrics => new(Figures);

    [JsonIgnore]
    public RunCost Cost => new(
        Figures.Number("energy") ?? 0, Figures.Number("carbon") ?? 0, Figures.Number("water") ?? 0, Figures.Number("money") ?? 0);

    public required SimulationEffort Simulation { get; init; }

    /// <summary>Why requests were rejected, with how many each.</summary>
    public IReadOnlyDictionary<string, long> RejectionReasons { get; init; } = new Dictionary<string, long>();

    /// <summary>What the scenario expected, with what was measured.</summary>
    public IReadOnlyList<ExpectationOutcome> Expectations { get; init; } = [];

    /// <summary>Things a careful reader should know (a limit bounded by memory, a default assumed): one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>How sure the figures are; null where it was not asked.</summary>
    public RunIntervals? Intervals { get; init; }

    private long Count(string name) => (long)(Figures.Number(name) ?? 0);
}

public sealed record RequestCounts(long Arrived, long Finished, long Rejected, long Cancelled, long TimedOut, long Preemptions);

/// <param name="Prompt">Prompt tokens of finished requests.</param>
/// <param name="Output">Output tokens delivered.</param>
/// <param name="Prefilled">Prompt tokens computed, recomputation included.</param>
/// <param name="Cached">Prompt tokens that a prefix cache supplied.</param>
public sealed record TokenCounts(long Prompt, long Output, long Prefilled, long Cached);

/// <summary>
/// The figures that pages and tables name themselves; a new metric needs no line here. Distributions are null without samples, numbers
/// that were not measured are zero. Times in seconds.
/// </summary>
public sealed class RunMetrics(RunFigures figures)
{
    public Summary? TtftSeconds => figures.Distribution("ttft");

    public Summary? TpotSeconds => figures.Distribution("tpot");

    public Summary? GapSeconds => figures.Distribution("gap");

    public Summary? E2eSeconds => figures.Distribution("e2e");

    public Summary? QueueSeconds => figures.Distribution("queue");

    public Summary? NormalizedLatencySeconds => figures.Distribution("normalized");

    public Summary? Qoe => figures.Distribution("qoe");

    public double OutputTokensPerSecond => Number("outputTokensPerSecond");

    public double RequestsPerSecond => Number("requestsPerSecond");

    /// <summary>Share of arrived requests that finished within their limits.</summary>
    public double SloAttainment => Number("attainment");

    public double GoodputRequestsPerSecond => Number("goodput");

    /// <summary>Share of replica-time with a step in flight.</summary>
    public double BusyFraction => Number("busy");

    /// <summary>Model FLOP done over peak FLOP of all devices and the whole run.</summary>
    public double ModelFlopsUtilization => Number("mfu");

    public double MemoryBandwidthUtilization => Number("mbu");

    /// <summary>Time mean and maximum over replicas of the share of KV blocks in use.</summary>
    public double KvUtilizationMean => Number("kvMean");

    /// <inheritdoc cref="KvUtilizationMean"/>
    public double KvUtilizationMax => Number("kvMax");

    private double Number(string name) => figures.Number(name) ?? 0;
}

public sealed record RunCost(double EnergyJoules, double CarbonGrams, double WaterLitres, double MoneyDollars);

/// <summary>What the simulation itself took; the only part that may differ between equal runs.</summary>
public sealed record SimulationEffort(double VirtualSeconds, double WallSeconds, long Events, long Steps);

/// <param name="Text">The condition as written.</param>
/// <param name="Measured">Null when there were no samples: then it is not met.</param>
public sealed record ExpectationOutcome(string Text, double? Measured, bool IsMet, string Sentence)
{
    /// <summary>Judges a result.</summary>
    public static ExpectationOutcome Of(Expectation expectation, RunResult result)
    {
        ArgumentNullException.ThrowIfNull(expectation);
        Outcome outcome = expectation.Evaluate((statistic, metric) => RunMetricTable.Lookup(result, statistic, metric));
        return new(expectation.ToString(), outcome.Measured, outcome.IsMet, outcome.Sentence);
    }
}
