namespace Orrery.Engine.Kernels.Products;

/// <summary>Where the parts of a packed matrix lie: tiles follow one another, each with its scales first and its planes (or singles) after them.</summary>
/// <param name="Rows">Output rows; the last tile may be partly empty.</param>
/// <param name="Columns">Columns of each row.</param>
/// <param name="ScaleBytes">Bytes of a tile's scales, a multiple of a cache line.</param>
/// <param name="TileBytes">Bytes of a tile, a multiple of a cache line.</param>
internal readonly record struct PackedShape(int Rows, int Columns, long ScaleBytes, long TileBytes)
{
    public int Tiles => (Rows + Formats.TileLayout.Rows - 1) / Formats.TileLayout.Rows;

    public int Blocks => (Columns + Formats.TileLayout.BlockColumns - 1) / Formats.TileLayout.BlockColumns;
}
