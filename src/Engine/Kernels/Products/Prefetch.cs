using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Asks for weights before they are needed: arithmetic and memory then work at the same time.</summary>
internal static unsafe class Prefetch
{
    /// <summary>How far ahead: some 100 ns at ten bytes a cycle, the latency of memory.</summary>
    private const int Distance = 4096;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Lines(byte* at, int bytes)
    {
        if (!Sse.IsSupported) return;
        if (bytes >= 1 * LineBytes) Sse.Prefetch0(at + Distance);
        if (bytes >= 2 * LineBytes) Sse.Prefetch0(at + Distance + (1 * LineBytes));
        if (bytes >= 3 * LineBytes) Sse.Prefetch0(at + Distance + (2 * LineBytes));
        if (bytes >= 4 * LineBytes) Sse.Prefetch0(at + Distance + (3 * LineBytes));
        if (bytes >= 5 * LineBytes) Sse.Prefetch0(at + Distance + (4 * LineBytes));
        if (bytes >= 6 * LineBytes) Sse.Prefetch0(at + Distance + (5 * LineBytes));
        if (bytes >= 7 * LineBytes) Sse.Prefetch0(at + Distance + (6 * LineBytes));
        if (bytes >= 8 * LineBytes) Sse.Prefetch0(at + Distance + (7 * LineBytes));
    }
}
