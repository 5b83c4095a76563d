namespace Orrery.Documents.Expectations;

/// <summary>
/// What is taken of a metric's distribution; the names in lower case are the functions of an expectation (<c>p99(gap)</c>).
/// </summary>
public enum Statistic
{
    /// <summary>The metric is a single number.</summary>
    Value,
    Count,
    Mean,
    Std,
    Min,
    P10,
    P25,
    P50,
    P75,
    P90,
    P95,
    P99,

    /// <summary>The 99.9th percentile.</summary>
    P999,
    Max,
}
