using Orrery.Engine.Kernels.Instructions;

namespace Orrery.Engine.Kernels.Products;

/// <summary>How unquantised weights are stored.</summary>
internal unsafe interface ISingles
{
    /// <summary>Bytes of one weight.</summary>
    static abstract int ElementBytes { get; }

    /// <summary>The weights of some rows in one column as singles.</summary>
    static abstract TVector Load<TSet, TVector>(byte* source)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct;
}
