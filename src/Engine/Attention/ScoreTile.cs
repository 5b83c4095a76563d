using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Attention;

/// <summary>Scores of a few queries against one or two pages of keys: score = sum over d of q[d] k[d], in order of d.</summary>
/// <remarks>
/// Queries are packed [d][<see cref="QueryRows"/>], keys lie [d][16 tokens]; both pointers only move forward. The tiles differ in shape alone: the
/// operations for one score are the same in all. Measured: with keys indexed instead, the compiler keeps pointers in memory.
/// </remarks>
internal static unsafe class ScoreTile<T>
    where T : struct, ILanes<T>
{
    /// <summary>Rows of a pack of queries.</summary>
    public const int QueryRows = 8;

    private const int Page = KvStore.PageTokens;
    private const int Row = AttentionSegments.ScoreStride;

    /// <summary>Eight queries, two pages: sixteen sums, for 32 vector registers.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void EightByTwo(float* q, in PagePair keys, int keySize, float* scores)
    {
        float* k0 = keys.First;
        float* k1 = keys.Second;
        byte* ahead0 = (byte*)keys.FirstAhead;
        byte* ahead1 = (byte*)keys.SecondAhead;
        T a0 = T.Zero, a1 = T.Zero, a2 = T.Zero, a3 = T.Zero, a4 = T.Zero, a5 = T.Zero, a6 = T.Zero, a7 = T.Zero;
        T b0 = T.Zero, b1 = T.Zero, b2 = T.Zero, b3 = T.Zero, b4 = T.Zero, b5 = T.Zero, b6 = T.Zero, b7 = T.Zero;
        float* end = q + (keySize * QueryRows);
        while (q < end)
        {
            PagePair.Prefetch(ahead0 + (nint)k0);
            PagePair.Prefetch(ahead1 + (nint)k1);
            T x = T.Load(k0);
            T y = T.Load(k1);
            T f = T.Broadcast(q[0]);
            a0 = T.Fma(f, x, a0);
            b0 = T.Fma(f, y, b0);
            f = T.Broadcast(q[1]);
            a1 = T.Fma(f, x, a1);
            b1 = T.Fma(f, y, b1);
            f = T.Broadcast(q[2]);
            a2 = T.Fma(f, x, a2);
            b2 = T.Fma(f, y, b2);
            f = T.Broadcast(q[3]);
            a3 = T.Fma(f, x, a3);
            b3 = T.Fma(f, y, b3);
            f = T.Broadcast(q[4]);
            a4 = T.Fma(f, x, a4);
            b4 = T.Fma(f, y, b4);
            f = T.Broadcast(q[5]);
            a5 = T.Fma(f, x, a5);
            b5 = T.Fma(f, y, b5);
            f = T.Broadcast(q[6]);
            a6 = T.Fma(f, x, a6);
            b6 = T.Fma(f, y, b6);
            f = T.Broadcast(q[7]);
            a7 = T.Fma(f, x, a7);
            b7 = T.Fma(f, y, b7);
            q += QueryRows;
            k0 += Page;
            k1 += Page;
        }
        Store(scores, a0, b0);
        Store(scores + Row, a1, b1);
        Store(scores + (2 * Row), a2, b2);
        Store(scores + (3 * Row), a3, b3);
        Store(scores + (4 * Row), a4, b4);
        Store(scores + (5 * Row), a5, b5);
        Store(scores + (6 * Row), a6, b6);
        Store(scores + (7 * Row), a7, b7);
    }

    /// <summary>Four queries, one page.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void FourByOne(float* q, float* k, long aheadBytes, int keySize, float* scores)
    {
        byte* ahead = (byte*)aheadBytes;
        T a0 = T.Zero, a1 = T.Zero, a2 = T.Zero, a3 = T.Zero;
        float* end = q + (keySize * QueryRows);
        while (q < end)
        {
            PagePair.Prefetch(ahead + (nint)k);
            T x = T.Load(k);
            a0 = T.Fma(T.Broadcast(q[0]), x, a0);
            a1 = T.Fma(T.Broadcast(q[1]), x, a1);
            a2 = T.Fma(T.Broadcast(q[2]), x, a2);
            a3 = T.Fma(T.Broadcast(q[3]), x, a3);
            q += QueryRows;
            k += Page;
        }
        a0.Store(scores);
        a1.Store(scores + Row);
        a2.Store(scores + (2 * Row));
        a3.Store(scores + (3 * Row));
    }

    /// <summary>One query, two pages.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void OneByTwo(float* q, in PagePair keys, int keySize, float* scores)
    {
        float* k0 = keys.First;
        float* k1 = keys.Second;
        byte* ahead0 = (byte*)keys.FirstAhead;
        byte* ahead1 = (byte*)keys.SecondAhead;
        T a = T.Zero, b = T.Zero;
        float* end = q + (keySize * QueryRows);
        while (q < end)
        {
            PagePair.Prefetch(ahead0 + (nint)k0);
            PagePair.Prefetch(ahead1 + (nint)k1);
            T f = T.Broadcast(q[0]);
            a = T.Fma(f, T.Load(k0), a);
            b = T.Fma(f, T.Load(k1), b);
            q += QueryRows;
            k0 += Page;
            k1 += Page;
        }
        Store(scores, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(float* scores, T first, T second)
    {
        first.Store(scores);
        second.Store(scores + Page);
    }
}
