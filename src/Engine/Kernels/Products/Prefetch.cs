using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Asks for weights before they are needed: arithmetic and memory then work at the same time.</summary>
/// <remarks>
/// Far ahead into the second-level cache, near ahead into the first. On a Zen 4 the first level alone helped little at any distance, because it can wait
/// for few lines at once; the second level helped most from 8 KiB on, and both together were best (decoding in <c>orrery bench engine</c> shows it).
/// </remarks>
internal static unsafe class Prefetch
{
    /// <summary>How far ahead memory is asked, bytes.</summary>
    private const int FarBytes = 16384;

    /// <summary>How far ahead the second-level cache is asked, bytes.</summary>
    private const int NearBytes = 1024;

    /// <summary>Asks for the line that lies ahead of one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line(byte* at)
    {
        if (!Sse.IsSupported) return;
        Sse.Prefetch1(at + FarBytes);
        Sse.Prefetch0(at + NearBytes);
    }

    /// <summary>Asks for the lines that lie ahead of some.</summary>
    /// <param name="at">What is being read.</param>
    /// <param name="bytes">How much; a constant at the call.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Lines(byte* at, int bytes)
    {
        if (bytes >= 1 * LineBytes) Line(at);
        if (bytes >= 2 * LineBytes) Line(at + (1 * LineBytes));
        if (bytes >= 3 * LineBytes) Line(at + (2 * LineBytes));
        if (bytes >= 4 * LineBytes) Line(at + (3 * LineBytes));
        if (bytes >= 5 * LineBytes) Line(at + (4 * LineBytes));
        if (bytes >= 6 * LineBytes) Line(at + (5 * LineBytes));
        if (bytes >= 7 * LineBytes) Line(at + (6 * LineBytes));
        if (bytes >= 8 * LineBytes) Line(at + (7 * LineBytes));
    }
}
