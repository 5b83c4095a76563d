namespace Orrery.Kernel.Time;

/// <summary>The order of events within one instant, so that a decision sees everything that happened at its instant.</summary>
public enum Phase : byte
{
    /// <summary>Facts: arrivals and completions.</summary>
    Deliver = 0,

    /// <summary>Observers, routers, controllers, cancellations: they see every fact of the instant.</summary>
    React = 1,

    /// <summary>Replicas decide what to run next.</summary>
    Plan = 2,
}
