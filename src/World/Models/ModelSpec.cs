namespace Orrery.World.Models;

/// <summary>Multi-head latent attention (DeepSeek-V2, 2024): one compressed vector per token and layer is cached for all heads.</summary>
/// <param name="QueryRank">Rank of the query compression; 0 when queries are not compressed.</param>
/// <param name="KvRank">Width of the cached latent.</param>
/// <param name="RopeWidth">Width of the rotary key part, shared by all heads and cached beside the latent.</param>
/// <param name="NopeWidth">Width per head of the query and key part without position.</param>
/// <param name="ValueWidth">Width per head of a value.</param>
public sealed record LatentAttention(int QueryRank, int KvRank, int RopeWidth, int NopeWidth, int ValueWidth);

/// <summary>Mixture of experts in place of the dense feed-forward part.</summary>
/// <param name="Count">Routed experts of a layer.</param>
/// <param name="TopK">Routed experts that a token visits.</param>
/// <param name="Width">Inner width of a routed expert.</param>
/// <param name="Shared">Experts that every token visits.</param>
/// <param name="SharedWidth">Inner width of one shared expert.</param>
/// <param name="LeadingDenseLayers">Layers at the bottom that stay dense.</param>
/// <param name="Every">Every n-th layer has experts, the others are dense; 1 means all.</param>
public sealed record ExpertsSpec(int Count, int TopK, int Width, int Shared = 0, int SharedWidth = 0, int LeadingDenseLayers = 0, int Every = 1);

/// <summary>Some layers attend only to the last tokens.</summary>
/// <param name="Tokens">Length of the window, the token itself included.</param>
/// <param name="FullEvery">Every n-th layer attends to everything; 0 means that no layer does.</param>
public sealed record SlidingWindow(int Tokens, int FullEvery);

/// <summary>Architecture of a decoder-only transformer: what is needed to count its parameters, bytes and FLOP.</summary>
/// <param name="Name">Catalogue name, for example <c>llama-3.1-8b</c>.</param>
/// <param name="Layers">Transformer layers.</param>
/// <param name="Hidden">Width of the residual stream.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key/value heads: equal to the heads for MHA, 1 for MQA, between for GQA. Unused by latent attention.</param>
/// <param name="HeadWidth">Width of a head.</param>
/// <param name="FfnWidth">Inner width of the dense feed-forward part; 0 when every layer has experts.</param>
/// <param name="Gated">Three feed-forward matrices (SwiGLU, GeGLU) instead of two.</param>
/// <param name="Vocabulary">Rows of the embedding.</param>
/// <param name="TiedEmbeddings">Input and output embedding are one matrix.</param>
/// <param name="MaxPositions">Longest sequence.</param>
/// <param name="Source">Where the row comes from, with its mark.</param>
public sealed partial record ModelSpec(
    string Name,
    int Layers,
    int Hidden,
    int Heads,
    int KvHeads,
    int HeadWidth,
    int FfnWidth,
    bool Gated,
    int Vocabulary,
    bool TiedEmbeddings,
    int MaxPositions,
    string Source)
{
    /// <summary>Set for latent attention.</summary>
    public LatentAttention? Latent { get; init; }

    /// <summary>Set for mixtures of experts.</summary>
    public ExpertsSpec? Experts { get; init; }

    /// <summary>Set when layers use a sliding window.</summary>
    public SlidingWindow? Window { get; init; }

    /// <summary>Positions are a learned table (OPT, GPT) rather than computed.</summary>
    public bool LearnedPositions { get; init; }

    /// <summary>Attention and feed-forward run side by side (Falcon, GPT-J, PaLM): one norm and one all-reduce less per layer.</summary>
    public bool ParallelBlock { get; init; }

    /// <summary>Attention multiplies its output by a gate that a projection as wide as the query makes of the input (Qwen3-Next, Qwen3.5). Not with latent attention.</summary>
    public bool OutputGate { get; init; }

    /// <summary>Other names, such as Hugging Face ids; compared without case.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>What the file of the model says of its weights' format, for example <c>fp8</c>; null when it says nothing. A hint: the deployment decides.</summary>
    public string? Quantization { get; init; }

    /// <summary>Published parameter count in 1e9, when the publisher states one: what the derived count is checked against.</summary>
    public double? PublishedBillions { get; init; }

    /// <summary>Published parameters active per token in 1e9 (both embedding matrices counted); set for mixtures of experts.</summary>
    public double? PublishedActiveBillions { get; init; }

    /// <summary>Whether a layer (from 0) has experts.</summary>
    public bool HasExperts(int layer) =>
        Experts is { } experts && layer >= experts.LeadingDenseLayers && (layer + 1) % experts.Every == 0;

    /// <summary>Whether a layer (from 0) attends only within the window.</summary>
    public bool IsWindowed(int layer) =>
        Window is { } window && (window.FullEvery == 0 || (layer + 1) % window.FullEvery != 0);

    /// <summary>Layers with experts.</summary>
    public int ExpertLayers => Count(HasExperts);

    /// <summary>Layers that attend only within the window.</summary>
    public int WindowedLayers => Count(IsWindowed);

    private int Count(Func<int, bool> test)
    {
        int count = 0;
        for (int layer = 0; layer < Layers; layer++)
            if (test(layer)) count++;
        return count;
    }
}
