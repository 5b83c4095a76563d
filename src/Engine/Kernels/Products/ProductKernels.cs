using System.Runtime.Intrinsics;
using Orrery.Engine.Kernels.Formats;
using Orrery.Engine.Kernels.Instructions;
using Orrery.Engine.Tensors;

namespace Orrery.Engine.Kernels.Products;

/// <summary>The kernel and the packing of each tensor type.</summary>
internal static class ProductKernels
{
    public static IProductKernel Create(TensorType type, InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => Create<Avx512Instructions, Vector512<int>>(type),
        InstructionSet.AvxVnni => Create<AvxVnniInstructions, Vector256<int>>(type),
        InstructionSet.Avx2 => Create<Avx2Instructions, Vector256<int>>(type),
        _ => Create<PortableInstructions, Vector128<int>>(type),
    };

    public static IPacker Packer(TensorType type) => type switch
    {
        TensorType.F32 => new SinglePacker<StoredSingles>(),
        TensorType.F16 => new SinglePacker<StoredHalves>(),
        TensorType.BF16 => new SinglePacker<StoredBrainFloats>(),
        TensorType.Q8_0 => new BlockPacker<Planes8, BlockScales>(type),
        TensorType.Q4_0 => new BlockPacker<Planes4, BlockScales>(type),
        TensorType.Q4_1 => new BlockPacker<Planes4, BlockScalesAndMinima>(type),
        TensorType.Q5_0 => new BlockPacker<Planes5, BlockScales>(type),
        TensorType.Q5_1 => new BlockPacker<Planes5, BlockScalesAndMinima>(type),
        TensorType.Q2_K => new BlockPacker<Planes2, SuperNibbleScales>(type),
        TensorType.Q3_K => new BlockPacker<Planes3, SuperSignedScales>(type),
        TensorType.Q4_K => new BlockPacker<Planes4, SuperScalesAndMinima>(type),
        TensorType.Q5_K => new BlockPacker<Planes5, SuperScalesAndMinima>(type),
        TensorType.Q6_K => new BlockPacker<Planes6, SuperSignedScales>(type),
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "has no kernel"),
    };

    private static IProductKernel Create<TSet, TVector>(TensorType type)
        where TSet : struct, IInstructions<TVector>
        where TVector : struct => type switch
        {
            TensorType.F32 => new SingleKernel<TSet, TVector, StoredSingles>(),
            TensorType.F16 => new SingleKernel<TSet, TVector, StoredHalves>(),
            TensorType.BF16 => new SingleKernel<TSet, TVector, StoredBrainFloats>(),
            TensorType.Q8_0 => new QuantizedKernel<TSet, TVector, Planes8, BlockScales>(),
            TensorType.Q4_0 => new QuantizedKernel<TSet, TVector, Planes4, BlockScales>(),
            TensorType.Q4_1 => new QuantizedKernel<TSet, TVector, Planes4, BlockScalesAndMinima>(),
            TensorType.Q5_0 => new QuantizedKernel<TSet, TVector, Planes5, BlockScales>(),
            TensorType.Q5_1 => new QuantizedKernel<TSet, TVector, Planes5, BlockScalesAndMinima>(),
            TensorType.Q2_K => new QuantizedKernel<TSet, TVector, Planes2, SuperNibbleScales>(),
            TensorType.Q3_K => new QuantizedKernel<TSet, TVector, Planes3, SuperSignedScales>(),
            TensorType.Q4_K => new QuantizedKernel<TSet, TVector, Planes4, SuperScalesAndMinima>(),
            TensorType.Q5_K => new QuantizedKernel<TSet, TVector, Planes5, SuperScalesAndMinima>(),
            TensorType.Q6_K => new QuantizedKernel<TSet, TVector, Planes6, SuperSignedScales>(),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "has no kernel"),
        };
}
