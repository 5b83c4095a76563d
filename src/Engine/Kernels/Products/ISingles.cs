using Orrery.Engine.Kernels.Lanes;

namespace Orrery.Engine.Kernels.Products;

/// <summary>How unquantised weights are stored.</summary>
internal unsafe interface ISingles
{
    /// <summary>Bytes of one weight.</summary>
    static abstract int ElementBytes { get; }

    /// <summary>The weights of some rows in one column as singles.</summary>
    static abstract TVector Load<TLanes, TVector>(byte* source)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct;
}
