using Orrery.Engine.Threads;

namespace Orrery.Engine.Benchmarks;

/// <summary>What the machine can do at most, measured with the engine's own threads: the ceilings that its speed is held against.</summary>
/// <param name="BytesPerSecond">Rate of reading memory that no cache holds.</param>
/// <param name="FlopsPerSecond">Rate of single-precision fused multiply-adds; one is two operations.</param>
/// <remarks>Source: the roofline model (Williams, Waterman and Patterson 2009); both rates are the best of several runs, because other work can only take away.</remarks>
public sealed record Roofline(double BytesPerSecond, double FlopsPerSecond)
{
    /// <summary>Far more than any last-level cache share of one process here.</summary>
    private const long ReadBytes = 512L << 20;

    private const int Runs = 8;

    /// <summary>Measures both rates; takes a second or two and half a gigabyte.</summary>
    /// <param name="pool">The threads that the engine will use.</param>
    /// <param name="clock">Wall time.</param>
    public static Roofline Measure(WorkerPool pool, TimeProvider clock)
    {
        using var reading = new MemoryReading(ReadBytes);
        double readSeconds = Best(pool, reading, clock);
        var multiplying = new FusedMultiplyAdds();
        double multiplySeconds = Best(pool, multiplying, clock);
        return new Roofline(ReadBytes / readSeconds, multiplying.FlopsPerWorker * (double)pool.Workers / multiplySeconds);
    }

    /// <summary>Tokens per second that no decoder can exceed: each step reads all weights once and multiplies them for each sequence.</summary>
    /// <param name="sequences">Sequences decoded together.</param>
    /// <param name="weightBytes">Stored bytes of the weights that a step multiplies.</param>
    /// <param name="weights">How many weights those are.</param>
    public double DecodeCeiling(int sequences, double weightBytes, double weights) =>
        Math.Min(sequences * BytesPerSecond / weightBytes, FlopsPerSecond / (2 * weights));

    /// <summary>Tokens per second that no prefill in single precision can exceed.</summary>
    /// <param name="weights">Weights that are multiplied for each token of a prompt.</param>
    public double PrefillCeiling(double weights) => FlopsPerSecond / (2 * weights);

    private static double Best(WorkerPool pool, IParallelWork work, TimeProvider clock)
    {
        double best = double.PositiveInfinity;
        for (int run = 0; run < Runs; run++)
        {
            long start = clock.GetTimestamp();
            pool.Run(work);
            best = Math.Min(best, clock.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }
}
