using System.Runtime.CompilerServices;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Few rows of activations: weights go from memory to registers and are used at once, by up to four rows.</summary>
internal sealed unsafe partial class QuantizedKernel<TSet, TVector, TPlanes, TScales>
{
    /// <summary>One vector of rows by four rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Packed4(byte* planes, byte* scales, int row, int* x, float* xScales, int* sums, float* weighted, int blocks, float* results)
    {
        TVector r0 = TSet.Zero, r1 = TSet.Zero, r2 = TSet.Zero, r3 = TSet.Zero;
        planes += row * sizeof(int);
        byte* end = planes + ((long)blocks * TPlanes.BlockBytes);
        while (planes < end)
        {
            for (int block = 0; block < TScales.UnitBlocks; block++)
            {
                Prefetch.Lines(planes, TPlanes.BlockBytes * TSet.Count / Rows);
                if (TScales.HasHalves)
                {
                    TVector i0 = Start(sums[0]);
                    TVector i1 = Start(sums[1]);
                    TVector i2 = Start(sums[2]);
                    TVector i3 = Start(sums[3]);
                    Group4(planes, 0, x, ref i0, ref i1, ref i2, ref i3);
                    Group4(planes, 1, x, ref i0, ref i1, ref i2, ref i3);
                    TVector scale = TScales.Scale<TSet, TVector>(scales, 2 * block, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    r1 = Scaled(i1, scale, xScales + 1, r1);
                    r2 = Scaled(i2, scale, xScales + 2, r2);
                    r3 = Scaled(i3, scale, xScales + 3, r3);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, 2 * block, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 4)), r0);
                        r1 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 5)), r1);
                        r2 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 6)), r2);
                        r3 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 7)), r3);
                    }
                    i0 = Start(sums[4]);
                    i1 = Start(sums[5]);
                    i2 = Start(sums[6]);
                    i3 = Start(sums[7]);
                    Group4(planes, 2, x, ref i0, ref i1, ref i2, ref i3);
                    Group4(planes, 3, x, ref i0, ref i1, ref i2, ref i3);
                    scale = TScales.Scale<TSet, TVector>(scales, (2 * block) + 1, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    r1 = Scaled(i1, scale, xScales + 1, r1);
                    r2 = Scaled(i2, scale, xScales + 2, r2);
                    r3 = Scaled(i3, scale, xScales + 3, r3);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, (2 * block) + 1, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 8)), r0);
                        r1 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 9)), r1);
                        r2 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 10)), r2);
                        r3 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 11)), r3);
                    }
                }
                else
                {
                    TVector i0 = Start(sums[0] + sums[4]);
                    TVector i1 = Start(sums[1] + sums[5]);
                    TVector i2 = Start(sums[2] + sums[6]);
                    TVector i3 = Start(sums[3] + sums[7]);
                    Group4(planes, 0, x, ref i0, ref i1, ref i2, ref i3);
                    Group4(planes, 1, x, ref i0, ref i1, ref i2, ref i3);
                    Group4(planes, 2, x, ref i0, ref i1, ref i2, ref i3);
                    Group4(planes, 3, x, ref i0, ref i1, ref i2, ref i3);
                    TVector scale = TScales.Scale<TSet, TVector>(scales, block, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    r1 = Scaled(i1, scale, xScales + 1, r1);
                    r2 = Scaled(i2, scale, xScales + 2, r2);
                    r3 = Scaled(i3, scale, xScales + 3, r3);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, block, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)weighted), r0);
                        r1 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 1)), r1);
                        r2 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 2)), r2);
                        r3 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 3)), r3);
                    }
                }
                planes += TPlanes.BlockBytes;
                x += PairsPerBlock * 4;
                xScales += 4;
                sums += 8;
                weighted += 12;
            }
            scales += TScales.UnitBytes;
        }
        TSet.Store(results, r0);
        TSet.Store(results + Rows, r1);
        TSet.Store(results + (2 * Rows), r2);
        TSet.Store(results + (3 * Rows), r3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group4(byte* planes, int group, int* x, ref TVector i0, ref TVector i1, ref TVector i2, ref TVector i3)
    {
        TPlanes.Unpack<TSet, TVector>(planes, group, out TVector p0, out TVector p1, out TVector p2, out TVector p3);
        x += group * PairsPerGroup * 4;
        i0 = TSet.MultiplyAddPairs(p0, TSet.Broadcast((void*)x), i0);
        i1 = TSet.MultiplyAddPairs(p0, TSet.Broadcast((void*)(x + 1)), i1);
        i2 = TSet.MultiplyAddPairs(p0, TSet.Broadcast((void*)(x + 2)), i2);
        i3 = TSet.MultiplyAddPairs(p0, TSet.Broadcast((void*)(x + 3)), i3);
        i0 = TSet.MultiplyAddPairs(p1, TSet.Broadcast((void*)(x + 4)), i0);
        i1 = TSet.MultiplyAddPairs(p1, TSet.Broadcast((void*)(x + 5)), i1);
        i2 = TSet.MultiplyAddPairs(p1, TSet.Broadcast((void*)(x + 6)), i2);
        i3 = TSet.MultiplyAddPairs(p1, TSet.Broadcast((void*)(x + 7)), i3);
        i0 = TSet.MultiplyAddPairs(p2, TSet.Broadcast((void*)(x + 8)), i0);
        i1 = TSet.MultiplyAddPairs(p2, TSet.Broadcast((void*)(x + 9)), i1);
        i2 = TSet.MultiplyAddPairs(p2, TSet.Broadcast((void*)(x + 10)), i2);
        i3 = TSet.MultiplyAddPairs(p2, TSet.Broadcast((void*)(x + 11)), i3);
        i0 = TSet.MultiplyAddPairs(p3, TSet.Broadcast((void*)(x + 12)), i0);
        i1 = TSet.MultiplyAddPairs(p3, TSet.Broadcast((void*)(x + 13)), i1);
        i2 = TSet.MultiplyAddPairs(p3, TSet.Broadcast((void*)(x + 14)), i2);
        i3 = TSet.MultiplyAddPairs(p3, TSet.Broadcast((void*)(x + 15)), i3);
    }

    /// <summary>One vector of rows by two rows of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Packed2(byte* planes, byte* scales, int row, int* x, float* xScales, int* sums, float* weighted, int blocks, float* results)
    {
        TVector r0 = TSet.Zero, r1 = TSet.Zero;
        planes += row * sizeof(int);
        byte* end = planes + ((long)blocks * TPlanes.BlockBytes);
        while (planes < end)
        {
            for (int block = 0; block < TScales.UnitBlocks; block++)
            {
                Prefetch.Lines(planes, TPlanes.BlockBytes * TSet.Count / Rows);
                if (TScales.HasHalves)
                {
                    TVector i0 = Start(sums[0]);
                    TVector i1 = Start(sums[1]);
                    Group2(planes, 0, x, ref i0, ref i1);
                    Group2(planes, 1, x, ref i0, ref i1);
                    TVector scale = TScales.Scale<TSet, TVector>(scales, 2 * block, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    r1 = Scaled(i1, scale, xScales + 1, r1);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, 2 * block, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 2)), r0);
                        r1 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 3)), r1);
                    }
                    i0 = Start(sums[2]);
                    i1 = Start(sums[3]);
                    Group2(planes, 2, x, ref i0, ref i1);
                    Group2(planes, 3, x, ref i0, ref i1);
                    scale = TScales.Scale<TSet, TVector>(scales, (2 * block) + 1, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    r1 = Scaled(i1, scale, xScales + 1, r1);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, (2 * block) + 1, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 4)), r0);
                        r1 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 5)), r1);
                    }
                }
                else
                {
                    TVector i0 = Start(sums[0] + sums[2]);
                    TVector i1 = Start(sums[1] + sums[3]);
                    Group2(planes, 0, x, ref i0, ref i1);
                    Group2(planes, 1, x, ref i0, ref i1);
                    Group2(planes, 2, x, ref i0, ref i1);
                    Group2(planes, 3, x, ref i0, ref i1);
                    TVector scale = TScales.Scale<TSet, TVector>(scales, block, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    r1 = Scaled(i1, scale, xScales + 1, r1);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, block, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)weighted), r0);
                        r1 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 1)), r1);
                    }
                }
                planes += TPlanes.BlockBytes;
                x += PairsPerBlock * 2;
                xScales += 2;
                sums += 4;
                weighted += 6;
            }
            scales += TScales.UnitBytes;
        }
        TSet.Store(results, r0);
        TSet.Store(results + Rows, r1);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group2(byte* planes, int group, int* x, ref TVector i0, ref TVector i1)
    {
        TPlanes.Unpack<TSet, TVector>(planes, group, out TVector p0, out TVector p1, out TVector p2, out TVector p3);
        x += group * PairsPerGroup * 2;
        i0 = TSet.MultiplyAddPairs(p0, TSet.Broadcast((void*)x), i0);
        i1 = TSet.MultiplyAddPairs(p0, TSet.Broadcast((void*)(x + 1)), i1);
        i0 = TSet.MultiplyAddPairs(p1, TSet.Broadcast((void*)(x + 2)), i0);
        i1 = TSet.MultiplyAddPairs(p1, TSet.Broadcast((void*)(x + 3)), i1);
        i0 = TSet.MultiplyAddPairs(p2, TSet.Broadcast((void*)(x + 4)), i0);
        i1 = TSet.MultiplyAddPairs(p2, TSet.Broadcast((void*)(x + 5)), i1);
        i0 = TSet.MultiplyAddPairs(p3, TSet.Broadcast((void*)(x + 6)), i0);
        i1 = TSet.MultiplyAddPairs(p3, TSet.Broadcast((void*)(x + 7)), i1);
    }

    /// <summary>One vector of rows by one row of activations.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Packed1(byte* planes, byte* scales, int row, int* x, float* xScales, int* sums, float* weighted, int blocks, float* results)
    {
        TVector r0 = TSet.Zero;
        planes += row * sizeof(int);
        byte* end = planes + ((long)blocks * TPlanes.BlockBytes);
        while (planes < end)
        {
            for (int block = 0; block < TScales.UnitBlocks; block++)
            {
                Prefetch.Lines(planes, TPlanes.BlockBytes * TSet.Count / Rows);
                if (TScales.HasHalves)
                {
                    TVector i0 = Start(sums[0]);
                    Group1(planes, 0, x, ref i0);
                    Group1(planes, 1, x, ref i0);
                    TVector scale = TScales.Scale<TSet, TVector>(scales, 2 * block, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, 2 * block, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 1)), r0);
                    }
                    i0 = Start(sums[1]);
                    Group1(planes, 2, x, ref i0);
                    Group1(planes, 3, x, ref i0);
                    scale = TScales.Scale<TSet, TVector>(scales, (2 * block) + 1, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, (2 * block) + 1, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)(weighted + 2)), r0);
                    }
                }
                else
                {
                    TVector i0 = Start(sums[0] + sums[1]);
                    Group1(planes, 0, x, ref i0);
                    Group1(planes, 1, x, ref i0);
                    Group1(planes, 2, x, ref i0);
                    Group1(planes, 3, x, ref i0);
                    TVector scale = TScales.Scale<TSet, TVector>(scales, block, row);
                    r0 = Scaled(i0, scale, xScales, r0);
                    if (TScales.HasMinimum)
                    {
                        TVector minimum = TScales.Minimum<TSet, TVector>(scales, block, row);
                        r0 = TSet.MultiplyAdd(minimum, TSet.Broadcast((void*)weighted), r0);
                    }
                }
                planes += TPlanes.BlockBytes;
                x += PairsPerBlock;
                xScales++;
                sums += 2;
                weighted += 3;
            }
            scales += TScales.UnitBytes;
        }
        TSet.Store(results, r0);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Group1(byte* planes, int group, int* x, ref TVector i0)
    {
        TPlanes.Unpack<TSet, TVector>(planes, group, out TVector p0, out TVector p1, out TVector p2, out TVector p3);
        x += group * PairsPerGroup;
        i0 = TSet.MultiplyAddPairs(p0, TSet.Broadcast((void*)x), i0);
        i0 = TSet.MultiplyAddPairs(p1, TSet.Broadcast((void*)(x + 1)), i0);
        i0 = TSet.MultiplyAddPairs(p2, TSet.Broadcast((void*)(x + 2)), i0);
        i0 = TSet.MultiplyAddPairs(p3, TSet.Broadcast((void*)(x + 3)), i0);
    }

    /// <summary>The sum's first value takes the codes' offset back: offset × (sum of activations), exactly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Start(int sum) => TScales.HasMinimum ? TSet.Zero : TSet.Broadcast(-(sum << OffsetShift));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Scaled(TVector sum, TVector scale, float* xScale, TVector result) =>
        TSet.MultiplyAdd(TSet.ToSingle(sum), TSet.Multiply(scale, TSet.Broadcast((void*)xScale)), result);
}
