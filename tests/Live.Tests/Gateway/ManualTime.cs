namespace Orrery.Live.Tests.Gateway;

/// <summary>Time that stands still until a test moves it; timers that fall due ring on the test's thread, in order.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<Alarm> _alarms = [];
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Timers that are set.</summary>
    public int Pending
    {
        get
        {
            lock (_lock) return _alarms.Count(alarm => alarm.Due is not null);
        }
    }

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Alarm alarm = new(this, () => callback(state));
        lock (_lock) _alarms.Add(alarm);
        alarm.Change(dueTime, period);
        return alarm;
    }

    public void Advance(double seconds)
    {
        long until = GetTimestamp() + (long)Math.Round(seconds * TimeSpan.TicksPerSecond);
        while (Next(until) is { } alarm) alarm.Ring();
        Interlocked.Exchange(ref _ticks, until);
    }

    private Alarm? Next(long until)
    {
        lock (_lock)
        {
            Alarm? next = _alarms.Where(alarm => alarm.Due <= until).MinBy(alarm => alarm.Due);
            if (next is null) return null;
            Interlocked.Exchange(ref _ticks, Math.Max(_ticks, next.Due!.Value));
            next.Due = next.Period is { } period ? next.Due + period : null;
            return next;
        }
    }

    private sealed class Alarm(ManualTime time, Action ring) : ITimer
    {
        public long? Due { get; set; }

        public long? Period { get; private set; }

        public void Ring() => ring();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (time._lock)
            {
                Due = dueTime < TimeSpan.Zero ? null : time.GetTimestamp() + dueTime.Ticks;
                Period = period <= TimeSpan.Zero ? null : period.Ticks;
            }
            return true;
        }

        public void Dispose()
        {
            lock (time._lock) time._alarms.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
