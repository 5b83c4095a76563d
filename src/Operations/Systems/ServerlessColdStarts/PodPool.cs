using Orrery.Kernel.Time;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>Empty pods of one class in one region: who takes one orders the next, which is there after the creation time.</summary>
/// <param name="hourlySizes">Pods to keep ready, by hour of the day.</param>
/// <param name="creation">Time to make one.</param>
internal sealed class PodPool(int[] hourlySizes, Duration creation)
{
    private const long NanosecondsPerHour = 3600 * Duration.NanosecondsPerSecond;

    private readonly Queue<Instant> _ordered = new();

    public long Takes { get; private set; }

    public long Misses { get; private set; }

    public bool HasPod(Instant now)
    {
        while (_ordered.TryPeek(out Instant ready) && ready <= now) _ordered.Dequeue();
        return _ordered.Count < SizeAt(now);
    }

    /// <summary>Takes a pod; the time until it is there: nothing, or its creation where the pool is empty.</summary>
    public Duration Take(Instant now)
    {
        Takes++;
        if (HasPod(now))
        {
            _ordered.Enqueue(now + creation);
            return Duration.Zero;
        }
        Misses++;
        return creation;
    }

    public int SizeAt(Instant now) => hourlySizes[now.Nanoseconds / NanosecondsPerHour % hourlySizes.Length];
}
