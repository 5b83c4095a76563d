using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Orrery.Kernel;

namespace Orrery.Engine.Kernels;

/// <summary>Which instructions this processor has, and which of them to use.</summary>
public static class InstructionSets
{
    /// <summary>The variable that forces a choice, by name: portable, avx2, avxvnni, avx512.</summary>
    public const string Variable = "ORRERY_ENGINE_ISA";

    /// <summary>Widest first: 512-bit multiply-add pairs beat the 256-bit fused dot product, whose rate per instruction is the same.</summary>
    private static readonly InstructionSet[] BestFirst = [InstructionSet.Avx512, InstructionSet.AvxVnni, InstructionSet.Avx2, InstructionSet.Portable];

    private static readonly Lazy<InstructionSet> Chosen = new(() => Choose(Environment.GetEnvironmentVariable(Variable)));

    /// <summary>What this processor can run, best first.</summary>
    public static IReadOnlyList<InstructionSet> Supported { get; } = [.. BestFirst.Where(IsSupported)];

    /// <summary>The forced choice, or the best that this processor can run.</summary>
    /// <exception cref="InputException">The variable names what is unknown or not on this processor.</exception>
    public static InstructionSet Best => Chosen.Value;

    public static bool IsSupported(InstructionSet set) => set switch
    {
        InstructionSet.Avx512 => Vector512.IsHardwareAccelerated && Avx512F.IsSupported && Avx512BW.IsSupported,
        InstructionSet.AvxVnni => AvxVnni.IsSupported && Fma.IsSupported,
        InstructionSet.Avx2 => Avx2.IsSupported && Fma.IsSupported,
        _ => true,
    };

    /// <summary>Reads the value of <see cref="Variable"/>.</summary>
    internal static InstructionSet Choose(string? name)
    {
        if (string.IsNullOrWhiteSpace(name)) return Supported[0];
        string[] names = [.. BestFirst.Select(set => set.ToString().ToLowerInvariant())];
        if (!Enum.TryParse(name, ignoreCase: true, out InstructionSet forced) || !Enum.IsDefined(forced))
            throw new InputException($"{Variable}: '{name}' is no instruction set; there are: {string.Join(", ", names)}");
        return IsSupported(forced) ? forced : throw new InputException($"{Variable}: this processor has no {name}; it can run: {string.Join(", ", Supported).ToLowerInvariant()}");
    }
}
