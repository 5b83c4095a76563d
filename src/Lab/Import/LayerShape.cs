using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Lab.Import;

/// <summary>
/// Sizes of a layer on one of several tensor-parallel devices, and what each of its operators reads, writes and multiplies. Heads and inner
/// widths are cut; hidden states are not. Bytes per token count every operand once, in 16 bit, intermediate results left out.
/// </summary>
internal sealed record LayerShape(long Hidden, int Heads, int KvHeads, int HeadWidth, long FfnWidth, bool Gated, long Vocabulary, int Tensor)
{
    private const double ElementBytes = 2;

    /// <summary>Samplers work in single precision (vLLM and its ancestors).</summary>
    private const double LogitBytes = 4;

    public static LayerShape Of(ModelSpec model, int tensor) =>
        new(model.Hidden, model.Heads, model.KvHeads, model.HeadWidth, InnerWidth(model), model.Gated, model.Vocabulary, tensor);

    /// <summary>Of the dense feed-forward part, or of an expert where no layer is dense.</summary>
    public static int InnerWidth(ModelSpec model) => model.FfnWidth > 0 ? model.FfnWidth : model.Experts?.Width ?? 0;

    /// <summary>
    /// Width of a head where a table states only model width and heads: that of the catalogue's models with these three sizes, or the width
    /// shared out over the heads. Qwen3 and Gemma have wider heads than their share.
    /// </summary>
    public static int FindHeadWidth(int hidden, int heads, int kvHeads)
    {
        IEnumerable<ModelSpec> alike = Catalog.Models.Where(m => m.Hidden == hidden && m.Heads == heads && m.KvHeads == kvHeads && m.Latent is null);
        int[] widths = [.. alike.Select(m => m.HeadWidth).Distinct()];
        return widths.Length == 1 ? widths[0] : Math.Max(1, hidden / heads);
    }

    public int HeadsHere => Math.Max(1, Heads / Tensor);

    /// <summary>At least one: fewer KV heads than devices are copied.</summary>
    public int KvHeadsHere => Math.Max(1, KvHeads / Tensor);

    private long FfnHere => Math.Max(1, FfnWidth / Tensor);

    private long HeadsWidth => (long)HeadsHere * HeadWidth;

    private long KvWidth => (long)KvHeadsHere * HeadWidth;

    /// <summary>Adds a sample of an operator of this layer, a matrix product or elementwise.</summary>
    public void Add(SetBuilder set, LayerOperator what, long rows, double seconds)
    {
        switch (what)
        {
            case LayerOperator.Qkv: Matrix("qkv", HeadsWidth + (2 * KvWidth), Hidden); break;
            case LayerOperator.Query: Matrix("query", HeadsWidth, Hidden); break;
            case LayerOperator.KeyOrValue: Matrix("key-value", KvWidth, Hidden); break;
            case LayerOperator.Output: Matrix("output", Hidden, HeadsWidth); break;
            case LayerOperator.Up: Matrix("up", (Gated ? 2 : 1) * FfnHere, Hidden); break;
            case LayerOperator.HalfUp: Matrix("up", FfnHere, Hidden); break;
            case LayerOperator.Down: Matrix("down", Hidden, FfnHere); break;
            case LayerOperator.Head: Matrix("head", Math.Max(1, Vocabulary / Tensor), Hidden); break;
            case LayerOperator.Norm: Vector("norm", 2 * Hidden); break;
            case LayerOperator.AddNorm: Vector("norm", 4 * Hidden); break;
            case LayerOperator.QueryKeyNorm: Vector("qk-norm", 2 * (HeadsWidth + KvWidth)); break;
            case LayerOperator.Position: Vector("position", 2 * (HeadsWidth + KvWidth)); break;
            case LayerOperator.Activation: Vector("activation", (Gated ? 3 : 2) * FfnHere); break;
            case LayerOperator.Add: Vector("add", 3 * Hidden); break;
            case LayerOperator.Embedding: Vector("embedding", 2 * Hidden); break;
            case LayerOperator.CacheWrite: Vector("cache-write", 4 * KvWidth); break;
            case LayerOperator.Sampling: set.Vectors.Add(new("sampling", rows, LogitBytes * Math.Max(1, Vocabulary / Tensor), seconds)); break;
            default: throw new ArgumentOutOfRangeException(nameof(what), what, "an operator without a shape");
        }

        void Matrix(string name, long outputs, long inputs) => set.Matrices.Add(new(Precision.Bf16, rows, outputs, inputs, seconds, name));

        void Vector(string name, long elements) => set.Vectors.Add(new(name, rows, elements * ElementBytes, seconds));
    }
}

/// <summary>Operators of a layer that tables time one by one.</summary>
internal enum LayerOperator
{
    /// <summary>Query, key and value projections in one product.</summary>
    Qkv,
    Query,
    KeyOrValue,
    Output,

    /// <summary>Gate and up projections in one product, or up alone where nothing is gated.</summary>
    Up,

    /// <summary>One of gate and up.</summary>
    HalfUp,
    Down,

    /// <summary>The vocabulary projection.</summary>
    Head,
    Norm,

    /// <summary>A norm that adds the residual first and writes both.</summary>
    AddNorm,
    QueryKeyNorm,
    Position,
    Activation,
    Add,
    Embedding,
    CacheWrite,
    Sampling,
}
