using static Orrery.Engine.Kernels.Formats.TileLayout;

namespace Orrery.Engine.Kernels.Products;

/// <summary>The scratch memory of one thread: a panel of unpacked weights of two tiles, and the running results of a band of activations.</summary>
internal static class ProductScratch
{
    /// <summary>Tiles that a kernel takes together: each activation loaded serves both.</summary>
    public const int TilesTogether = 2;

    /// <summary>Activations of one pass over a pair of tiles; more are done band by band. Their results take 64 KiB.</summary>
    public const int BandRows = 512;

    /// <summary>Bytes of one tile's chunk of pairs, or of as many singles.</summary>
    public const int PanelBytes = ChunkColumns * Rows * sizeof(short);

    /// <summary>Singles of one tile's chunk of scales (or minima): two for each block, for the formats that halve it.</summary>
    public const int PanelScales = 2 * ChunkBlocks * Rows;

    public const int ResultBytes = BandRows * TilesTogether * Rows * sizeof(float);

    public const int Bytes = (TilesTogether * PanelBytes) + (2 * TilesTogether * PanelScales * sizeof(float)) + ResultBytes;
}
