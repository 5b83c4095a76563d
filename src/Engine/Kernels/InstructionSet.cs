namespace Orrery.Engine.Kernels;

/// <summary>Families of processor instructions that the kernels are written for. All give the same bits.</summary>
public enum InstructionSet
{
    /// <summary>128-bit vectors through the framework's portable operations (Arm NEON among them).</summary>
    Portable,

    /// <summary>256-bit vectors, AVX2 and FMA.</summary>
    Avx2,

    /// <summary>256-bit vectors with the fused integer dot product of AVX-VNNI.</summary>
    AvxVnni,

    /// <summary>512-bit vectors, AVX-512 F and BW.</summary>
    Avx512,
}
