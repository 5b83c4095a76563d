using Orrery.Kernel.Time;

namespace Orrery.Live.Gateway;

/// <summary>Waits on an injected clock.</summary>
internal static class Alarm
{
    public static async Task WaitAsync(TimeProvider time, Duration wait, CancellationToken cancellation)
    {
        TaskCompletionSource rung = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TimeSpan span = TimeSpan.FromTicks((wait.Nanoseconds + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick);
        await using ITimer timer = time.CreateTimer(_ => rung.TrySetResult(), null, span, Timeout.InfiniteTimeSpan);
        await using CancellationTokenRegistration left = cancellation.Register(() => rung.TrySetCanceled(cancellation));
        await rung.Task;
    }
}

/// <summary>A limit on how long the other side may say nothing: it counts only while we wait for it.</summary>
internal sealed class SilenceLimit(Duration limit, TimeProvider time) : IDisposable
{
    private readonly CancellationTokenSource _source = new(ToTimeSpan(limit), time);

    public Duration Limit { get; } = limit;

    public CancellationToken Token => _source.Token;

    public bool IsOver => _source.IsCancellationRequested;

    public void Begin() => _source.CancelAfter(ToTimeSpan(Limit));

    public void End() => _source.CancelAfter(Timeout.InfiniteTimeSpan);

    public void Dispose() => _source.Dispose();

    private static TimeSpan ToTimeSpan(Duration duration) => TimeSpan.FromTicks(duration.Nanoseconds / TimeSpan.NanosecondsPerTick);
}
