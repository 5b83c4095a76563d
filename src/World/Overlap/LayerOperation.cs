namespace Orrery.World.Overlap;

/// <summary>
/// The operations of one nano-batch in one layer, each done when its kernels are; projections and decode attention stand in two parts.
/// Norms, position encoding and activations run with the product they precede or follow.
/// </summary>
/// <remarks>
/// The authors gather before and after a column-wise output projection; that moves the bytes of the one all-reduce that stands here.
/// </remarks>
public enum LayerOperation
{
    InputProjection0,
    InputProjection1,
    DecodeAttention0,
    DecodeAttention1,
    PromptAttention,
    OutputProjection,
    AttentionReduce,
    Up,
    Down,
    FeedForwardReduce,
}

/// <summary>What needs what, and what keeps which part of the device busy.</summary>
public static class LayerOperations
{
    /// <summary>Operations of one nano-batch.</summary>
    public const int PerNanoBatch = 10;

    /// <summary>Operations of a layer: two nano-batches.</summary>
    public const int PerLayer = 2 * PerNanoBatch;

    /// <summary>Class of an operation (index within the nano-batch).</summary>
    internal static readonly ResourceClass[] Class =
    [
        ResourceClass.Compute, ResourceClass.Compute,
        ResourceClass.Memory, ResourceClass.Memory,
        ResourceClass.Compute,
        ResourceClass.Compute,
        ResourceClass.Network,
        ResourceClass.Compute,
        ResourceClass.Compute,
        ResourceClass.Network,
    ];

    /// <summary>Successors within the layer; the last operation precedes the input projections of the next layer.</summary>
    internal static readonly int[][] Next = [[2, 4], [3, 4], [5], [5], [5], [6], [7], [8], [9], []];

    /// <summary>Predecessors; the input projections' one is the last operation of the layer before.</summary>
    internal static readonly int[] Needs = [1, 1, 1, 1, 2, 3, 1, 1, 1, 1];

    public static ResourceClass ClassOf(LayerOperation operation) => Class[(int)operation];
}
