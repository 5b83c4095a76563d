using Orrery.Kernel.Time;

namespace Orrery.Testing.Kernel;

/// <summary>
/// A time provider whose time stands still until somebody sleeps, and then is at once where the sleeper wanted to be: a wall clock that
/// can be tested without waiting.
/// </summary>
public sealed class ObedientTimeProvider : TimeProvider
{
    /// <summary>Real timers refuse what does not fit an unsigned 32-bit number of milliseconds, and so does this one.</summary>
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private long _nanoseconds;

    public override long TimestampFrequency => Duration.NanosecondsPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _nanoseconds);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp() / 100);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Alarm(this, () => callback(state));

    private sealed class Alarm(ObedientTimeProvider provider, Action ring) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == Timeout.InfiniteTimeSpan) return true;
            ArgumentOutOfRangeException.ThrowIfGreaterThan(dueTime, LongestSleep);
            Interlocked.Add(ref provider._nanoseconds, dueTime.Ticks * 100);
            ring();
            return true;
        }

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
