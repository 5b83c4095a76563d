using Orrery.Engine.Tensors;

namespace Orrery.Engine.Making;

/// <summary>One tensor of a model to make: its place, and the distribution of its numbers.</summary>
internal sealed record TensorPlan(string Name, TensorType Type, IReadOnlyList<long> Dimensions, float Mean, float Deviation)
{
    public int Columns => (int)Dimensions[0];

    public long Rows => Dimensions.Skip(1).Aggregate(1L, (product, size) => product * size);

    public long Elements => Columns * Rows;

    /// <summary>The type that stores rows of this length: the wanted one, or the nearest whose blocks fit.</summary>
    /// <remarks>Fall-backs of llama.cpp's quantiser (b), except that it stores Q2_K and Q3_K as IQ4_NL, which this library does not know; Q4_0 has the same size.</remarks>
    public static TensorType Fitting(TensorType wanted, long columns)
    {
        if (columns % wanted.BlockElements() == 0) return wanted;
        TensorType smaller = wanted switch
        {
            TensorType.Q2_K or TensorType.Q3_K => TensorType.Q4_0,
            TensorType.Q4_K => TensorType.Q5_0,
            TensorType.Q5_K => TensorType.Q5_1,
            TensorType.Q6_K => TensorType.Q8_0,
            _ => TensorType.F16,
        };
        return Fitting(smaller, columns);
    }
}
