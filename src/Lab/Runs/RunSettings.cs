using Orrery.Serving.Sequences;

namespace Orrery.Lab.Runs;

/// <summary>How a run is executed, and what is asked beside its figures; those are the same however it is set.</summary>
public sealed record RunSettings
{
    /// <summary>False plans every step singly: slower, same result.</summary>
    public bool FastForward { get; init; } = true;

    /// <summary>Ends the run at the next event; what has happened by then is the (partial) result.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>Told now and then, at most about four times a second of wall time.</summary>
    public Action<RunProgress>? Progress { get; init; }

    /// <summary>Told of each request that leaves, in the order of departure.</summary>
    public Action<Sequence>? Left { get; init; }

    /// <summary>Also gives the figures of a part of virtual time; those of the whole run stay what they are.</summary>
    public RunWindow? Window { get; init; }

    /// <summary>Also says how sure the figures are; null leaves it out. Takes further, short runs.</summary>
    public IntervalSettings? Intervals { get; init; }

    /// <summary>Ends the traffic after so many requests: the one setting that changes figures, for the short runs of intervals.</summary>
    internal long? FirstRequests { get; init; }

    /// <summary>Folder for <c>requests.csv</c> and <c>timeline.csv</c>; null writes none. Made when missing.</summary>
    public string? OutputFolder { get; init; }

    /// <summary>Also gives the metrics at the end as a live server would show them: <see cref="Results.RunRecord.Exposition"/>.</summary>
    public bool Exposition { get; init; }

    /// <summary>Also writes <c>timeline.json.gz</c> for the Perfetto viewer; needs <see cref="OutputFolder"/>.</summary>
    public bool Timeline { get; init; }
}

/// <summary>Where a run stands.</summary>
/// <param name="Arrived">Requests so far.</param>
/// <param name="Finished">Requests that produced all their tokens.</param>
/// <param name="Expected">Requests in all, where the traffic knows.</param>
/// <param name="VirtualSeconds">Virtual time reached.</param>
/// <param name="WallSeconds">Wall time spent.</param>
public readonly record struct RunProgress(long Arrived, long Finished, long? Expected, double VirtualSeconds, double WallSeconds);
