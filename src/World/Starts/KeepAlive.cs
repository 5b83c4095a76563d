using Orrery.Kernel.Time;

namespace Orrery.World.Starts;

/// <summary>
/// How long an idle replica, pod or loaded model stays after its last work before it is given back. Pure: the caller says when the last
/// work ended and, where it knows, when the next is due.
/// </summary>
/// <param name="Span">Idle time it survives. The study of a public cloud's functions found 60 s after the last request (Joosen et al.,
/// EuroSys 2025 (b)). <see cref="Duration.Infinite"/> never gives back.</param>
public sealed record KeepAlive(Duration Span)
{
    /// <summary>Seconds after the last request in the studied cloud (b).</summary>
    public const double PublishedSeconds = 60;

    /// <summary>The fixed rule of the studied cloud.</summary>
    public static KeepAlive Published { get; } = new(Duration.FromSeconds(PublishedSeconds));

    /// <summary>
    /// True: work that is known to come back only after the span is over is given back at once, since its start is cold either way.
    /// </summary>
    public bool ReleasesEarly { get; init; }

    /// <summary>When it is given back if no work comes before.</summary>
    /// <param name="idleSince">End of the last work.</param>
    /// <param name="nextDue">When the next work is known to come; <see cref="Instant.Never"/> where nothing is known.</param>
    public Instant ReleaseAt(Instant idleSince, Instant nextDue)
    {
        Instant end = idleSince + Span;
        return ReleasesEarly && !nextDue.IsNever && nextDue > end ? idleSince : end;
    }
}
