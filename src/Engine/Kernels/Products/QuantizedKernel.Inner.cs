using System.Runtime.CompilerServices;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>The inner loops: two vectors of rows by four, two or one row of activations, all sums in registers, three pointers that move.</summary>
internal sealed unsafe partial class QuantizedKernel<TLanes, TVector, TPlanes, TScales>
{
    /// <summary>Two vectors of rows against four rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4(byte* w, long wStep, float* s, float* m, long sStep, int* x, float* xScales, float* weighted, int blocks, float* results)
    {
        TVector a0 = TLanes.Load(results), b0 = TLanes.Load(results + TLanes.Count);
        TVector a1 = TLanes.Load(results + ResultStride), b1 = TLanes.Load(results + ResultStride + TLanes.Count);
        TVector a2 = TLanes.Load(results + (2 * ResultStride)), b2 = TLanes.Load(results + (2 * ResultStride) + TLanes.Count);
        TVector a3 = TLanes.Load(results + (3 * ResultStride)), b3 = TLanes.Load(results + (3 * ResultStride) + TLanes.Count);
        for (int block = 0; block < blocks; block++)
        {
            for (int part = 0; part < Parts; part++)
            {
                TVector i0 = TLanes.Zero, j0 = TLanes.Zero, i1 = TLanes.Zero, j1 = TLanes.Zero, i2 = TLanes.Zero, j2 = TLanes.Zero, i3 = TLanes.Zero, j3 = TLanes.Zero;
                int* end = x + (PairsPerBlock / Parts * 4);
                do
                {
                    TVector w0 = TLanes.Load(w), w1 = TLanes.Load(w + wStep);
                    TVector x0 = TLanes.Broadcast((void*)x);
                    i0 = TLanes.MultiplyAddPairs(w0, x0, i0);
                    j0 = TLanes.MultiplyAddPairs(w1, x0, j0);
                    TVector x1 = TLanes.Broadcast((void*)(x + 1));
                    i1 = TLanes.MultiplyAddPairs(w0, x1, i1);
                    j1 = TLanes.MultiplyAddPairs(w1, x1, j1);
                    TVector x2 = TLanes.Broadcast((void*)(x + 2));
                    i2 = TLanes.MultiplyAddPairs(w0, x2, i2);
                    j2 = TLanes.MultiplyAddPairs(w1, x2, j2);
                    TVector x3 = TLanes.Broadcast((void*)(x + 3));
                    i3 = TLanes.MultiplyAddPairs(w0, x3, i3);
                    j3 = TLanes.MultiplyAddPairs(w1, x3, j3);
                    w += LineBytes;
                    x += 4;
                }
                while (x < end);
                TVector s0 = TLanes.Load(s), s1 = TLanes.Load(s + sStep);
                Scale(i0, j0, s0, s1, xScales, ref a0, ref b0);
                Scale(i1, j1, s0, s1, xScales + 1, ref a1, ref b1);
                Scale(i2, j2, s0, s1, xScales + 2, ref a2, ref b2);
                Scale(i3, j3, s0, s1, xScales + 3, ref a3, ref b3);
                if (TScales.HasMinimum)
                {
                    TVector m0 = TLanes.Load(m), m1 = TLanes.Load(m + sStep);
                    float* sums = weighted + (TScales.HasHalves ? (part + 1) * 4 : 0);
                    TVector k0 = TLanes.Broadcast((void*)sums);
                    a0 = TLanes.MultiplyAdd(m0, k0, a0);
                    b0 = TLanes.MultiplyAdd(m1, k0, b0);
                    TVector k1 = TLanes.Broadcast((void*)(sums + 1));
                    a1 = TLanes.MultiplyAdd(m0, k1, a1);
                    b1 = TLanes.MultiplyAdd(m1, k1, b1);
                    TVector k2 = TLanes.Broadcast((void*)(sums + 2));
                    a2 = TLanes.MultiplyAdd(m0, k2, a2);
                    b2 = TLanes.MultiplyAdd(m1, k2, b2);
                    TVector k3 = TLanes.Broadcast((void*)(sums + 3));
                    a3 = TLanes.MultiplyAdd(m0, k3, a3);
                    b3 = TLanes.MultiplyAdd(m1, k3, b3);
                    m += Rows;
                }
                s += Rows;
            }
            xScales += 4;
            weighted += 12;
        }
        TLanes.Store(results, a0);
        TLanes.Store(results + TLanes.Count, b0);
        TLanes.Store(results + ResultStride, a1);
        TLanes.Store(results + ResultStride + TLanes.Count, b1);
        TLanes.Store(results + (2 * ResultStride), a2);
        TLanes.Store(results + (2 * ResultStride) + TLanes.Count, b2);
        TLanes.Store(results + (3 * ResultStride), a3);
        TLanes.Store(results + (3 * ResultStride) + TLanes.Count, b3);
    }

    /// <summary>Two vectors of rows against two rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply2(byte* w, long wStep, float* s, float* m, long sStep, int* x, float* xScales, float* weighted, int blocks, float* results)
    {
        TVector a0 = TLanes.Load(results), b0 = TLanes.Load(results + TLanes.Count);
        TVector a1 = TLanes.Load(results + ResultStride), b1 = TLanes.Load(results + ResultStride + TLanes.Count);
        for (int block = 0; block < blocks; block++)
        {
            for (int part = 0; part < Parts; part++)
            {
                TVector i0 = TLanes.Zero, j0 = TLanes.Zero, i1 = TLanes.Zero, j1 = TLanes.Zero;
                int* end = x + (PairsPerBlock / Parts * 2);
                do
                {
                    TVector w0 = TLanes.Load(w), w1 = TLanes.Load(w + wStep);
                    TVector x0 = TLanes.Broadcast((void*)x);
                    i0 = TLanes.MultiplyAddPairs(w0, x0, i0);
                    j0 = TLanes.MultiplyAddPairs(w1, x0, j0);
                    TVector x1 = TLanes.Broadcast((void*)(x + 1));
                    i1 = TLanes.MultiplyAddPairs(w0, x1, i1);
                    j1 = TLanes.MultiplyAddPairs(w1, x1, j1);
                    w += LineBytes;
                    x += 2;
                }
                while (x < end);
                TVector s0 = TLanes.Load(s), s1 = TLanes.Load(s + sStep);
                Scale(i0, j0, s0, s1, xScales, ref a0, ref b0);
                Scale(i1, j1, s0, s1, xScales + 1, ref a1, ref b1);
                if (TScales.HasMinimum)
                {
                    TVector m0 = TLanes.Load(m), m1 = TLanes.Load(m + sStep);
                    float* sums = weighted + (TScales.HasHalves ? (part + 1) * 2 : 0);
                    TVector k0 = TLanes.Broadcast((void*)sums);
                    a0 = TLanes.MultiplyAdd(m0, k0, a0);
                    b0 = TLanes.MultiplyAdd(m1, k0, b0);
                    TVector k1 = TLanes.Broadcast((void*)(sums + 1));
                    a1 = TLanes.MultiplyAdd(m0, k1, a1);
                    b1 = TLanes.MultiplyAdd(m1, k1, b1);
                    m += Rows;
                }
                s += Rows;
            }
            xScales += 2;
            weighted += 6;
        }
        TLanes.Store(results, a0);
        TLanes.Store(results + TLanes.Count, b0);
        TLanes.Store(results + ResultStride, a1);
        TLanes.Store(results + ResultStride + TLanes.Count, b1);
    }

    /// <summary>Two vectors of rows against one row of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply1(byte* w, long wStep, float* s, float* m, long sStep, int* x, float* xScales, float* weighted, int blocks, float* results)
    {
        TVector a0 = TLanes.Load(results), b0 = TLanes.Load(results + TLanes.Count);
        for (int block = 0; block < blocks; block++)
        {
            for (int part = 0; part < Parts; part++)
            {
                TVector i0 = TLanes.Zero, j0 = TLanes.Zero;
                int* end = x + (PairsPerBlock / Parts);
                do
                {
                    TVector w0 = TLanes.Load(w), w1 = TLanes.Load(w + wStep);
                    TVector x0 = TLanes.Broadcast((void*)x);
                    i0 = TLanes.MultiplyAddPairs(w0, x0, i0);
                    j0 = TLanes.MultiplyAddPairs(w1, x0, j0);
                    w += LineBytes;
                    x++;
                }
                while (x < end);
                TVector s0 = TLanes.Load(s), s1 = TLanes.Load(s + sStep);
                Scale(i0, j0, s0, s1, xScales, ref a0, ref b0);
                if (TScales.HasMinimum)
                {
                    TVector m0 = TLanes.Load(m), m1 = TLanes.Load(m + sStep);
                    float* sums = weighted + (TScales.HasHalves ? part + 1 : 0);
                    TVector k0 = TLanes.Broadcast((void*)sums);
                    a0 = TLanes.MultiplyAdd(m0, k0, a0);
                    b0 = TLanes.MultiplyAdd(m1, k0, b0);
                    m += Rows;
                }
                s += Rows;
            }
            xScales++;
            weighted += 3;
        }
        TLanes.Store(results, a0);
        TLanes.Store(results + TLanes.Count, b0);
    }

    /// <summary>Turns the integer sums of one row of activations into results.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale(TVector i, TVector j, TVector s0, TVector s1, float* xScale, ref TVector a, ref TVector b)
    {
        TVector scale = TLanes.Broadcast((void*)xScale);
        a = TLanes.MultiplyAdd(TLanes.ToSingle(i), TLanes.Multiply(s0, scale), a);
        b = TLanes.MultiplyAdd(TLanes.ToSingle(j), TLanes.Multiply(s1, scale), b);
    }
}
