using Orrery.Kernel;

namespace Orrery.Engine.Models;

/// <summary>The non-linearity of the gated feed-forward layer.</summary>
public enum GateFunction
{
    /// <summary>x · sigmoid(x).</summary>
    Silu,

    /// <summary>GELU in its tanh form.</summary>
    Gelu,
}

/// <summary>What one architecture name of a model file stands for: the traits that no key of the file tells.</summary>
/// <remarks>Sources: the published model code of each family and the GGUF tensor naming, read in llama.cpp of February to October 2025 (b).</remarks>
/// <param name="Name">The value of <c>general.architecture</c>, also the prefix of its keys.</param>
/// <param name="Halves">Whether rotary pairs are (i, i + n/2); Llama files are permuted so that neighbours pair.</param>
/// <param name="Gate">The gate's function.</param>
/// <param name="ScalesEmbedding">Whether token embeddings are multiplied by the square root of the width.</param>
/// <param name="PostNorms">Whether attention and feed-forward outputs are normalised before they are added.</param>
/// <param name="HeadNorms">Whether queries and keys are normalised per head before they turn.</param>
/// <param name="FusedTensors">Whether the file holds query, key and value as one tensor and gate and up as another.</param>
/// <param name="InputBiases">Whether query, key and value must have biases (elsewhere they may).</param>
/// <param name="Mixture">Whether the feed-forward layer must be a mixture of experts (llama files may have one).</param>
public sealed record ModelFamily(
    string Name,
    bool Halves,
    GateFunction Gate = GateFunction.Silu,
    bool ScalesEmbedding = false,
    bool PostNorms = false,
    bool HeadNorms = false,
    bool FusedTensors = false,
    bool InputBiases = false,
    bool Mixture = false)
{
    public const string Llama = "llama";
    public const string Phi3 = "phi3";
    public const string Gemma2 = "gemma2";
    public const string Gemma3 = "gemma3";

    /// <summary>All architectures that this engine runs. Mistral, Mixtral, TinyLlama, SmolLM and Yi call themselves llama.</summary>
    public static IReadOnlyList<ModelFamily> All { get; } =
    [
        new(Llama, Halves: false),
        new("qwen2", Halves: true, InputBiases: true),
        new("qwen3", Halves: true, HeadNorms: true),
        new("qwen3moe", Halves: true, HeadNorms: true, Mixture: true),
        new(Phi3, Halves: true, FusedTensors: true),
        new(Gemma2, Halves: true, GateFunction.Gelu, ScalesEmbedding: true, PostNorms: true),
        new(Gemma3, Halves: true, GateFunction.Gelu, ScalesEmbedding: true, PostNorms: true, HeadNorms: true),
    ];

    /// <exception cref="InputException">An architecture that this engine does not run.</exception>
    public static ModelFamily Of(string name, string fileName) =>
        All.FirstOrDefault(family => family.Name == name)
        ?? throw new InputException($"{fileName}: architecture '{name}' is not supported{Names.Suggest(name, [.. All.Select(family => family.Name)])}");
}
