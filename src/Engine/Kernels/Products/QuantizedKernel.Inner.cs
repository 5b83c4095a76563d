using System.Runtime.CompilerServices;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>The inner loops: two vectors of rows by four, two or one row of activations, all sums in registers, three pointers that move.</summary>
internal sealed unsafe partial class QuantizedKernel<TSet, TVector, TPlanes, TScales>
{
    /// <summary>Two vectors of rows against four rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply4(byte* w, long wStep, float* s, float* m, long sStep, int* x, float* xScales, float* weighted, int blocks, float* results)
    {
        TVector a0 = TSet.Load(results), b0 = TSet.Load(results + TSet.Count);
        TVector a1 = TSet.Load(results + ResultStride), b1 = TSet.Load(results + ResultStride + TSet.Count);
        TVector a2 = TSet.Load(results + (2 * ResultStride)), b2 = TSet.Load(results + (2 * ResultStride) + TSet.Count);
        TVector a3 = TSet.Load(results + (3 * ResultStride)), b3 = TSet.Load(results + (3 * ResultStride) + TSet.Count);
        for (int block = 0; block < blocks; block++)
        {
            for (int part = 0; part < Parts; part++)
            {
                TVector i0 = TSet.Zero, j0 = TSet.Zero, i1 = TSet.Zero, j1 = TSet.Zero, i2 = TSet.Zero, j2 = TSet.Zero, i3 = TSet.Zero, j3 = TSet.Zero;
                int* end = x + (PairsPerBlock / Parts * 4);
                do
                {
                    TVector w0 = TSet.Load(w), w1 = TSet.Load(w + wStep);
                    TVector x0 = TSet.Broadcast((void*)x);
                    i0 = TSet.MultiplyAddPairs(w0, x0, i0);
                    j0 = TSet.MultiplyAddPairs(w1, x0, j0);
                    TVector x1 = TSet.Broadcast((void*)(x + 1));
                    i1 = TSet.MultiplyAddPairs(w0, x1, i1);
                    j1 = TSet.MultiplyAddPairs(w1, x1, j1);
                    TVector x2 = TSet.Broadcast((void*)(x + 2));
                    i2 = TSet.MultiplyAddPairs(w0, x2, i2);
                    j2 = TSet.MultiplyAddPairs(w1, x2, j2);
                    TVector x3 = TSet.Broadcast((void*)(x + 3));
                    i3 = TSet.MultiplyAddPairs(w0, x3, i3);
                    j3 = TSet.MultiplyAddPairs(w1, x3, j3);
                    w += LineBytes;
                    x += 4;
                }
                while (x < end);
                TVector s0 = TSet.Load(s), s1 = TSet.Load(s + sStep);
                Scale(i0, j0, s0, s1, xScales, ref a0, ref b0);
                Scale(i1, j1, s0, s1, xScales + 1, ref a1, ref b1);
                Scale(i2, j2, s0, s1, xScales + 2, ref a2, ref b2);
                Scale(i3, j3, s0, s1, xScales + 3, ref a3, ref b3);
                if (TScales.HasMinimum)
                {
                    TVector m0 = TSet.Load(m), m1 = TSet.Load(m + sStep);
                    float* sums = weighted + (TScales.HasHalves ? (part + 1) * 4 : 0);
                    TVector k0 = TSet.Broadcast((void*)sums);
                    a0 = TSet.MultiplyAdd(m0, k0, a0);
                    b0 = TSet.MultiplyAdd(m1, k0, b0);
                    TVector k1 = TSet.Broadcast((void*)(sums + 1));
                    a1 = TSet.MultiplyAdd(m0, k1, a1);
                    b1 = TSet.MultiplyAdd(m1, k1, b1);
                    TVector k2 = TSet.Broadcast((void*)(sums + 2));
                    a2 = TSet.MultiplyAdd(m0, k2, a2);
                    b2 = TSet.MultiplyAdd(m1, k2, b2);
                    TVector k3 = TSet.Broadcast((void*)(sums + 3));
                    a3 = TSet.MultiplyAdd(m0, k3, a3);
                    b3 = TSet.MultiplyAdd(m1, k3, b3);
                    m += Rows;
                }
                s += Rows;
            }
            xScales += 4;
            weighted += 12;
        }
        TSet.Store(results, a0);
        TSet.Store(results + TSet.Count, b0);
        TSet.Store(results + ResultStride, a1);
        TSet.Store(results + ResultStride + TSet.Count, b1);
        TSet.Store(results + (2 * ResultStride), a2);
        TSet.Store(results + (2 * ResultStride) + TSet.Count, b2);
        TSet.Store(results + (3 * ResultStride), a3);
        TSet.Store(results + (3 * ResultStride) + TSet.Count, b3);
    }

    /// <summary>Two vectors of rows against two rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply2(byte* w, long wStep, float* s, float* m, long sStep, int* x, float* xScales, float* weighted, int blocks, float* results)
    {
        TVector a0 = TSet.Load(results), b0 = TSet.Load(results + TSet.Count);
        TVector a1 = TSet.Load(results + ResultStride), b1 = TSet.Load(results + ResultStride + TSet.Count);
        for (int block = 0; block < blocks; block++)
        {
            for (int part = 0; part < Parts; part++)
            {
                TVector i0 = TSet.Zero, j0 = TSet.Zero, i1 = TSet.Zero, j1 = TSet.Zero;
                int* end = x + (PairsPerBlock / Parts * 2);
                do
                {
                    TVector w0 = TSet.Load(w), w1 = TSet.Load(w + wStep);
                    TVector x0 = TSet.Broadcast((void*)x);
                    i0 = TSet.MultiplyAddPairs(w0, x0, i0);
                    j0 = TSet.MultiplyAddPairs(w1, x0, j0);
                    TVector x1 = TSet.Broadcast((void*)(x + 1));
                    i1 = TSet.MultiplyAddPairs(w0, x1, i1);
                    j1 = TSet.MultiplyAddPairs(w1, x1, j1);
                    w += LineBytes;
                    x += 2;
                }
                while (x < end);
                TVector s0 = TSet.Load(s), s1 = TSet.Load(s + sStep);
                Scale(i0, j0, s0, s1, xScales, ref a0, ref b0);
                Scale(i1, j1, s0, s1, xScales + 1, ref a1, ref b1);
                if (TScales.HasMinimum)
                {
                    TVector m0 = TSet.Load(m), m1 = TSet.Load(m + sStep);
                    float* sums = weighted + (TScales.HasHalves ? (part + 1) * 2 : 0);
                    TVector k0 = TSet.Broadcast((void*)sums);
                    a0 = TSet.MultiplyAdd(m0, k0, a0);
                    b0 = TSet.MultiplyAdd(m1, k0, b0);
                    TVector k1 = TSet.Broadcast((void*)(sums + 1));
                    a1 = TSet.MultiplyAdd(m0, k1, a1);
                    b1 = TSet.MultiplyAdd(m1, k1, b1);
                    m += Rows;
                }
                s += Rows;
            }
            xScales += 2;
            weighted += 6;
        }
        TSet.Store(results, a0);
        TSet.Store(results + TSet.Count, b0);
        TSet.Store(results + ResultStride, a1);
        TSet.Store(results + ResultStride + TSet.Count, b1);
    }

    /// <summary>Two vectors of rows against one row of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Multiply1(byte* w, long wStep, float* s, float* m, long sStep, int* x, float* xScales, float* weighted, int blocks, float* results)
    {
        TVector a0 = TSet.Load(results), b0 = TSet.Load(results + TSet.Count);
        for (int block = 0; block < blocks; block++)
        {
            for (int part = 0; part < Parts; part++)
            {
                TVector i0 = TSet.Zero, j0 = TSet.Zero;
                int* end = x + (PairsPerBlock / Parts);
                do
                {
                    TVector w0 = TSet.Load(w), w1 = TSet.Load(w + wStep);
                    TVector x0 = TSet.Broadcast((void*)x);
                    i0 = TSet.MultiplyAddPairs(w0, x0, i0);
                    j0 = TSet.MultiplyAddPairs(w1, x0, j0);
                    w += LineBytes;
                    x++;
                }
                while (x < end);
                TVector s0 = TSet.Load(s), s1 = TSet.Load(s + sStep);
                Scale(i0, j0, s0, s1, xScales, ref a0, ref b0);
                if (TScales.HasMinimum)
                {
                    TVector m0 = TSet.Load(m), m1 = TSet.Load(m + sStep);
                    float* sums = weighted + (TScales.HasHalves ? part + 1 : 0);
                    TVector k0 = TSet.Broadcast((void*)sums);
                    a0 = TSet.MultiplyAdd(m0, k0, a0);
                    b0 = TSet.MultiplyAdd(m1, k0, b0);
                    m += Rows;
                }
                s += Rows;
            }
            xScales++;
            weighted += 3;
        }
        TSet.Store(results, a0);
        TSet.Store(results + TSet.Count, b0);
    }

    /// <summary>Turns the integer sums of one row of activations into results.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Scale(TVector i, TVector j, TVector s0, TVector s1, float* xScale, ref TVector a, ref TVector b)
    {
        TVector scale = TSet.Broadcast((void*)xScale);
        a = TSet.MultiplyAdd(TSet.ToSingle(i), TSet.Multiply(s0, scale), a);
        b = TSet.MultiplyAdd(TSet.ToSingle(j), TSet.Multiply(s1, scale), b);
    }
}
