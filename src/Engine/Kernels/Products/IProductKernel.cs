namespace Orrery.Engine.Kernels.Products;

/// <summary>The products of one tensor format on one instruction set.</summary>
internal unsafe interface IProductKernel
{
    /// <summary>Does a share: one row of activations straight from the packed weights, several by way of an unpacked panel.</summary>
    void Run(in ProductShare share);

    /// <summary>Decodes one row of the matrix.</summary>
    void DecodeRow(byte* tiles, in PackedShape shape, int row, byte* scratch, Span<float> values);
}
