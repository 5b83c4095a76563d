namespace Orrery.Engine.Tensors;

/// <summary>Block sizes of the tensor types: rows are whole numbers of blocks.</summary>
public static class TensorTypes
{
    /// <summary>Weights of one super-block of the K types.</summary>
    public const int SuperBlock = 256;

    /// <summary>Weights of one block of the older quantised types.</summary>
    public const int Block = 32;

    public static IReadOnlyList<TensorType> All { get; } = Enum.GetValues<TensorType>();

    /// <summary>Weights that are stored together.</summary>
    public static int BlockElements(this TensorType type) => type switch
    {
        TensorType.F32 or TensorType.F16 or TensorType.BF16 => 1,
        TensorType.Q4_0 or TensorType.Q4_1 or TensorType.Q5_0 or TensorType.Q5_1 or TensorType.Q8_0 => Block,
        TensorType.Q2_K or TensorType.Q3_K or TensorType.Q4_K or TensorType.Q5_K or TensorType.Q6_K => SuperBlock,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a tensor type that this library reads"),
    };

    /// <summary>Bytes of one block.</summary>
    public static int BlockBytes(this TensorType type) => type switch
    {
        TensorType.F32 => 4,
        TensorType.F16 or TensorType.BF16 => 2,
        TensorType.Q4_0 => 2 + 16,
        TensorType.Q4_1 => 4 + 16,
        TensorType.Q5_0 => 2 + 4 + 16,
        TensorType.Q5_1 => 4 + 4 + 16,
        TensorType.Q8_0 => 2 + 32,
        TensorType.Q2_K => 16 + 64 + 4,
        TensorType.Q3_K => 32 + 64 + 12 + 2,
        TensorType.Q4_K => 4 + 12 + 128,
        TensorType.Q5_K => 4 + 12 + 32 + 128,
        TensorType.Q6_K => 128 + 64 + 16 + 2,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a tensor type that this library reads"),
    };

    public static bool IsQuantized(this TensorType type) => type.BlockElements() > 1;

    /// <summary>Bytes of one row.</summary>
    /// <param name="type">How the row is stored.</param>
    /// <param name="columns">Weights of the row, a multiple of <see cref="BlockElements"/>.</param>
    public static long RowBytes(this TensorType type, long columns) => columns / type.BlockElements() * type.BlockBytes();
}
