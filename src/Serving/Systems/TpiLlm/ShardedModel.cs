using Orrery.Kernel;
using Orrery.World.Models;

namespace Orrery.Serving.Systems.TpiLlm;

/// <summary>
/// A model cut over nodes (b): heads, key/value heads and feed-forward columns by ratios; embedding and output head on node 0, the
/// user's own device, so that no other sees a token. Norms are on every node and are not counted (under 0.1 % of the weights).
/// </summary>
public sealed class ShardedModel
{
    private readonly double _bytesPerWeight;

    /// <param name="model">A dense model with multi-head or grouped-query attention.</param>
    /// <param name="weights">Ratios of the nodes.</param>
    /// <param name="bytesPerWeight">Of weights, keys, values and activations.</param>
    /// <exception cref="InputException">The model cannot be cut that way.</exception>
    public ShardedModel(ModelSpec model, IReadOnlyList<double> weights, double bytesPerWeight)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(weights);
        if (model.Experts is not null || model.Latent is not null)
            throw new InputException($"model: '{model.Name}' has experts or latent attention, which tpi-llm does not cut; name a dense model such as llama-2-70b");
        if (weights.Count > model.KvHeads)
            throw new InputException($"nodes: '{model.Name}' has {model.KvHeads} key/value heads, and every node needs one; write at most {model.KvHeads} nodes");
        Model = model;
        _bytesPerWeight = bytesPerWeight;
        Heads = HeadSplit.Of(model.Heads, weights);
        KvHeads = HeadSplit.Of(model.KvHeads, weights);
        Columns = HeadSplit.Of(model.FfnWidth, weights);
        int without = Array.FindIndex(KvHeads, heads => heads == 0);
        if (without < 0) without = Array.FindIndex(Heads, heads => heads == 0);
        if (without >= 0) throw new InputException($"ratios: node {without} would get no head; give it a larger ratio or leave it out");
    }

    public ModelSpec Model { get; }

    public int Nodes => Heads.Length;

    public int[] Heads { get; }

    public int[] KvHeads { get; }

    /// <summary>Feed-forward columns of every node.</summary>
    public int[] Columns { get; }

    /// <summary>The attention part of a layer on a node.</summary>
    public EdgeBlock Attention(int node)
    {
        double weights = (double)Model.Hidden * Model.HeadWidth * ((2.0 * Heads[node]) + (2.0 * KvHeads[node]));
        return new(weights * _bytesPerWeight, 2 * weights, Heads[node] * Model.HeadWidth, 2.0 * KvHeads[node] * Model.HeadWidth * _bytesPerWeight);
    }

    /// <summary>The feed-forward part of a layer on a node.</summary>
    public EdgeBlock Feed(int node)
    {
        double weights = (Model.Gated ? 3.0 : 2.0) * Model.Hidden * Columns[node];
        return new(weights * _bytesPerWeight, 2 * weights);
    }

    /// <summary>The embedding, of which a pass reads a row per token.</summary>
    public EdgeBlock Embedding => new(Model.EmbeddingParameters * _bytesPerWeight, 0);

    /// <summary>The output head, which only the last token of a pass goes through.</summary>
    public EdgeBlock Head => new(Model.EmbeddingParameters * _bytesPerWeight, 0);

    /// <summary>Weights of a node's share; node 0 has embedding and head too.</summary>
    public double WeightBytes(int node) =>
        (Model.Layers * (Attention(node).WeightBytes + Feed(node).WeightBytes)) + (node == 0 ? Embedding.WeightBytes + Head.WeightBytes : 0);

    /// <summary>Keys and values of so many tokens on a node.</summary>
    public double KvBytes(int node, double tokens) => Model.Layers * Attention(node).KvBytesPerToken * tokens;

    /// <summary>
    /// What a pass needs beside weights: residual stream, its copy and the sum, the wider of queries with keys and values or two feed-forward
    /// rows, and the scores of all heads (d).
    /// </summary>
    public double ActivationBytes(int node, double tokens, double context)
    {
        double wide = Math.Max((Heads[node] + (2.0 * KvHeads[node])) * Model.HeadWidth, 2.0 * Columns[node]);
        return _bytesPerWeight * ((tokens * ((3.0 * Model.Hidden) + wide)) + (tokens * context * Heads[node]));
    }

    /// <summary>The residual stream of so many tokens: what an allreduce adds.</summary>
    public double StreamBytes(double tokens) => tokens * Model.Hidden * _bytesPerWeight;

    /// <summary>What the master sends before a pass (b): embeddings, the two tables of positions and the mask.</summary>
    public double BroadcastBytes(double tokens, double context) =>
        StreamBytes(tokens) + (_bytesPerWeight * tokens * ((2.0 * Model.HeadWidth) + context));
}
