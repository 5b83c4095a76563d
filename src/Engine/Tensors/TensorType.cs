namespace Orrery.Engine.Tensors;

#pragma warning disable CA1707 // The names are those that model files and their users write.

/// <summary>How the numbers of a tensor are stored. The values are the type ids of the GGUF format.</summary>
/// <remarks>Source: GGUF specification and block layouts of ggml, read in its documentation (b).</remarks>
public enum TensorType
{
    F32 = 0,
    F16 = 1,
    Q4_0 = 2,
    Q4_1 = 3,
    Q5_0 = 6,
    Q5_1 = 7,
    Q8_0 = 8,
    Q2_K = 10,
    Q3_K = 11,
    Q4_K = 12,
    Q5_K = 13,
    Q6_K = 14,
    BF16 = 30,
}
