using Orrery.World.Hardware;

namespace Orrery.Lab.Import;

/// <summary>Publishers' spellings of number formats.</summary>
internal static class NumberFormats
{
    /// <summary>
    /// The format that the matrix units compute in, or null for an unknown spelling and for formats of the weights alone. Both 16-bit
    /// formats are <see cref="Precision.Bf16"/>: every device computes them at one rate, and tables of one device mix the spellings.
    /// </summary>
    public static Precision? Compute(string spelling) => spelling.ToLowerInvariant() switch
    {
        "bfloat16" or "bf16" or "float16" or "fp16" or "half" => Precision.Bf16,
        "fp8" or "fp8_block" or "fp8_static" or "fp8_ootb" or "float8" or "fp8_e4m3" => Precision.Fp8,
        "float32" or "fp32" or "float" => Precision.Fp32,
        "int8" or "sq" or "w8a8" => Precision.Int8,
        "nvfp4" or "fp4" or "w4a4" => Precision.Fp4,
        _ => null,
    };

    /// <summary>Has every block of weights a scale of its own, as engines' 8-bit checkpoints do?</summary>
    public static bool IsScaledByBlock(string spelling) => spelling.EndsWith("_block", StringComparison.OrdinalIgnoreCase);

    /// <summary>Bytes of one element, or null for an unknown spelling.</summary>
    public static double? Bytes(string spelling) => Compute(spelling) switch
    {
        Precision.Fp32 => 4,
        Precision.Bf16 or Precision.Fp16 => 2,
        Precision.Fp8 or Precision.Int8 => 1,
        Precision.Fp4 or Precision.Int4 => 0.5,
        _ => null,
    };

    /// <summary>Attention kernels by family: <c>flash-attn-3</c>, <c>flash-attn</c>, <c>flashinfer</c>; others as the source writes them.</summary>
    public static string Kernel(string spelling)
    {
        string name = spelling.ToLowerInvariant().Replace('-', '_');
        if (name.Contains("flashinfer", StringComparison.Ordinal)) return "flashinfer";
        if (name.Contains("fa3", StringComparison.Ordinal)) return "flash-attn-3";
        if (name.Contains("flash_att", StringComparison.Ordinal)) return "flash-attn";
        return name.Replace('_', '-');
    }
}
