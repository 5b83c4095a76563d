using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Orrery.Engine.Kernels;
using Orrery.Engine.Threads;

namespace Orrery.Engine.Benchmarks;

/// <summary>Reads a large piece of memory once, each thread its part from start to end.</summary>
internal sealed unsafe class MemoryReading : IParallelWork, IDisposable
{
    private readonly AlignedMemory _memory;

    public MemoryReading(long bytes)
    {
        _memory = new AlignedMemory(bytes);
        // Pages that were never written are one shared page of zeros, which a cache holds.
        _memory.Clear();
    }

    /// <summary>What was read, so that no compiler may leave the reading out.</summary>
    public long Checksum { get; private set; }

    public void Run(int worker, int workers)
    {
        long share = _memory.ByteCount / workers / AlignedMemory.LineBytes * AlignedMemory.LineBytes;
        Checksum += Read(_memory.Start + (worker * share), share);
    }

    public void Dispose() => _memory.Dispose();

    /// <summary>Reads whole groups of four cache lines.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static long Read(byte* start, long bytes)
    {
        const int stride = 4 * AlignedMemory.LineBytes;
        byte* end = start + (bytes / stride * stride);
        Vector512<long> a = Vector512<long>.Zero, b = a, c = a, d = a;
        for (byte* at = start; at < end; at += stride)
        {
            a ^= Vector512.Load((long*)at);
            b ^= Vector512.Load((long*)(at + AlignedMemory.LineBytes));
            c ^= Vector512.Load((long*)(at + (2 * AlignedMemory.LineBytes)));
            d ^= Vector512.Load((long*)(at + (3 * AlignedMemory.LineBytes)));
        }
        return Vector512.Sum(a ^ b ^ c ^ d);
    }
}
