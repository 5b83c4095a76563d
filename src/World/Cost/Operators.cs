using Orrery.World.Deployments;
using Orrery.World.Models;

namespace Orrery.World.Cost;

/// <summary>One matrix product or elementwise operator on one device; rows are tokens (or sampled tokens for the vocabulary projection).</summary>
/// <param name="Name">Short name for reports.</param>
/// <param name="FlopsPerRow">FLOP per row on this device.</param>
/// <param name="WeightBytes">Weights read once per step on this device.</param>
/// <param name="BytesPerRow">Activations read and written per row on this device.</param>
/// <param name="Kernels">Launches.</param>
public readonly record struct LinearOperator(string Name, double FlopsPerRow, double WeightBytes, double BytesPerRow, int Kernels = 1)
{
    /// <summary>Columns of a matrix product; 0 for elementwise operators.</summary>
    public long Outputs { get; private init; }

    /// <summary>Rows of its weights.</summary>
    public long Inputs { get; private init; }

    /// <summary>True for products that stay in 16 bit whatever the format of the model: router and vocabulary projection.</summary>
    public bool IsPlain { get; init; }

    public bool IsMatrix => Inputs > 0;

    /// <summary>Which elementwise kernels have such times; see <see cref="Profiles.VectorEfficiency"/>.</summary>
    public string Kind { get; init; } = "";

    /// <summary>[rows × inputs] · [inputs × outputs].</summary>
    /// <param name="name">Short name for reports.</param>
    /// <param name="inputs">Rows of the weights.</param>
    /// <param name="outputs">Columns of the weights.</param>
    /// <param name="weightBytes">Bytes per weight, scales included.</param>
    /// <param name="activationBytes">Bytes per activation.</param>
    /// <param name="kernels">Launches.</param>
    public static LinearOperator Matrix(string name, double inputs, double outputs, double weightBytes, double activationBytes, int kernels = 1) =>
        new(name, 2 * inputs * outputs, inputs * outputs * weightBytes, (inputs + outputs) * activationBytes, kernels)
        {
            Outputs = (long)Math.Ceiling(outputs),
            Inputs = (long)Math.Ceiling(inputs),
        };
}

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
        LinearOperator norm = new("norm", 0, model.Hidden * a, 4 * h * a) { Kind = "norm" };
        double queryOut = (double)shard.Heads * (model.Latent is { } l ? l.NopeWidth + l.RopeWidth : model.HeadWidth);
        double kvOut = model.Latent is { } m ? m.KvRank + m.RopeWidth : 2.0 * shard.KvHeads * model.HeadWidth;
        double attentionOut = (double)shard.Heads * (model.Latent?.ValueWidth ?? model.HeadWidth);

        List<LinearOperator> attention = [norm];
        if (model.Latent is { } latent) AddLatentProjections(attention, latent);
        else attention.Add(LinearOperator.Matrix("qkv", h, (model.OutputGate ? 2 * queryOut : queryOut) + kvOut, b, a));
        attention.Add(new("position and cache write", 0, 0, (2 * (queryOut + kvOut) * a) + shard.KvBytesPerTokenLayer) { Kind = "position" });
        attention.Add(LinearOperator.Matrix("output", attentionOut, h, b, a));

        List<LinearOperator> dense = model.ParallelBlock ? [] : [norm];
        List<LinearOperator> expert = [.. dense];
        AddFeedForward(dense, "ffn", (double)model.FfnWidth / t);
        if (model.Experts is { } experts)
        {
            expert.Add(LinearOperator.Matrix("router", h, experts.Count, a, a, 2) with { IsPlain = true });
            if (experts.Shared > 0) AddFeedForward(expert, "shared", (double)experts.Shared * experts.SharedWidth / t);
            expert.Add(new("combine", 0, 0, (experts.TopK + 1) * h * a));
        }

        double vocabulary = (double)model.Vocabulary / t;
        return new(
            attention,
            dense,
            expert,
            [new("embedding", 0, 0, 2 * h * a) { Kind = "embedding" }],
            [
                norm,
                LinearOperator.Matrix("logits", h, vocabulary, a, a) with { IsPlain = true },
                new("sampling", 0, 0, model.Vocabulary * LogitBytes, 2) { Kind = "sampling" },
            ]);

        // Down to the ranks and up again to this device's heads. The keys' and values' part of the way up is absorbed into queries and outputs.
        void AddLatentProjections(List<LinearOperator> to, LatentAttention l)
        {
            if (l.QueryRank > 0) to.Add(LinearOperator.Matrix("query down", h, l.QueryRank, b, a));
            to.Add(LinearOperator.Matrix("query up", l.QueryRank > 0 ? l.QueryRank : h, queryOut, b, a));
            to.Add(LinearOperator.Matrix("latent down", h, l.KvRank + l.RopeWidth, b, a));
            to.Add(LinearOperator.Matrix("absorbed", l.KvRank, (double)shard.Heads * (l.NopeWidth + l.ValueWidth), b, a));
        }

        void AddFeedForward(List<LinearOperator> to, string name, double width)
        {
            double upWidth = model.Gated ? 2 * width : width;
            to.Add(LinearOperator.Matrix($"{name} up", h, upWidth, b, a));
            to.Add(new($"{name} activation", 0, 0, (upWidth + width) * a) { Kind = "activation" });
            to.Add(LinearOperator.Matrix($"{name} down", width, h, b, a));
        }
    }
}
