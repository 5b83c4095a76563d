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

    public required RequestCounts Requests { get; init; }

    public required TokenCounts Tokens { get; init; }

    public required RunMetrics Metrics { get; init; }

    public required RunCost Cost { get; init; }

    public required SimulationEffort Simulation { get; init; }

    /// <summary>Why requests were rejected, with how many each.</summary>
    public IReadOnlyDictionary<string, long> RejectionReasons { get; init; } = new Dictionary<string, long>();

    /// <summary>What the scenario expected, with what was measured.</summary>
    public IReadOnlyList<ExpectationOutcome> Expectations { get; init; } = [];

    /// <summary>Things a careful reader should know (a limit bounded by memory, a default assumed): one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

public sealed record RequestCounts(long Arrived, long Finished, long Rejected, long Cancelled, long TimedOut, long Preemptions);

/// <param name="Prompt">Prompt tokens of finished requests.</param>
/// <param name="Output">Output tokens delivered.</param>
/// <param name="Prefilled">Prompt tokens computed, recomputation included.</param>
/// <param name="Cached">Prompt tokens that a prefix cache supplied.</param>
public sealed record TokenCounts(long Prompt, long Output, long Prefilled, long Cached);

/// <summary>Distributions are null without samples. Times in seconds; definitions in the contract's words on each verb's help.</summary>
public sealed record RunMetrics
{
    public Summary? TtftSeconds { get; init; }

    public Summary? TpotSeconds { get; init; }

    public Summary? GapSeconds { get; init; }

    public Summary? E2eSeconds { get; init; }

    public Summary? QueueSeconds { get; init; }

    public Summary? NormalizedLatencySeconds { get; init; }

    public Summary? Qoe { get; init; }

    public double OutputTokensPerSecond { get; init; }

    public double RequestsPerSecond { get; init; }

    /// <summary>Share of arrived requests that finished within their limits.</summary>
    public double SloAttainment { get; init; }

    public double GoodputRequestsPerSecond { get; init; }

    /// <summary>Share of replica-time with a step in flight.</summary>
    public double BusyFraction { get; init; }

    /// <summary>Model FLOP done over peak FLOP of all devices and the whole run.</summary>
    public double ModelFlopsUtilization { get; init; }

    public double MemoryBandwidthUtilization { get; init; }

    /// <summary>Time mean and maximum over replicas of the share of KV blocks in use.</summary>
    public double KvUtilizationMean { get; init; }

    /// <inheritdoc cref="KvUtilizationMean"/>
    public double KvUtilizationMax { get; init; }
}

public sealed record RunCost(double EnergyJoules, double CarbonGrams, double WaterLitres, double MoneyDollars);

/// <summary>What the simulation itself took; the only part that may differ between equal runs.</summary>
public sealed record SimulationEffort(double VirtualSeconds, double WallSeconds, long Events, long Steps);

/// <param name="Text">The condition as written.</param>
/// <param name="Measured">Null when there were no samples: then it is not met.</param>
public sealed record ExpectationOutcome(string Text, double? Measured, bool IsMet, string Sentence);
