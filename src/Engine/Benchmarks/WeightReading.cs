using Orrery.Engine.Kernels;
using Orrery.Engine.Models;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Benchmarks;

/// <summary>Reads a model's matrices where they lie, and does nothing with them: no decoder can be faster.</summary>
internal sealed unsafe class WeightReading(Transformer model) : IParallelWork
{
    private const int Passes = 2;

    private readonly WeightMatrix[] _matrices = [.. model.Matrices];

    /// <summary>What was read, so that no compiler may leave the reading out.</summary>
    public long Checksum { get; private set; }

    /// <summary>Bytes a second, the better of two passes.</summary>
    public double MeasureBytesPerSecond(TimeProvider clock)
    {
        double bytes = _matrices.Sum(matrix => (double)matrix.ByteCount);
        double best = 0;
        for (int pass = 0; pass < Passes; pass++)
        {
            long start = clock.GetTimestamp();
            model.Pool.Run(this);
            best = Math.Max(best, bytes / clock.GetElapsedTime(start).TotalSeconds);
        }
        return best;
    }

    public void Run(int worker, int workers)
    {
        long sum = 0;
        foreach (WeightMatrix matrix in _matrices)
        {
            long share = matrix.ByteCount / workers / AlignedMemory.LineBytes * AlignedMemory.LineBytes;
            sum ^= MemoryReading.Read(matrix.Tiles + (worker * share), share);
        }
        Checksum = sum;
    }
}
