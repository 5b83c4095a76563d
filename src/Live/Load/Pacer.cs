using Orrery.Kernel.Time;

namespace Orrery.Live.Load;

/// <summary>Lets one task sleep until an instant or until somebody wakes it.</summary>
/// <remarks>
/// Timers of the system count whole milliseconds and round down, so a sleep may end early: its caller looks at the clock and sleeps again, the
/// last millisecond in timers that are due at once. That keeps a schedule to a fraction of a millisecond without a spinning processor.
/// </remarks>
internal sealed class Pacer : IDisposable
{
    /// <summary>Timers refuse delays of 2^32 ms; nothing is lost by looking at the clock once a day.</summary>
    private static readonly Duration LongestSleep = Duration.FromHours(24);

    private readonly LoadClock _clock;
    private readonly ITimer _alarm;
    private TaskCompletionSource _signal = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _isWoken;

    public Pacer(LoadClock clock)
    {
        _clock = clock;
        _alarm = clock.Provider.CreateTimer(static pacer => ((Pacer)pacer!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Ends the present sleep, or the next one at once. Any thread.</summary>
    public void Wake()
    {
        // A full barrier on both sides: either the sleeper sees the flag, or this sees the sleeper's signal.
        Interlocked.Exchange(ref _isWoken, 1);
        Volatile.Read(ref _signal).TrySetResult();
    }

    /// <summary>Sleeps; may end early. One caller at a time.</summary>
    /// <param name="until"><see cref="Instant.Never"/> sleeps until woken.</param>
    public async Task SleepAsync(Instant until)
    {
        var signal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Interlocked.Exchange(ref _signal, signal);
        if (Interlocked.Exchange(ref _isWoken, 0) != 0) return;
        if (!until.IsNever)
        {
            long nanoseconds = Math.Clamp((until - _clock.Now).Nanoseconds, 0, LongestSleep.Nanoseconds);
            _alarm.Change(TimeSpan.FromTicks((nanoseconds + 99) / 100), Timeout.InfiniteTimeSpan);
        }
        await signal.Task.ConfigureAwait(false);
        // Whatever the waker wrote before it is seen by what the caller reads next.
        Interlocked.Exchange(ref _isWoken, 0);
    }

    public void Dispose() => _alarm.Dispose();
}
