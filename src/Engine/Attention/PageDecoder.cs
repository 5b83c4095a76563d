using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>Pages as single precision: in place where they are stored so, else widened into a buffer that all queries of a block then share.</summary>
internal static unsafe class PageDecoder<T>
    where T : struct, ILanes<T>
{
    /// <returns>Keys [d][16 tokens].</returns>
    public static float* Keys(KvLayout layout, byte* block, float* buffer)
    {
        if (layout.Type == KvType.F32) return (float*)block;
        if (layout.Type == KvType.F16)
        {
            WidenHalves((ushort*)block, layout.KeySize, buffer);
            return buffer;
        }
        float* scales = (float*)(block + layout.KeyScaleOffset);
        sbyte* source = (sbyte*)block;
        float* target = buffer;
        for (int start = 0; start < layout.KeySize; start += KvLayout.GroupElements, scales += Lanes.Count)
        {
            T scale = T.Load(scales);
            float* end = target + (Math.Min(KvLayout.GroupElements, layout.KeySize - start) * Lanes.Count);
            for (; target < end; target += Lanes.Count, source += Lanes.Count) (T.LoadSignedBytes(source) * scale).Store(target);
        }
        return buffer;
    }

    /// <returns>Values [16 tokens][value stride].</returns>
    public static float* Values(KvLayout layout, byte* block, float* buffer)
    {
        byte* values = block + layout.ValueOffset;
        if (layout.Type == KvType.F32) return (float*)values;
        if (layout.Type == KvType.F16)
        {
            WidenHalves((ushort*)values, layout.ValueStride, buffer);
            return buffer;
        }
        float* scale = (float*)(block + layout.ValueScaleOffset);
        sbyte* source = (sbyte*)values;
        float* target = buffer;
        for (int token = 0; token < KvStore.PageTokens; token++)
        {
            for (int start = 0; start < layout.ValueStride; start += KvLayout.GroupElements)
            {
                T factor = T.Broadcast(*scale++);
                float* end = target + Math.Min(KvLayout.GroupElements, layout.ValueStride - start);
                for (; target < end; target += Lanes.Count, source += Lanes.Count) (T.LoadSignedBytes(source) * factor).Store(target);
            }
        }
        return buffer;
    }

    private static void WidenHalves(ushort* source, int groups, float* target)
    {
        float* end = target + (groups * Lanes.Count);
        for (; target < end; target += Lanes.Count, source += Lanes.Count) T.LoadHalves(source).Store(target);
    }
}
