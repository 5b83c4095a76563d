using Orrery.Kernel.Time;

namespace Orrery.Live.Load;

/// <summary>Time since the start of a load, from the time provider's timestamps.</summary>
internal sealed class LoadClock(TimeProvider provider)
{
    private readonly long _start = provider.GetTimestamp();

    public TimeProvider Provider { get; } = provider;

    public Instant Now => At(Provider.GetTimestamp());

    /// <summary>A timestamp of the provider; those before the start are at zero.</summary>
    public Instant At(long timestamp) =>
        Instant.FromNanoseconds((long)((Int128)Math.Max(0, timestamp - _start) * Duration.NanosecondsPerSecond / Provider.TimestampFrequency));
}
