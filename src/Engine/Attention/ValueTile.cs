using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>Weighted values of a few queries over up to two pages: out[d] += sum over tokens of weight[token] value[token][d], in order of tokens.</summary>
/// <remarks>Weights lie [query][token of the segment] at the stride of the scores, values [token][d]; a tile begins at element d of the values. The tiles differ in shape alone.</remarks>
internal static unsafe class ValueTile<T>
    where T : struct, ILanes<T>
{
    private const int Row = AttentionSegments.ScoreStride;
    private const int Group = Lanes.Count;

    /// <summary>Eight queries, 32 elements: sixteen sums, for 32 vector registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EightByTwo(float* w, in PagePair values, int d, int stride, float* o, int outStride)
    {
        float* o4 = o + (4 * outStride);
        T a0 = T.Load(o), a1 = T.Load(o + outStride), a2 = T.Load(o + (2 * outStride)), a3 = T.Load(o + (3 * outStride));
        T a4 = T.Load(o4), a5 = T.Load(o4 + outStride), a6 = T.Load(o4 + (2 * outStride)), a7 = T.Load(o4 + (3 * outStride));
        o += Group;
        o4 += Group;
        T b0 = T.Load(o), b1 = T.Load(o + outStride), b2 = T.Load(o + (2 * outStride)), b3 = T.Load(o + (3 * outStride));
        T b4 = T.Load(o4), b5 = T.Load(o4 + outStride), b6 = T.Load(o4 + (2 * outStride)), b7 = T.Load(o4 + (3 * outStride));
        float* v = values.First + d;
        byte* ahead = (byte*)values.FirstAhead;
        float* end = w + values.FirstTokens;
        float* last = end + values.SecondTokens;
        while (true)
        {
            while (w < end)
            {
                PagePair.Prefetch(ahead + (nint)v);
                PagePair.Prefetch(ahead + (nint)(v + Group));
                T x = T.Load(v);
                T y = T.Load(v + Group);
                T f = T.Broadcast(w[0]);
                a0 = T.Fma(f, x, a0);
                b0 = T.Fma(f, y, b0);
                f = T.Broadcast(w[Row]);
                a1 = T.Fma(f, x, a1);
                b1 = T.Fma(f, y, b1);
                f = T.Broadcast(w[2 * Row]);
                a2 = T.Fma(f, x, a2);
                b2 = T.Fma(f, y, b2);
                f = T.Broadcast(w[3 * Row]);
                a3 = T.Fma(f, x, a3);
                b3 = T.Fma(f, y, b3);
                f = T.Broadcast(w[4 * Row]);
                a4 = T.Fma(f, x, a4);
                b4 = T.Fma(f, y, b4);
                f = T.Broadcast(w[5 * Row]);
                a5 = T.Fma(f, x, a5);
                b5 = T.Fma(f, y, b5);
                f = T.Broadcast(w[6 * Row]);
                a6 = T.Fma(f, x, a6);
                b6 = T.Fma(f, y, b6);
                f = T.Broadcast(w[7 * Row]);
                a7 = T.Fma(f, x, a7);
                b7 = T.Fma(f, y, b7);
                w++;
                v += stride;
            }
            if (end == last) break;
            end = last;
            v = values.Second + d;
            ahead = (byte*)values.SecondAhead;
        }
        b0.Store(o);
        b1.Store(o + outStride);
        b2.Store(o + (2 * outStride));
        b3.Store(o + (3 * outStride));
        b4.Store(o4);
        b5.Store(o4 + outStride);
        b6.Store(o4 + (2 * outStride));
        b7.Store(o4 + (3 * outStride));
        o -= Group;
        o4 -= Group;
        a0.Store(o);
        a1.Store(o + outStride);
        a2.Store(o + (2 * outStride));
        a3.Store(o + (3 * outStride));
        a4.Store(o4);
        a5.Store(o4 + outStride);
        a6.Store(o4 + (2 * outStride));
        a7.Store(o4 + (3 * outStride));
    }

    /// <summary>Four queries, 16 elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourByOne(float* w, in PagePair values, int d, int stride, float* o, int outStride)
    {
        T a0 = T.Load(o), a1 = T.Load(o + outStride), a2 = T.Load(o + (2 * outStride)), a3 = T.Load(o + (3 * outStride));
        float* v = values.First + d;
        byte* ahead = (byte*)values.FirstAhead;
        float* end = w + values.FirstTokens;
        float* last = end + values.SecondTokens;
        while (true)
        {
            while (w < end)
            {
                PagePair.Prefetch(ahead + (nint)v);
                T x = T.Load(v);
                a0 = T.Fma(T.Broadcast(w[0]), x, a0);
                a1 = T.Fma(T.Broadcast(w[Row]), x, a1);
                a2 = T.Fma(T.Broadcast(w[2 * Row]), x, a2);
                a3 = T.Fma(T.Broadcast(w[3 * Row]), x, a3);
                w++;
                v += stride;
            }
            if (end == last) break;
            end = last;
            v = values.Second + d;
            ahead = (byte*)values.SecondAhead;
        }
        a0.Store(o);
        a1.Store(o + outStride);
        a2.Store(o + (2 * outStride));
        a3.Store(o + (3 * outStride));
    }

    /// <summary>One query, 64 elements: as many sums as a chain of additions takes turns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneByFour(float* w, in PagePair values, int d, int stride, float* o)
    {
        T a0 = T.Load(o), a1 = T.Load(o + Group), a2 = T.Load(o + (2 * Group)), a3 = T.Load(o + (3 * Group));
        float* v = values.First + d;
        byte* ahead = (byte*)values.FirstAhead;
        float* end = w + values.FirstTokens;
        float* last = end + values.SecondTokens;
        while (true)
        {
            while (w < end)
            {
                T f = T.Broadcast(*w);
                PagePair.Prefetch(ahead + (nint)v);
                PagePair.Prefetch(ahead + (nint)(v + Group));
                PagePair.Prefetch(ahead + (nint)(v + (2 * Group)));
                PagePair.Prefetch(ahead + (nint)(v + (3 * Group)));
                a0 = T.Fma(f, T.Load(v), a0);
                a1 = T.Fma(f, T.Load(v + Group), a1);
                a2 = T.Fma(f, T.Load(v + (2 * Group)), a2);
                a3 = T.Fma(f, T.Load(v + (3 * Group)), a3);
                w++;
                v += stride;
            }
            if (end == last) break;
            end = last;
            v = values.Second + d;
            ahead = (byte*)values.SecondAhead;
        }
        a0.Store(o);
        a1.Store(o + Group);
        a2.Store(o + (2 * Group));
        a3.Store(o + (3 * Group));
    }

    /// <summary>One query, 16 elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneByOne(float* w, in PagePair values, int d, int stride, float* o)
    {
        T a = T.Load(o);
        float* v = values.First + d;
        for (int t = 0; t < values.FirstTokens; t++, v += stride) a = T.Fma(T.Broadcast(*w++), T.Load(v), a);
        v = values.Second + d;
        for (int t = 0; t < values.SecondTokens; t++, v += stride) a = T.Fma(T.Broadcast(*w++), T.Load(v), a);
        a.Store(o);
    }
}
