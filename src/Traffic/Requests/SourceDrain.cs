using Orrery.Kernel.Time;

namespace Orrery.Traffic.Requests;

/// <summary>
/// Plays a source to its end without a system: every request counts as finished a fixed time after its arrival, which closed-loop
/// sources need to go on.
/// </summary>
public static class SourceDrain
{
    /// <returns>Requests seen.</returns>
    public static long ForEach(ITrafficSource source, Duration assumedLatency, Action<Request> action)
    {
        var running = new PriorityQueue<Request, (long Nanoseconds, long Id)>();
        long count = 0;
        while (true)
        {
            Instant next = source.NextArrival;
            if (running.TryPeek(out _, out (long Nanoseconds, long Id) end) && end.Nanoseconds <= next.Nanoseconds)
            {
                Request done = running.Dequeue();
                source.Completed(done, Instant.FromNanoseconds(end.Nanoseconds));
                continue;
            }
            if (next.IsNever) return count;
            Request request = source.Take();
            if (source.IsClosedLoop) running.Enqueue(request, ((request.Arrival + assumedLatency).Nanoseconds, request.Id));
            action(request);
            count++;
        }
    }
}
