using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Instructions;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Formats;

/// <summary>Eight-bit codes: a dword is four consecutive columns of a row; the low bytes are one pair, the high bytes the next.</summary>
internal readonly unsafe struct Planes8 : IPlanes
{
    public static int Bits => 8;

    public static int BlockBytes => 8 * LineBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack<TSet, TVector>(byte* block, int group, out TVector p0, out TVector p1, out TVector p2, out TVector p3)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct
    {
        TVector low = TSet.Broadcast(0x00FF00FF);
        TVector first = TSet.Load(block + (2 * group * LineBytes));
        TVector second = TSet.Load(block + (((2 * group) + 1) * LineBytes));
        p0 = TSet.And(first, low);
        p1 = TSet.ShiftRight16(first, 8);
        p2 = TSet.And(second, low);
        p3 = TSet.ShiftRight16(second, 8);
    }

    public static void Pack(byte* codes, byte* block, int row)
    {
        for (int line = 0; line < 8; line++) *(int*)(block + (line * LineBytes) + (row * sizeof(int))) = *(int*)(codes + (4 * line));
    }
}

/// <summary>Four-bit codes: each 16-bit number of a line holds one code of each of four pairs.</summary>
internal readonly unsafe struct Planes4 : IPlanes
{
    public static int Bits => 4;

    public static int BlockBytes => 4 * LineBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack<TSet, TVector>(byte* block, int group, out TVector p0, out TVector p1, out TVector p2, out TVector p3)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct
    {
        TVector mask = TSet.Broadcast(0x000F000F);
        TVector line = TSet.Load(block + (group * LineBytes));
        p0 = TSet.And(line, mask);
        p1 = TSet.And(TSet.ShiftRight16(line, 4), mask);
        p2 = TSet.And(TSet.ShiftRight16(line, 8), mask);
        p3 = TSet.ShiftRight16(line, 12);
    }

    public static void Pack(byte* codes, byte* block, int row)
    {
        for (int group = 0; group < 4; group++)
        {
            // Eight codes, a byte each; neighbours join to (c0 c1)(c2 c3)(c4 c5)(c6 c7), and the middle bytes change places.
            ulong eight = *(ulong*)(codes + (8 * group));
            ulong joined = (eight | (eight >> 4)) & 0x00FF00FF00FF00FFUL;
            uint dword = (uint)(joined & 0xFF) | (uint)((joined >> 32) & 0xFF) << 8 | (uint)((joined >> 16) & 0xFF) << 16 | (uint)(joined >> 48) << 24;
            *(uint*)(block + (group * LineBytes) + (row * sizeof(uint))) = dword;
        }
    }
}

/// <summary>Two-bit codes: each 16-bit number of a line holds one code of each of eight pairs.</summary>
internal readonly unsafe struct Planes2 : IPlanes
{
    public static int Bits => 2;

    public static int BlockBytes => 2 * LineBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack<TSet, TVector>(byte* block, int group, out TVector p0, out TVector p1, out TVector p2, out TVector p3)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct
    {
        TVector line = TSet.Load(block + (group / 2 * LineBytes));
        int first = group % 2 * 8;
        p0 = Field<TSet, TVector>(line, first, 0);
        p1 = Field<TSet, TVector>(line, first + 2, 0);
        p2 = Field<TSet, TVector>(line, first + 4, 0);
        p3 = Field<TSet, TVector>(line, first + 6, 0);
    }

    public static void Pack(byte* codes, byte* block, int row) => BitFields.Pack(codes, 0, 2, block, row);

    /// <summary>The two bits at <paramref name="from"/> of each 16-bit number, moved to <paramref name="to"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Field<TSet, TVector>(TVector line, int from, int to)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => BitFields.Move<TSet, TVector>(line, from, to, 3);
}

/// <summary>Five-bit codes: four low bits as <see cref="Planes4"/>, then one line with the fifth bits of all sixteen pairs.</summary>
internal readonly unsafe struct Planes5 : IPlanes
{
    public static int Bits => 5;

    public static int BlockBytes => 5 * LineBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack<TSet, TVector>(byte* block, int group, out TVector p0, out TVector p1, out TVector p2, out TVector p3)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct
    {
        Planes4.Unpack<TSet, TVector>(block, group, out p0, out p1, out p2, out p3);
        TVector line = TSet.Load(block + Planes4.BlockBytes);
        int first = group * PairsPerGroup;
        p0 = TSet.Or(p0, BitFields.Move<TSet, TVector>(line, first, 4, 1));
        p1 = TSet.Or(p1, BitFields.Move<TSet, TVector>(line, first + 1, 4, 1));
        p2 = TSet.Or(p2, BitFields.Move<TSet, TVector>(line, first + 2, 4, 1));
        p3 = TSet.Or(p3, BitFields.Move<TSet, TVector>(line, first + 3, 4, 1));
    }

    public static void Pack(byte* codes, byte* block, int row)
    {
        BitFields.PackNibbles(codes, block, row);
        BitFields.Pack(codes, 4, 1, block + Planes4.BlockBytes, row);
    }
}

/// <summary>Six-bit codes: four low bits as <see cref="Planes4"/>, two high bits as <see cref="Planes2"/>.</summary>
internal readonly unsafe struct Planes6 : IPlanes
{
    public static int Bits => 6;

    public static int BlockBytes => 6 * LineBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack<TSet, TVector>(byte* block, int group, out TVector p0, out TVector p1, out TVector p2, out TVector p3)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct
    {
        Planes4.Unpack<TSet, TVector>(block, group, out p0, out p1, out p2, out p3);
        TVector line = TSet.Load(block + Planes4.BlockBytes + (group / 2 * LineBytes));
        int first = group % 2 * 8;
        p0 = TSet.Or(p0, Planes2.Field<TSet, TVector>(line, first, 4));
        p1 = TSet.Or(p1, Planes2.Field<TSet, TVector>(line, first + 2, 4));
        p2 = TSet.Or(p2, Planes2.Field<TSet, TVector>(line, first + 4, 4));
        p3 = TSet.Or(p3, Planes2.Field<TSet, TVector>(line, first + 6, 4));
    }

    public static void Pack(byte* codes, byte* block, int row)
    {
        BitFields.PackNibbles(codes, block, row);
        BitFields.Pack(codes, 4, 2, block + Planes4.BlockBytes, row);
    }
}

/// <summary>Three-bit codes: two low bits as <see cref="Planes2"/>, then one line with the third bits of all sixteen pairs.</summary>
internal readonly unsafe struct Planes3 : IPlanes
{
    public static int Bits => 3;

    public static int BlockBytes => 3 * LineBytes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Unpack<TSet, TVector>(byte* block, int group, out TVector p0, out TVector p1, out TVector p2, out TVector p3)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct
    {
        Planes2.Unpack<TSet, TVector>(block, group, out p0, out p1, out p2, out p3);
        TVector line = TSet.Load(block + Planes2.BlockBytes);
        int first = group * PairsPerGroup;
        p0 = TSet.Or(p0, BitFields.Move<TSet, TVector>(line, first, 2, 1));
        p1 = TSet.Or(p1, BitFields.Move<TSet, TVector>(line, first + 1, 2, 1));
        p2 = TSet.Or(p2, BitFields.Move<TSet, TVector>(line, first + 2, 2, 1));
        p3 = TSet.Or(p3, BitFields.Move<TSet, TVector>(line, first + 3, 2, 1));
    }

    public static void Pack(byte* codes, byte* block, int row)
    {
        BitFields.Pack(codes, 0, 2, block, row);
        BitFields.Pack(codes, 2, 1, block + Planes2.BlockBytes, row);
    }
}
