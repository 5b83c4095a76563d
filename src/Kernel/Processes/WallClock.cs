using System.Collections.Concurrent;
using Orrery.Kernel.Time;

namespace Orrery.Kernel.Processes;

/// <summary>Wall time from an injected <see cref="TimeProvider"/>: the same processes, live. Arrivals are stamped by the loop.</summary>
/// <remarks>
/// An instant is one batch: <see cref="Clock.Now"/> stands still until every action posted by then and every event due by then has run, the
/// actions first. What happens within it therefore depends on the instants alone, and <see cref="TapeClock"/> can repeat it.
/// </remarks>
public sealed class WallClock : Clock, IDisposable
{
    /// <summary>Longest sleep between two looks at the clock: timers refuse delays of 2^32 ms (49.7 days) and more.</summary>
    private static readonly Duration LongestSleep = Duration.FromHours(24);

    private readonly TimeProvider _provider;
    private readonly long _started;
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly ManualResetEventSlim _bell = new();
    private readonly ITimer _alarm;
    private int _external;

    public WallClock(TimeProvider provider)
    {
        _provider = provider;
        _started = provider.GetTimestamp();
        _alarm = provider.CreateTimer(static bell => ((ManualResetEventSlim)bell!).Set(), _bell, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Told of each instant at which something will run, before it does; null tells nobody.</summary>
    public Action<Instant>? OnInstant { get; init; }

    /// <summary>Runs on the calling thread until every process ended and no external work is in flight, or <see cref="Stop"/>.</summary>
    /// <param name="serveForever">True keeps an idle loop waiting for posts: a server. <see cref="Stop"/> ends it.</param>
    /// <exception cref="ProcessFaultException">A process threw.</exception>
    /// <exception cref="DeadlockException">Nothing can ever wake a waiting process.</exception>
    public void Run(bool serveForever = false)
    {
        while (true)
        {
            // Before the check: a stop between the two would ring a bell that is then silenced, and the loop would sleep for ever.
            _bell.Reset();
            if (IsStopped) return;
            Now = Instant.Max(Now, Instant.FromNanoseconds(ElapsedNanoseconds()));
            if (RunInstant() || !_posted.IsEmpty) continue;
            if (Queue.Count == 0 && Volatile.Read(ref _external) == 0 && !serveForever)
            {
                ThrowIfDeadlocked();
                return;
            }
            Sleep();
        }
    }

    public override void Post(Action action)
    {
        _posted.Enqueue(action);
        _bell.Set();
    }

    public override ExternalWork BeginExternal()
    {
        Interlocked.Increment(ref _external);
        return new ExternalWork(this, () => Interlocked.Decrement(ref _external));
    }

    public override void Stop()
    {
        base.Stop();
        _bell.Set();
    }

    public void Dispose()
    {
        _alarm.Dispose();
        _bell.Dispose();
    }

    private bool RunInstant()
    {
        if (_posted.IsEmpty && Queue.NextTime > Now) return false;
        OnInstant?.Invoke(Now);
        while (_posted.TryDequeue(out Action? action)) action();
        while (!IsStopped && TryStep(Now))
        {
        }
        return true;
    }

    private long ElapsedNanoseconds()
    {
        long ticks = _provider.GetTimestamp() - _started;
        return (long)((Int128)ticks * Duration.NanosecondsPerSecond / _provider.TimestampFrequency);
    }

    private void Sleep()
    {
        Instant next = Queue.NextTime;
        if (!next.IsNever)
        {
            // Rounded up to a TimeSpan tick (100 ns): waking early would only spin.
            long nanoseconds = Math.Clamp(next.Nanoseconds - ElapsedNanoseconds(), 0, LongestSleep.Nanoseconds);
            _alarm.Change(TimeSpan.FromTicks((nanoseconds + 99) / 100), Timeout.InfiniteTimeSpan);
        }
        _bell.Wait();
    }
}
