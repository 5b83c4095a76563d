using Orrery.World.Steps;

namespace Orrery.World.Models;

/// <summary>
/// What the architecture implies. Matrices are counted exactly, norms as one vector each, biases not at all (under 0.1 %). A
/// multiply-add is two FLOP. Formulas: standard counting of transformer matrices, checked against the published parameter counts.
/// </summary>
public sealed partial record ModelSpec
{
    /// <summary>OPT keeps two positions more than it uses; the difference is far below the counting error, so all learned tables have it.</summary>
    private const int LearnedPositionOffset = 2;

    private int FfnMatrices => Gated ? 3 : 2;

    /// <summary>Parameters of the query, key and value projections of a layer, and of the gate of its output.</summary>
    public long QkvParameters => Latent is { } latent
        ? LatentQueryParameters(latent) + ((long)Hidden * (latent.KvRank + latent.RopeWidth)) + LatentUpParameters(latent)
        : (long)Hidden * HeadWidth * ((Heads * (OutputGate ? 2L : 1L)) + (2L * KvHeads));

    /// <summary>Parameters of the output projection of a layer.</summary>
    public long OutputParameters => (long)Heads * (Latent?.ValueWidth ?? HeadWidth) * Hidden;

    /// <summary>Parameters of a dense feed-forward part.</summary>
    public long DenseFfnParameters => FfnMatrices * (long)Hidden * FfnWidth;

    /// <summary>Parameters of one routed expert.</summary>
    public long ExpertParameters => Experts is { } experts ? FfnMatrices * (long)Hidden * experts.Width : 0;

    /// <summary>Parameters of the shared experts of a layer.</summary>
    public long SharedExpertParameters => Experts is { } experts ? FfnMatrices * (long)Hidden * experts.Shared * experts.SharedWidth : 0;

    /// <summary>Parameters of the router of a layer with experts.</summary>
    public long RouterParameters => Experts is { } experts ? (long)Hidden * experts.Count : 0;

    /// <summary>One embedding matrix: vocabulary × hidden.</summary>
    public long EmbeddingParameters => (long)Vocabulary * Hidden;

    /// <summary>The table of learned positions; 0 when positions are computed.</summary>
    public long PositionParameters => LearnedPositions ? (long)(MaxPositions + LearnedPositionOffset) * Hidden : 0;

    /// <summary>Norm vectors of a layer.</summary>
    public long NormParameters => (ParallelBlock ? 1L : 2L) * Hidden;

    /// <summary>All parameters.</summary>
    public long TotalParameters => EverywhereParameters + (ExpertLayers * ExpertParameters * (Experts?.Count ?? 0));

    /// <summary>Parameters that one token passes through, both embedding matrices counted.</summary>
    public long ActiveParameters => EverywhereParameters + (ExpertLayers * ExpertParameters * (Experts?.TopK ?? 0));

    /// <summary>FLOP of the linear layers for one token, without the vocabulary projection.</summary>
    public long LinearFlopsPerToken => 2 * ((Layers * (QkvParameters + OutputParameters))
        + ((Layers - ExpertLayers) * DenseFfnParameters)
        + (ExpertLayers * (RouterParameters + SharedExpertParameters + (ExpertParameters * (Experts?.TopK ?? 0)))));

    /// <summary>FLOP of the vocabulary projection for one sampled token.</summary>
    public long LogitsFlopsPerToken => 2 * EmbeddingParameters;

    /// <summary>Attention FLOP of one layer per query-key pair when many queries share the keys: scores and values, 4·H·d; latent attention expanded to heads.</summary>
    public long PrefillFlopsPerPair => Latent is { } latent
        ? 2L * Heads * (latent.NopeWidth + latent.RopeWidth + latent.ValueWidth)
        : 4L * Heads * HeadWidth;

    /// <summary>Attention FLOP of one layer per query-key pair of a decode: 4·H·d; latent attention stays absorbed, 2·H·(2·rank + rope).</summary>
    public long DecodeFlopsPerPair => Latent is { } latent
        ? 2L * Heads * ((2L * latent.KvRank) + latent.RopeWidth)
        : 4L * Heads * HeadWidth;

    /// <summary>FLOP of one layer per cached token that a chunk must expand from the latent again; 0 without latent attention.</summary>
    public long HistoryFlopsPerToken => Latent is { } latent ? 2 * LatentUpParameters(latent) : 0;

    /// <summary>Tensors in which a layer's KV lies: keys and values, or one latent tensor.</summary>
    public int KvTensorsPerLayer => Latent is null ? 2 : 1;

    /// <summary>Elements cached per token and layer: 2·K·d, or latent plus rotary width.</summary>
    public int KvElementsPerLayer => Latent is { } latent ? latent.KvRank + latent.RopeWidth : 2 * KvHeads * HeadWidth;

    /// <summary>KV bytes per token over all layers, before any window saturates.</summary>
    /// <param name="bytesPerElement">2 for 16-bit, 1 for 8-bit, 0.5 for 4-bit.</param>
    public long KvBytesPerToken(double bytesPerElement = 2) => (long)(Layers * (long)KvElementsPerLayer * bytesPerElement);

    /// <summary>KV bytes of one sequence; layers with a window hold no more than the window.</summary>
    public long KvBytes(long contextTokens, double bytesPerElement = 2)
    {
        int windowed = WindowedLayers;
        long held = Window is { } window ? Math.Min(contextTokens, window.Tokens) : 0;
        return (long)((((Layers - windowed) * contextTokens) + (windowed * held)) * KvElementsPerLayer * bytesPerElement);
    }

    /// <summary>Expected number of distinct experts of a layer that a batch touches under uniform routing: E·(1 − (1 − k/E)^B).</summary>
    public double ExpectedExperts(long batchTokens) => Experts is { } experts
        ? experts.Count * (1 - Math.Pow(1 - ((double)experts.TopK / experts.Count), batchTokens))
        : 0;

    /// <summary>FLOP of one forward pass over any mix of chunks and decodes.</summary>
    public Int128 Flops(StepShape shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        Int128 flops = ((Int128)LinearFlopsPerToken * shape.Tokens) + ((Int128)LogitsFlopsPerToken * shape.SampledTokens);
        int windowed = WindowedLayers;
        int full = Layers - windowed;
        int window = Window?.Tokens ?? int.MaxValue;
        foreach (PrefillChunk chunk in shape.Chunks)
        {
            flops += (Int128)(full * PrefillFlopsPerPair) * AttentionSpan.Pairs(chunk);
            flops += (Int128)(windowed * PrefillFlopsPerPair) * AttentionSpan.Pairs(chunk, window);
            flops += (Int128)(Layers * HistoryFlopsPerToken) * chunk.HistoryTokens;
        }
        flops += (Int128)(full * DecodeFlopsPerPair) * shape.DecodePairs;
        if (windowed > 0) flops += (Int128)(windowed * DecodeFlopsPerPair) * AttentionSpan.WindowedPairs(shape, window);
        return flops;
    }

    private long EverywhereParameters => (EmbeddingParameters * (TiedEmbeddings ? 1 : 2)) + PositionParameters + Hidden
        + (Layers * (QkvParameters + OutputParameters + NormParameters))
        + ((Layers - ExpertLayers) * DenseFfnParameters)
        + (ExpertLayers * (RouterParameters + SharedExpertParameters));

    /// <summary>h·q + q·H(n+r), or h·H(n+r) without query compression.</summary>
    private long LatentQueryParameters(LatentAttention latent)
    {
        long perHead = (long)Heads * (latent.NopeWidth + latent.RopeWidth);
        return latent.QueryRank > 0 ? ((long)Hidden * latent.QueryRank) + (latent.QueryRank * perHead) : Hidden * perHead;
    }

    /// <summary>k·H(n+v): expands the latent to keys and values of all heads.</summary>
    private long LatentUpParameters(LatentAttention latent) => (long)latent.KvRank * Heads * (latent.NopeWidth + latent.ValueWidth);
}
