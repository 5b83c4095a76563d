using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Metrics;

/// <summary>The gaps that a part of virtual time saw: those whose second token came within it, whenever their request arrived.</summary>
public sealed class GapWindow(Instant from, Instant to)
{
    public QuantileSketch Gaps { get; } = new();

    internal void Add(long nanoseconds, int tokens, long endNanoseconds)
    {
        if (endNanoseconds >= from.Nanoseconds && endNanoseconds < to.Nanoseconds) Gaps.Add(nanoseconds, tokens);
    }
}
