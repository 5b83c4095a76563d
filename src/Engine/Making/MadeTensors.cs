using Orrery.Engine.Tensors;

namespace Orrery.Engine.Making;

/// <summary>The tensors of a made model in the order of real files.</summary>
/// <remarks>
/// Deviations (d): 1 / sqrt(columns), so that a matrix keeps the size of a normalised vector; what is added to the residual stream is smaller by sqrt(2 layers);
/// the final normalisation brings the logits to a deviation of about <see cref="LogitDeviation"/>. A tied embedding is smaller, or a token would always predict itself.
/// </remarks>
internal sealed class MadeTensors(ModelRecipe recipe)
{
    /// <summary>Routers decide by small differences and are never quantised.</summary>
    public const string RouterSuffix = "ffn_gate_inp.weight";

    private const float LogitDeviation = 2;
    private const float TiedEmbedding = 0.5f;

    /// <summary>Where every part's output is normalised to size 1 before it is added, the embedding must be smaller still to stay a fair share.</summary>
    private const float TiedScaledEmbedding = 0.25f;

    /// <summary>Between those of Llama 3.1, which go from 1 for the high frequencies to 8 for the low ones.</summary>
    private const float RopeFactor = 4;

    private const float NormDeviation = 0.1f;
    private const float BiasDeviation = 0.1f;
    private readonly List<TensorPlan> _tensors = [];

    public List<TensorPlan> List()
    {
        (MadeArchitecture architecture, ModelShape shape) = (recipe.Architecture, recipe.Shape);
        float embedding = !architecture.IsTied ? 1 : architecture.HasPostNorms ? TiedScaledEmbedding : TiedEmbedding;
        Matrix("token_embd.weight", shape.Width, shape.Vocabulary, embedding);
        if (architecture.HasRopeFactors) Vector("rope_freqs.weight", shape.KeySize / 2, RopeFactor, NormDeviation * RopeFactor);
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            AddAttention($"blk.{layer}.");
            AddFeedForward($"blk.{layer}.");
        }
        Vector("output_norm.weight", shape.Width, LogitDeviation / embedding, NormDeviation);
        if (!architecture.IsTied) Matrix("output.weight", shape.Width, shape.Vocabulary);
        return _tensors;
    }

    private float OfResidual => 1 / MathF.Sqrt(2 * recipe.Shape.Layers);

    private void AddAttention(string prefix)
    {
        (MadeArchitecture architecture, ModelShape shape) = (recipe.Architecture, recipe.Shape);
        int queries = shape.Heads * shape.KeySize;
        int keys = shape.KvHeads * shape.KeySize;
        Norm(prefix + "attn_norm.weight", shape.Width);
        if (architecture.IsFused)
        {
            Matrix(prefix + "attn_qkv.weight", shape.Width, queries + 2 * keys);
        }
        else
        {
            foreach ((string part, int rows) in (ReadOnlySpan<(string, int)>)[("q", queries), ("k", keys), ("v", keys)])
            {
                Matrix($"{prefix}attn_{part}.weight", shape.Width, rows);
                if (architecture.HasBias) Vector($"{prefix}attn_{part}.bias", rows, 0, BiasDeviation);
            }
        }
        if (architecture.HasHeadNorms)
        {
            Norm(prefix + "attn_q_norm.weight", shape.KeySize);
            Norm(prefix + "attn_k_norm.weight", shape.KeySize);
        }
        Matrix(prefix + "attn_output.weight", queries, shape.Width, OfResidual);
        if (architecture.HasPostNorms) Norm(prefix + "post_attention_norm.weight", shape.Width);
    }

    private void AddFeedForward(string prefix)
    {
        (MadeArchitecture architecture, ModelShape shape) = (recipe.Architecture, recipe.Shape);
        Norm(prefix + "ffn_norm.weight", shape.Width);
        if (architecture.HasExperts)
        {
            _tensors.Add(new(prefix + RouterSuffix, TensorType.F32, [shape.Width, shape.Experts], 0, Deviation(shape.Width)));
            Experts(prefix + "ffn_gate_exps.weight", shape.Width, shape.FeedForward);
            Experts(prefix + "ffn_up_exps.weight", shape.Width, shape.FeedForward);
            Experts(prefix + "ffn_down_exps.weight", shape.FeedForward, shape.Width, OfResidual);
        }
        else
        {
            if (!architecture.IsFused) Matrix(prefix + "ffn_gate.weight", shape.Width, shape.FeedForward);
            Matrix(prefix + "ffn_up.weight", shape.Width, architecture.IsFused ? 2 * shape.FeedForward : shape.FeedForward);
            Matrix(prefix + "ffn_down.weight", shape.FeedForward, shape.Width, OfResidual);
        }
        if (architecture.HasPostNorms) Norm(prefix + "post_ffw_norm.weight", shape.Width);
    }

    private void Matrix(string name, int columns, int rows, float scale = 1) => Add(name, [columns, rows], scale);

    private void Experts(string name, int columns, int rows, float scale = 1) => Add(name, [columns, rows, recipe.Shape.Experts], scale);

    private void Add(string name, long[] dimensions, float scale) =>
        _tensors.Add(new(name, TensorPlan.Fitting(recipe.Type, dimensions[0]), dimensions, 0, scale * Deviation(dimensions[0])));

    private void Norm(string name, int size) => Vector(name, size, 1, NormDeviation);

    private void Vector(string name, int size, float mean, float deviation) => _tensors.Add(new(name, TensorType.F32, [size], mean, deviation));

    private static float Deviation(long columns) => 1 / MathF.Sqrt(columns);
}
