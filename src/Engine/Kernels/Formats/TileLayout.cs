namespace Orrery.Engine.Kernels.Formats;

/// <summary>
/// The order of weights in a tile. A tile holds sixteen output rows; its columns come in blocks of 32. A 64-byte line holds one dword for each row,
/// and a dword holds two 16-bit numbers: the two columns of a pair. Pair i of a block is the columns (4h + (i mod 2), 4h + (i mod 2) + 2) with h = i / 2:
/// with that order four consecutive bytes of a row are one dword, and packing eight-bit weights is a transposition of dwords.
/// </summary>
internal static class TileLayout
{
    /// <summary>Output rows of a tile.</summary>
    public const int Rows = 16;

    /// <summary>Columns of a block; each block has its own scale and its own integer sum.</summary>
    public const int BlockColumns = 32;

    public const int PairsPerBlock = BlockColumns / 2;

    /// <summary>Pairs that are unpacked together.</summary>
    public const int PairsPerGroup = 4;

    /// <summary>Bytes of one line: a dword for each row.</summary>
    public const int LineBytes = Rows * sizeof(int);

    /// <summary>Blocks that are unpacked into a panel together: one super-block, 8 KiB of pairs a tile, so that two tiles stay in the first-level cache.</summary>
    public const int ChunkBlocks = 8;

    public const int ChunkColumns = ChunkBlocks * BlockColumns;

    /// <summary>First column of a pair within its block; the second is two further.</summary>
    public static int FirstColumn(int pair) => (4 * (pair / 2)) + (pair % 2);
}
