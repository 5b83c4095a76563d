namespace Orrery.Engine.Kernels.Products;

/// <summary>Rearranges rows of a model file into tiles.</summary>
internal unsafe interface IPacker
{
    PackedShape Shape(int rows, int columns);

    /// <summary>Packs some rows of one tile.</summary>
    /// <param name="source">The first of these rows as the file stores it.</param>
    /// <param name="rowBytes">Bytes of a stored row.</param>
    /// <param name="columns">Columns of a row.</param>
    /// <param name="firstRow">The first row's place within the tile.</param>
    /// <param name="rows">How many rows.</param>
    /// <param name="shape">The matrix's shape.</param>
    /// <param name="tile">The tile; rows that nobody packs must be cleared before.</param>
    void Pack(byte* source, long rowBytes, int columns, int firstRow, int rows, in PackedShape shape, byte* tile);
}
