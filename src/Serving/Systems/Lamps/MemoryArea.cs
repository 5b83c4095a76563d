namespace Orrery.Serving.Systems.Lamps;

/// <summary>
/// KV tokens held, summed over time, in token-seconds: exact for a timeline of equal steps. A step holds the tokens that it writes.
/// </summary>
/// <remarks>Source: the memory-over-time integral of Shahout et al., arXiv 2410.18248; integrating it exactly is ours (d).</remarks>
/// <param name="StepSeconds">Time of a step.</param>
/// <param name="ChunkTokens">Most tokens of a prompt in a step, at least 1.</param>
public readonly record struct MemoryArea(double StepSeconds, int ChunkTokens)
{
    /// <summary>From so many computed tokens to so many, in chunks: the last one may be smaller.</summary>
    public double Build(long from, long to)
    {
        long missing = Math.Max(0, to - from);
        long full = missing / ChunkTokens;
        double area = ((double)full * from) + ((double)ChunkTokens * full * (full + 1) / 2);
        if (missing % ChunkTokens > 0) area += to;
        return area * StepSeconds;
    }

    /// <summary>A token a step on top of so many.</summary>
    public double Decode(long from, long tokens) => (((double)tokens * from) + ((double)tokens * (tokens + 1) / 2)) * StepSeconds;
}
