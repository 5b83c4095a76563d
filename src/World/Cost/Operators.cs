using Orrery.World.Deployments;
using Orrery.World.Models;

namespace Orrery.World.Cost;

/// <summary>One linear or elementwise operator on one device; rows are tokens (or sampled tokens for the vocabulary projection).</summary>
/// <param name="Name">Short name for reports.</param>
/// <param name="FlopsPerRow">FLOP per row on this device.</param>
/// <param name="WeightBytes">Weights read once per step on this device.</param>
/// <param name="BytesPerRow">Activations read and written per row on this device.</param>
/// <param name="Kernels">Launches.</param>
public readonly record struct LinearOperator(string Name, double FlopsPerRow, double WeightBytes, double BytesPerRow, int Kernels = 1);

/// <summary>The operators of a deployment, per layer and device. Attention over the cache and the routed experts are not linear in rows and stand apart.</summary>
/// <param name="Attention">Everything of the attention part but the attention over the cache.</param>
/// <param name="DenseFfn">Feed-forward part of a layer without experts.</param>
/// <param name="ExpertFfn">Feed-forward part of a layer with experts, without the routed experts.</param>
/// <param name="Embedding">Before the first layer.</param>
/// <param name="Head">After the last layer, per sampled token.</param>
public sealed record LayerOperators(
    IReadOnlyList<LinearOperator> Attention,
    IReadOnlyList<LinearOperator> DenseFfn,
    IReadOnlyList<LinearOperator> ExpertFfn,
    IReadOnlyList<LinearOperator> Embedding,
    IReadOnlyList<LinearOperator> Head)
{
    /// <summary>Bytes of one logit while sampling: engines sample in 32 bit.</summary>
    private const double LogitBytes = 4;

    public static LayerOperators Of(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        ModelSpec model = deployment.Model;
        double h = model.Hidden;
        double a = deployment.Precision.BytesPerActivation;
        double b = deployment.Precision.BytesPerWeight;
        int t = deployment.Parallel.Tensor;
        ShardSizes shard = deployment.Shards;

        // The norm reads the new activations and the residual and writes both.
        LinearOperator norm = new("norm", 0, model.Hidden * a, 4 * h * a);
        double queryOut = (double)shard.Heads * (model.Latent is { } l ? l.NopeWidth + l.RopeWidth : model.HeadWidth);
        double kvOut = model.Latent is { } m ? m.KvRank + m.RopeWidth : 2.0 * shard.KvHeads * model.HeadWidth;
        double attentionOut = (double)shard.Heads * (model.Latent?.ValueWidth ?? model.HeadWidth);

        List<LinearOperator> attention =
        [
            norm,
            // Latent attention runs down, up and two absorbed products where others run one fused product.
            new("qkv", 2.0 * shard.QkvParameters, shard.QkvParameters * b, (h + queryOut + kvOut) * a, model.Latent is null ? 1 : 4),
            new("position and cache write", 0, 0, (2 * (queryOut + kvOut) * a) + shard.KvBytesPerTokenLayer),
            new("output", 2.0 * shard.OutputParameters, shard.OutputParameters * b, (attentionOut + h) * a),
        ];

        List<LinearOperator> dense = model.ParallelBlock ? [] : [norm];
        List<LinearOperator> expert = [.. dense];
        AddFeedForward(dense, "ffn", shard.DenseFfnParameters, (double)model.FfnWidth / t);
        if (model.Experts is { } experts)
        {
            expert.Add(new("router", 2.0 * model.RouterParameters, model.RouterParameters * a, (h + experts.Count) * a, 2));
            if (experts.Shared > 0) AddFeedForward(expert, "shared", shard.SharedExpertParameters, (double)experts.Shared * experts.SharedWidth / t);
            expert.Add(new("combine", 0, 0, (experts.TopK + 1) * h * a));
        }

        double vocabulary = (double)model.Vocabulary / t;
        return new(
            attention,
            dense,
            expert,
            [new("embedding", 0, 0, 2 * h * a)],
            [
                norm,
                new("logits", 2.0 * shard.EmbeddingParameters, shard.EmbeddingParameters * a, ((h + vocabulary) * a)),
                new("sampling", 0, 0, 2 * model.Vocabulary * LogitBytes, 2),
            ]);

        void AddFeedForward(List<LinearOperator> to, string name, double parameters, double width)
        {
            double down = model.Gated ? parameters / 3 : parameters / 2;
            double up = parameters - down;
            double upWidth = model.Gated ? 2 * width : width;
            to.Add(new($"{name} up", 2 * up, up * b, (h + upWidth) * a));
            to.Add(new($"{name} activation", 0, 0, (upWidth + width) * a));
            to.Add(new($"{name} down", 2 * down, down * b, (width + h) * a));
        }
    }
}
