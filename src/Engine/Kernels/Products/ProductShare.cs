namespace Orrery.Engine.Kernels.Products;

/// <summary>One thread's part of a product: the rows of some tiles against all activations.</summary>
internal unsafe struct ProductShare
{
    /// <summary>Packed scales of the first tile; see <see cref="PackedShape"/>.</summary>
    public byte* Tiles;

    public PackedShape Shape;

    /// <summary>First tile and the one after the last.</summary>
    public int FirstTile;
    public int EndTile;

    public Activations Activations;

    /// <summary>This thread's scratch memory, at least <see cref="ProductScratch.Bytes"/>.</summary>
    public byte* Scratch;

    /// <summary>y[row of activations × stride + output row].</summary>
    public float* Output;
    public int OutputStride;

    /// <summary>Adds to what is there instead of replacing it.</summary>
    public bool Adds;
}
