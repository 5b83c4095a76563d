using System.Runtime.CompilerServices;
using Orrery.Engine.Kernels.Instructions;

namespace Orrery.Engine.Kernels.Products;

/// <summary>Single precision.</summary>
internal readonly unsafe struct StoredSingles : ISingles
{
    public static int ElementBytes => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TSet, TVector>(byte* source)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.Load(source);
}

/// <summary>Half precision.</summary>
internal readonly unsafe struct StoredHalves : ISingles
{
    public static int ElementBytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TSet, TVector>(byte* source)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.LoadHalves((ushort*)source);
}

/// <summary>Brain floats.</summary>
internal readonly unsafe struct StoredBrainFloats : ISingles
{
    public static int ElementBytes => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Load<TSet, TVector>(byte* source)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => TSet.LoadBrainFloats((ushort*)source);
}
