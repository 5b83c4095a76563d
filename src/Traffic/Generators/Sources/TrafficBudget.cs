using Orrery.Kernel.Time;

namespace Orrery.Traffic.Generators.Sources;

/// <summary>When a generator ends: after a number of requests, at a time, or whichever comes first.</summary>
/// <param name="Requests">Requests at most; null: no limit.</param>
/// <param name="Duration">No arrival at or after this time; <see cref="Duration.Infinite"/>: no limit.</param>
public readonly record struct TrafficBudget(long? Requests, Duration Duration)
{
    public static TrafficBudget OfRequests(long requests) => new(requests, Duration.Infinite);

    public static TrafficBudget Of(Duration duration) => new(null, duration);

    /// <summary>The arrival at a number of seconds, or never when the budget is spent.</summary>
    internal Instant Arrival(double seconds, long taken)
    {
        // Durations end at a century: beyond it nothing is simulated.
        const double beyond = 3e9;
        if (taken >= (Requests ?? long.MaxValue) || !(seconds < beyond)) return Instant.Never;
        Instant arrival = Instant.FromSeconds(seconds);
        return arrival.Nanoseconds < Duration.Nanoseconds ? arrival : Instant.Never;
    }
}
