using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Instructions;
using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Formats;

/// <summary>Narrow fields within the 16-bit numbers of a line: field i of a number belongs to pair i.</summary>
internal static unsafe class BitFields
{
    /// <summary>The field that starts at bit <paramref name="from"/>, moved to bit <paramref name="to"/>, all else cleared.</summary>
    /// <param name="line">Sixteen-bit numbers.</param>
    /// <param name="from">Where the field is; a constant at the call.</param>
    /// <param name="to">Where it is wanted; a constant at the call.</param>
    /// <param name="ones">The field's mask at bit zero.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Move<TSet, TVector>(TVector line, int from, int to, int ones)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct
    {
        TVector mask = TSet.Broadcast((ones << to) * 0x00010001);
        if (from == to) return TSet.And(line, mask);
        return TSet.And(from > to ? TSet.ShiftRight16(line, from - to) : TSet.ShiftLeft16(line, to - from), mask);
    }

    /// <summary>Packs some bits of one row's 32 codes: pair i goes to field i of its line.</summary>
    /// <param name="codes">32 codes.</param>
    /// <param name="shift">First bit of the code that is kept here.</param>
    /// <param name="width">Bits kept: 1 or 2.</param>
    /// <param name="lines">The plane's first line.</param>
    /// <param name="row">The row's number within the tile.</param>
    public static void Pack(byte* codes, int shift, int width, byte* lines, int row)
    {
        int fieldsPerNumber = 16 / width;
        int mask = (1 << width) - 1;
        for (int first = 0; first < PairsPerBlock; first += fieldsPerNumber)
        {
            uint dword = 0;
            for (int field = 0; field < fieldsPerNumber; field++)
            {
                int column = FirstColumn(first + field);
                uint lower = (uint)((codes[column] >> shift) & mask);
                uint upper = (uint)((codes[column + 2] >> shift) & mask);
                dword |= (lower | (upper << 16)) << (field * width);
            }
            *(uint*)(lines + (first / fieldsPerNumber * LineBytes) + (row * sizeof(uint))) = dword;
        }
    }

    /// <summary>Packs the low four bits of wider codes as <see cref="Planes4"/> does.</summary>
    public static void PackNibbles(byte* codes, byte* block, int row)
    {
        ulong* nibbles = stackalloc ulong[BlockColumns / sizeof(ulong)];
        for (int i = 0; i < BlockColumns / sizeof(ulong); i++) nibbles[i] = ((ulong*)codes)[i] & 0x0F0F0F0F0F0F0F0FUL;
        Planes4.Pack((byte*)nibbles, block, row);
    }
}
