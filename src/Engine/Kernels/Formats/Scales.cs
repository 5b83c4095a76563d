using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Instructions;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Formats;

/// <summary>One half-precision scale a block: Q8_0, Q4_0, Q5_0.</summary>
internal readonly unsafe struct BlockScales : IScales
{
    public static int UnitBlocks => 1;

    public static int UnitBytes => Rows * sizeof(ushort);

    public static bool HasHalves => false;

    public static bool HasMinimum => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Scale<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.LoadHalves((ushort*)unit + row);

    public static TVector Minimum<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.Zero;

    public static void Pack(in UnitScales scales, byte* unit, int row) => ((ushort*)unit)[row] = scales.Factor;
}

/// <summary>A half-precision scale and minimum a block: Q4_1, Q5_1.</summary>
internal readonly unsafe struct BlockScalesAndMinima : IScales
{
    public static int UnitBlocks => 1;

    public static int UnitBytes => 2 * Rows * sizeof(ushort);

    public static bool HasHalves => false;

    public static bool HasMinimum => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Scale<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.LoadHalves((ushort*)unit + row);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Minimum<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.LoadHalves((ushort*)unit + Rows + row);

    public static void Pack(in UnitScales scales, byte* unit, int row)
    {
        ((ushort*)unit)[row] = scales.Factor;
        ((ushort*)unit)[Rows + row] = scales.MinimumFactor;
    }
}

/// <summary>A super-block with an unsigned scale and minimum for each block: Q4_K, Q5_K.</summary>
internal readonly unsafe struct SuperScalesAndMinima : IScales
{
    private const int FactorBytes = 2 * Rows * sizeof(ushort);

    public static int UnitBlocks => ChunkBlocks;

    public static int UnitBytes => FactorBytes + (2 * ChunkBlocks * Rows);

    public static bool HasHalves => false;

    public static bool HasMinimum => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Scale<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct =>
        TSet.Multiply(TSet.LoadHalves((ushort*)unit + row), TSet.ToSingle(TSet.LoadBytes(unit + FactorBytes + (2 * part * Rows) + row)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Minimum<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct =>
        TSet.Multiply(TSet.LoadHalves((ushort*)unit + Rows + row), TSet.ToSingle(TSet.LoadBytes(unit + FactorBytes + (((2 * part) + 1) * Rows) + row)));

    public static void Pack(in UnitScales scales, byte* unit, int row)
    {
        ((ushort*)unit)[row] = scales.Factor;
        ((ushort*)unit)[Rows + row] = scales.MinimumFactor;
        for (int part = 0; part < ChunkBlocks; part++)
        {
            unit[FactorBytes + (2 * part * Rows) + row] = scales.Scales[part];
            unit[FactorBytes + (((2 * part) + 1) * Rows) + row] = scales.Minima[part];
        }
    }
}

/// <summary>A super-block with a signed scale for each half block: Q6_K, Q3_K.</summary>
internal readonly unsafe struct SuperSignedScales : IScales
{
    private const int FactorBytes = Rows * sizeof(ushort);

    public static int UnitBlocks => ChunkBlocks;

    public static int UnitBytes => FactorBytes + (2 * ChunkBlocks * Rows);

    public static bool HasHalves => true;

    public static bool HasMinimum => false;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Scale<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct =>
        TSet.Multiply(TSet.LoadHalves((ushort*)unit + row), TSet.ToSingle(TSet.LoadSignedBytes(unit + FactorBytes + (part * Rows) + row)));

    public static TVector Minimum<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.Zero;

    public static void Pack(in UnitScales scales, byte* unit, int row)
    {
        ((ushort*)unit)[row] = scales.Factor;
        for (int part = 0; part < 2 * ChunkBlocks; part++) unit[FactorBytes + (part * Rows) + row] = scales.Scales[part];
    }
}

/// <summary>A super-block with a scale and a minimum of four bits for each half block: Q2_K.</summary>
internal readonly unsafe struct SuperNibbleScales : IScales
{
    private const int FactorBytes = 2 * Rows * sizeof(ushort);

    public static int UnitBlocks => ChunkBlocks;

    public static int UnitBytes => FactorBytes + (2 * ChunkBlocks * Rows);

    public static bool HasHalves => true;

    public static bool HasMinimum => true;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Scale<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct =>
        TSet.Multiply(TSet.LoadHalves((ushort*)unit + row), TSet.ToSingle(TSet.And(Nibbles<TSet, TVector>(unit, part, row), TSet.Broadcast(0x0F))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Minimum<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct =>
        TSet.Multiply(TSet.LoadHalves((ushort*)unit + Rows + row), TSet.ToSingle(TSet.ShiftRight16(Nibbles<TSet, TVector>(unit, part, row), 4)));

    public static void Pack(in UnitScales scales, byte* unit, int row)
    {
        ((ushort*)unit)[row] = scales.Factor;
        ((ushort*)unit)[Rows + row] = scales.MinimumFactor;
        for (int part = 0; part < 2 * ChunkBlocks; part++) unit[FactorBytes + (part * Rows) + row] = (byte)(scales.Scales[part] | (scales.Minima[part] << 4));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Nibbles<TSet, TVector>(byte* unit, int part, int row)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.LoadBytes(unit + FactorBytes + (part * Rows) + row);
}
