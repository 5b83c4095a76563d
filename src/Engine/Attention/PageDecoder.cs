using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <remarks>The pages that come next are asked for on the way, see <see cref="PagePair"/>.</remarks>
/// <summary>Pages as single precision: in place where they are stored so, else widened into a buffer that all queries of a block then share.</summary>
internal static unsafe class PageDecoder<T>
    where T : struct, ILanes<T>
{
    /// <returns>Keys [d][16 tokens].</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float* Keys(KvLayout layout, byte* block, byte* next, float* buffer, out long tileAhead)
    {
        long aheadBytes = next - block;
        // What is decoded here is asked for here; the tiles then need not.
        tileAhead = layout.Type == KvType.F32 ? aheadBytes : 0;
        if (layout.Type == KvType.F32) return (float*)block;
        if (layout.Type == KvType.F16)
        {
            WidenHalves((ushort*)block, aheadBytes, layout.KeySize, buffer);
            return buffer;
        }
        float* scales = (float*)(block + layout.KeyScaleOffset);
        byte* ahead = (byte*)aheadBytes;
        sbyte* source = (sbyte*)block;
        float* target = buffer;
        for (int start = 0; start < layout.KeySize; start += KvLayout.GroupElements, scales += Lanes.Count)
        {
            T scale = T.Load(scales);
            float* end = target + (Math.Min(KvLayout.GroupElements, layout.KeySize - start) * Lanes.Count);
            for (; target < end; target += Lanes.Count, source += Lanes.Count)
            {
                PagePair.PrefetchOnce(ahead, source);
                (T.LoadSignedBytes(source) * scale).Store(target);
            }
        }
        return buffer;
    }

    /// <returns>Values [16 tokens][value stride].</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static float* Values(KvLayout layout, byte* block, byte* next, float* buffer, out long tileAhead)
    {
        byte* values = block + layout.ValueOffset;
        long aheadBytes = next - block;
        // What is decoded here is asked for here; the tiles then need not.
        tileAhead = layout.Type == KvType.F32 ? aheadBytes : 0;
        if (layout.Type == KvType.F32) return (float*)values;
        if (layout.Type == KvType.F16)
        {
            WidenHalves((ushort*)values, aheadBytes, layout.ValueStride, buffer);
            return buffer;
        }
        float* scale = (float*)(block + layout.ValueScaleOffset);
        byte* ahead = (byte*)aheadBytes;
        sbyte* source = (sbyte*)values;
        float* target = buffer;
        for (int token = 0; token < KvStore.PageTokens; token++)
        {
            for (int start = 0; start < layout.ValueStride; start += KvLayout.GroupElements)
            {
                T factor = T.Broadcast(*scale++);
                float* end = target + Math.Min(KvLayout.GroupElements, layout.ValueStride - start);
                for (; target < end; target += Lanes.Count, source += Lanes.Count)
                {
                    PagePair.PrefetchOnce(ahead, source);
                    (T.LoadSignedBytes(source) * factor).Store(target);
                }
            }
        }
        return buffer;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void WidenHalves(ushort* source, long aheadBytes, int groups, float* target)
    {
        byte* ahead = (byte*)aheadBytes;
        float* end = target + (groups * Lanes.Count);
        for (; target < end; target += Lanes.Count, source += Lanes.Count)
        {
            PagePair.Prefetch(ahead + (nint)source);
            T.LoadHalves(source).Store(target);
        }
    }
}
