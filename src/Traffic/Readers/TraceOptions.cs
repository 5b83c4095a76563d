using Orrery.Kernel.Time;

namespace Orrery.Traffic.Readers;

/// <summary>
/// What to take of a trace and how fast to play it. The window is cut first, then the speed applies, then repetition, then the limit.
/// </summary>
public sealed record TraceOptions
{
    /// <summary>Name of the format; null: found out from the first line.</summary>
    public string? Format { get; init; }

    /// <summary>Arrivals come this many times as fast; 2 halves every gap. Lengths stay.</summary>
    public double Speed { get; init; } = 1;

    /// <summary>Requests in all, at most; null: no limit.</summary>
    public long? Limit { get; init; }

    /// <summary>Start of the window in trace time; it becomes time zero.</summary>
    public Duration From { get; init; }

    /// <summary>End of the window in trace time, exclusive.</summary>
    public Duration To { get; init; } = Duration.Infinite;

    /// <summary>
    /// Passes over the trace. A further pass starts where the window ends or, without an end, one mean gap after the last arrival; its
    /// content ids and sessions differ, so passes share neither prefixes nor sessions.
    /// </summary>
    public int Repeat { get; init; } = 1;

    /// <summary>
    /// Sort the whole trace in memory first (stable). Otherwise Orrery CSV must be in order and public formats may be out of order
    /// within 4,096 rows.
    /// </summary>
    public bool Sort { get; init; }
}
