using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Lanes;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Single precision.</summary>
internal readonly unsafe struct StoredSingles : ISingles
{
    public static int ElementBytes => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* source)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.Load(source);
}

/// <summary>Half precision.</summary>
internal readonly unsafe struct StoredHalves : ISingles
{
    public static int ElementBytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* source)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.LoadHalves((ushort*)source);
}

/// <summary>Brain floats.</summary>
internal readonly unsafe struct StoredBrainFloats : ISingles
{
    public static int ElementBytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TLanes, TVector>(byte* source)
        where TLanes : struct, ILanes<TVector>
        where TVector : struct => TLanes.LoadBrainFloats((ushort*)source);
}
