using Orrery.Engine.Kernels.Vectors;

namespace Orrery.Engine.Models;

/// <summary>The gated unit of a row [gate | up]; the first half receives the result.</summary>
internal static class GateFunctions
{
    public static void Apply(GateFunction function, Span<float> row)
    {
        Span<float> gate = row[..(row.Length / 2)], up = row[(row.Length / 2)..];
        if (function == GateFunction.Silu) VectorMath.SiluMultiply(gate, up, gate);
        else VectorMath.GeluMultiply(gate, up, gate);
    }
}
