using Orrery.Engine.Tensors;

namespace Orrery.Engine.Gguf;

/// <summary>A tensor type that files may carry, also one that this library cannot compute with: its name and size are known, so that a model can be described.</summary>
/// <param name="Name">As model files and their users write it.</param>
/// <param name="BlockElements">Numbers stored together.</param>
/// <param name="BlockBytes">Bytes of a block.</param>
internal readonly record struct StoredType(string Name, int BlockElements, int BlockBytes)
{
    /// <summary>Ids, block lengths and block sizes of ggml beyond the types of <see cref="TensorType"/> (b).</summary>
    private static readonly Dictionary<uint, StoredType> Others = new()
    {
        [9] = new("Q8_1", 32, 36),
        [15] = new("Q8_K", 256, 292),
        [16] = new("IQ2_XXS", 256, 66),
        [17] = new("IQ2_XS", 256, 74),
        [18] = new("IQ3_XXS", 256, 98),
        [19] = new("IQ1_S", 256, 50),
        [20] = new("IQ4_NL", 32, 18),
        [21] = new("IQ3_S", 256, 110),
        [22] = new("IQ2_S", 256, 82),
        [23] = new("IQ4_XS", 256, 136),
        [24] = new("I8", 1, 1),
        [25] = new("I16", 1, 2),
        [26] = new("I32", 1, 4),
        [27] = new("I64", 1, 8),
        [28] = new("F64", 1, 8),
        [29] = new("IQ1_M", 256, 56),
        [34] = new("TQ1_0", 256, 54),
        [35] = new("TQ2_0", 256, 66),
        [39] = new("MXFP4", 32, 17),
    };

    /// <summary>The type of an id, null for one that nobody has told this library about.</summary>
    public static StoredType? Of(uint id)
    {
        if (IsSupported(id)) return new(((TensorType)id).ToString(), ((TensorType)id).BlockElements(), ((TensorType)id).BlockBytes());
        return Others.TryGetValue(id, out StoredType type) ? type : null;
    }

    public static bool IsSupported(uint id) => id <= int.MaxValue && Enum.IsDefined((TensorType)id);
}
