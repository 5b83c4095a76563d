using Orrery.Engine.Gguf;

namespace Orrery.Engine.Models;

/// <summary>The tensors of one layer, found and with checked shapes; norms and biases are already numbers.</summary>
internal sealed record LayerTensors
{
    public required float[] AttentionNorm { get; init; }

    /// <summary>Rows of query, then key, then value: three tensors, or one where the file has them fused.</summary>
    public required IReadOnlyList<GgufTensor> QueryKeyValue { get; init; }

    /// <summary>One number a row of <see cref="QueryKeyValue"/>; null when none has a bias.</summary>
    public float[]? QueryKeyValueBias { get; init; }

    /// <summary>Norm of each query head, a number a dimension; null where the family has none.</summary>
    public float[]? QueryNorm { get; init; }

    public float[]? KeyNorm { get; init; }

    public required GgufTensor AttentionOutput { get; init; }

    public float[]? AttentionOutputBias { get; init; }

    /// <summary>Norm of what attention gives, before it is added; null where the family has none.</summary>
    public float[]? AttentionPostNorm { get; init; }

    public required float[] FeedForwardNorm { get; init; }

    /// <summary>Rows of the gate, then of up; with experts, two tensors that hold all experts' rows one after the other.</summary>
    public required IReadOnlyList<GgufTensor> GateUp { get; init; }

    public float[]? GateUpBias { get; init; }

    /// <summary>From the gated width back to the model's; with experts, all experts' rows one after the other.</summary>
    public required GgufTensor Down { get; init; }

    public float[]? DownBias { get; init; }

    public float[]? FeedForwardPostNorm { get; init; }

    /// <summary>One row an expert; null without experts.</summary>
    public GgufTensor? Router { get; init; }
}
