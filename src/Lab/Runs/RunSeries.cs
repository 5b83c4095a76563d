namespace Orrery.Lab.Runs;

/// <summary>What the report of a run draws, in bounded size whatever the run's length. Deterministic like the result itself.</summary>
public sealed record RunSeries
{
    /// <summary>Most rows of <see cref="Rows"/>; longer runs are gathered into wider rows.</summary>
    public const int MaxRows = 2000;

    public static RunSeries Empty { get; } = new();

    /// <summary>One curve per latency metric that has samples, under the metric's name in expectations (<c>ttft</c>, <c>gap</c>, …).</summary>
    public IReadOnlyList<MetricCurve> Curves { get; init; } = [];

    /// <summary>Rows in ascending time, evenly wide.</summary>
    public IReadOnlyList<SeriesRow> Rows { get; init; } = [];

    /// <summary>Prompt lengths of the requests that arrived, in ascending bins.</summary>
    public IReadOnlyList<LengthBin> PromptTokens { get; init; } = [];

    /// <summary>Output lengths of the requests that finished, in ascending bins.</summary>
    public IReadOnlyList<LengthBin> OutputTokens { get; init; } = [];
}

/// <summary>An empirical distribution function.</summary>
/// <param name="Metric">Name as expectations write it.</param>
/// <param name="Values">Ascending, in seconds.</param>
/// <param name="Shares">Share of the samples not above the value at the same index, ascending to 1.</param>
public sealed record MetricCurve(string Metric, IReadOnlyList<double> Values, IReadOnlyList<double> Shares);

/// <summary>What happened in one window of virtual time; gauges are time means over the window.</summary>
/// <param name="Seconds">The window's end, from the start of the run.</param>
/// <param name="ArrivalsPerSecond">Requests that arrived.</param>
/// <param name="FinishedPerSecond">Requests that finished.</param>
/// <param name="OutputTokensPerSecond">Tokens delivered, over the whole fleet.</param>
/// <param name="Waiting">Requests in queues, over the whole fleet.</param>
/// <param name="Running">Requests in batches, over the whole fleet.</param>
/// <param name="KvUtilization">Share of KV blocks in use, mean over replicas.</param>
public readonly record struct SeriesRow(
    double Seconds, double ArrivalsPerSecond, double FinishedPerSecond, double OutputTokensPerSecond, double Waiting, double Running,
    double KvUtilization);

/// <param name="Low">First length in the bin, tokens.</param>
/// <param name="High">Last length in the bin, tokens.</param>
/// <param name="Count">Requests.</param>
public readonly record struct LengthBin(long Low, long High, long Count);

/// <summary>A run's figures and what its report draws.</summary>
public sealed record RunRecord(RunResult Result, RunSeries Series);
