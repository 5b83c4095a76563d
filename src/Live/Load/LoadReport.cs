using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Live.Load;

/// <summary>Where a load stands, for people.</summary>
/// <param name="Elapsed">Since the start.</param>
/// <param name="Expected">Requests in all, where the traffic knows.</param>
/// <param name="InFlight">Sent and not ended.</param>
/// <param name="TtftP50">Null before the first token, as are the others.</param>
/// <param name="LatenessP99">Of the generator.</param>
public readonly record struct LoadProgress(
    Duration Elapsed, long? Expected, long Arrived, long Finished, long Refused, long Failed, long InFlight, long OutputTokens,
    Duration? TtftP50, Duration? TtftP99, Duration? LatenessP99);

/// <summary>
/// What clients felt, by the definitions of a simulation's metrics, in bounded memory. Sketches of times are in nanoseconds, QoE in the parts that
/// serving counts it in.
/// </summary>
public sealed record LoadReport
{
    /// <summary>From the start to the last departure: what rates are taken over.</summary>
    public required Duration Span { get; init; }

    /// <summary>Interrupted: the figures cover what was reached.</summary>
    public bool IsPartial { get; init; }

    /// <summary>From the scheduled arrival to the first token, of every request that got one.</summary>
    public required QuantileSketch Ttft { get; init; }

    /// <summary>Of finished requests: (last − first token) / (output tokens − 1).</summary>
    public required QuantileSketch Tpot { get; init; }

    /// <summary>Between two tokens of one request; zero between tokens of one event.</summary>
    public required QuantileSketch Gaps { get; init; }

    /// <summary>Of finished requests: from the scheduled arrival to the last token.</summary>
    public required QuantileSketch EndToEnd { get; init; }

    /// <summary>Of finished requests: end to end per output token.</summary>
    public required QuantileSketch Normalized { get; init; }

    /// <summary>Of finished requests.</summary>
    public required QuantileSketch Qoe { get; init; }

    /// <summary>How late the generator itself was: from the scheduled arrival to the network.</summary>
    public required QuantileSketch Lateness { get; init; }

    /// <summary>Prompts whose length the server reported: how many tokens they were off.</summary>
    public required QuantileSketch PromptDeviation { get; init; }

    public long Arrived { get; init; }

    public long Finished { get; init; }

    /// <summary>Refused by the server or not sent.</summary>
    public long Rejected { get; init; }

    /// <summary>Those of <see cref="Rejected"/> that the generator could not send.</summary>
    public long NotSent { get; init; }

    public long Cancelled { get; init; }

    public long TimedOut { get; init; }

    public long Failed { get; init; }

    /// <summary>In flight when the run was interrupted.</summary>
    public long Abandoned { get; init; }

    /// <summary>Finished requests within their limits.</summary>
    public long MetObjective { get; init; }

    /// <summary>Of finished requests.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Received, of all requests.</summary>
    public long OutputTokens { get; init; }

    /// <summary>Prompt tokens that a cache supplied; null where the server does not say.</summary>
    public long? CachedTokens { get; init; }

    /// <summary>Finished requests whose answer was shorter than the traffic says.</summary>
    public long EndedEarly { get; init; }

    /// <summary>Tokens that came in an event with others: their times are that event's.</summary>
    public long SharedEvents { get; init; }

    /// <summary>Finished requests whose tokens the server did not count.</summary>
    public long Uncounted { get; init; }

    /// <summary>Why requests were rejected or failed, with how many each.</summary>
    public IReadOnlyDictionary<string, long> Reasons { get; init; } = new Dictionary<string, long>();
}
