using Orrery.Engine.Kernels;

namespace Orrery.Engine.Models;

/// <summary>How a model is loaded.</summary>
public sealed record TransformerOptions
{
    /// <summary>Tokens of one batch unless asked otherwise: large enough that products run at full speed, small enough that buffers stay below 100 MB.</summary>
    public const int DefaultBatchTokens = 512;

    /// <summary>Threads; 0 takes one per processor.</summary>
    public int Threads { get; init; }

    /// <summary>Most tokens of one batch.</summary>
    public int MaxBatchTokens { get; init; } = DefaultBatchTokens;

    /// <summary>Tokens that sequences will reach: chooses between short and long rotary factors; null for the model's longest.</summary>
    public int? ContextLength { get; init; }

    /// <summary>Instructions to use; null for the best there are. All give the same bits.</summary>
    public InstructionSet? Instructions { get; init; }
}
