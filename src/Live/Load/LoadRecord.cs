using Orrery.Kernel.Time;
using Orrery.Traffic.Requests;

namespace Orrery.Live.Load;

/// <summary>How a request left.</summary>
public enum LoadOutcome
{
    /// <summary>Its answer came in full.</summary>
    Finished,

    /// <summary>The server refused it, or the generator could not send it.</summary>
    Rejected,

    /// <summary>Its user left, as the traffic says.</summary>
    Cancelled,

    /// <summary>Its client gave up.</summary>
    TimedOut,

    /// <summary>The connection or the answer broke.</summary>
    Failed,

    /// <summary>The run was interrupted before its end.</summary>
    Abandoned,
}

/// <summary>One request as its client saw it; instants count from the start of the run.</summary>
public sealed record LoadRecord
{
    /// <summary>Its arrival is the scheduled one.</summary>
    public required Request Request { get; init; }

    public required string Client { get; init; }

    public required LoadOutcome Outcome { get; init; }

    /// <summary>Why it was rejected or failed; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>When it was handed to the network; <see cref="Instant.Never"/> when it was not.</summary>
    public Instant Sent { get; init; } = Instant.Never;

    public Instant FirstToken { get; init; } = Instant.Never;

    public Instant LastToken { get; init; } = Instant.Never;

    /// <summary>When it left.</summary>
    public required Instant End { get; init; }

    /// <summary>As the server counted, or as the traffic says.</summary>
    public int PromptTokens { get; init; }

    /// <summary>Tokens received.</summary>
    public int OutputTokens { get; init; }

    public int? CachedTokens { get; init; }

    /// <summary>Of a finished request; 0 otherwise.</summary>
    public double Qoe { get; init; }
}
