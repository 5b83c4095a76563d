namespace Orrery.Serving.Systems.SpotServe;

/// <summary>Measured times of one layer under one tensor degree, for micro-batches of 1, 2 and 4 requests.</summary>
/// <param name="Tensor">GPUs that share the layer.</param>
/// <param name="PromptMilliseconds">A prompt of 512 tokens each.</param>
/// <param name="TokenMilliseconds">One further token each.</param>
public sealed record LayerTimes(int Tensor, IReadOnlyList<double> PromptMilliseconds, IReadOnlyList<double> TokenMilliseconds);

/// <summary>
/// A model as the planner knows it: sizes, and times per layer measured on machines of four T4 that are joined by TCP at 50 Gbit/s.
/// </summary>
/// <remarks>Source of every number: profiles and model settings in SpotServe's artefact (b). Weights and KV are 32-bit numbers (b).</remarks>
/// <param name="Layers">Layers that compute.</param>
/// <param name="PaddedLayers">Layers that are stored and dealt to stages; a number of stages must divide it.</param>
/// <param name="PromptLinkMilliseconds">From stage to stage, a whole batch of prompts.</param>
/// <param name="TokenLinkMilliseconds">The same for one token each.</param>
/// <param name="LeastGpus">Fewer cannot hold the model.</param>
/// <param name="MostTensor">Largest tensor degree that is searched.</param>
/// <param name="EmbedMilliseconds">Embedding of batches of 1, 2 and 4.</param>
/// <param name="Rate">Requests per second of the study.</param>
/// <param name="RequiredRate">Throughput that the study asks of the planner, in requests per second.</param>
public sealed record LayerProfile(
    string Name, int Layers, int PaddedLayers, int Hidden, double PromptLinkMilliseconds, double TokenLinkMilliseconds, int LeastGpus,
    int MostTensor, IReadOnlyList<double> EmbedMilliseconds, IReadOnlyList<LayerTimes> Times, double Rate, double RequiredRate)
{
    /// <summary>Largest batch of the profiles that is used (b).</summary>
    public const int MostBatch = 4;

    /// <summary>Tokens of every prompt, as profiled (b).</summary>
    public const int PromptTokens = 512;

    /// <summary>Words of the models' vocabulary (b).</summary>
    public const int Vocabulary = 51200;

    /// <summary>Rows of the table of positions: prompt and output (b).</summary>
    public const int Positions = 640;

    /// <summary>Bytes of a weight, and of a KV element: 32-bit floats (b).</summary>
    public const int ElementBytes = 4;

    /// <summary>Keys and values: each position of each layer holds two vectors. The artefact's own estimate counts one of them (b).</summary>
    public const int KvVectors = 2;

    public static readonly LayerProfile Opt6 = new(
        "opt-6.7b", 32, 36, 4096, 5.3, 0.07, 4, 16, [0.298, 0.372, 0.461],
        [
            new(1, [44.087, 97.182, 191.815], [3.224, 3.310, 3.632]), new(2, [26.411, 50.779, 105.607], [1.841, 1.701, 1.898]),
            new(4, [19.567, 31.043, 61.566], [1.056, 0.932, 1.021]), new(8, [17.733, 26.569, 44.562], [1.278, 1.050, 1.309]),
            new(16, [14.310, 24.214, 35.517], [1.437, 1.568, 1.695]),
        ],
        1.5, 2);

    public static readonly LayerProfile Gpt20 = new(
        "gpt-20b", 44, 48, 6144, 7.0, 0.1, 12, 8, [0.318, 0.471, 0.607],
        [
            new(1, [107.203, 224.025, 454.014], [7.144, 7.259, 7.949]), new(2, [54.478, 115.698, 244.748], [3.808, 3.759, 4.076]),
            new(4, [37.562, 64.610, 132.855], [1.968, 1.938, 2.130]), new(8, [32.200, 42.778, 80.624], [1.758, 1.764, 1.932]),
        ],
        0.35, 0.4);

    public static readonly LayerProfile Llama30 = new(
        "llama-30b", 48, 48, 7168, 8.0, 0.15, 16, 8, [0.404, 0.519, 0.797],
        [
            new(1, [160.742, 347.878, 823.624], [9.541, 10.286, 10.838]), new(2, [84.197, 173.763, 362.301], [4.980, 5.235, 5.657]),
            new(4, [66.079, 93.799, 191.445], [2.618, 2.632, 2.837]), new(8, [41.947, 67.061, 109.761], [2.263, 2.493, 2.418]),
        ],
        0.2, 0.2);

    public static readonly IReadOnlyList<LayerProfile> All = [Opt6, Gpt20, Llama30];

    /// <summary>Bytes of a layer's weights that tensor ranks share: 12 h² + 7 h elements.</summary>
    public long LayerBytes => ((12L * Hidden) + 7) * Hidden * ElementBytes;

    /// <summary>Bytes of a layer that every rank holds: 6 h elements.</summary>
    public long LayerReplicatedBytes => 6L * Hidden * ElementBytes;

    /// <summary>Bytes of the embeddings that every GPU holds.</summary>
    public long EmbeddingBytes => (long)(Vocabulary + Positions) * Hidden * ElementBytes;

    /// <summary>Bytes of the output embedding that every GPU of the last stage holds.</summary>
    public long HeadBytes => (long)(Vocabulary + 2) * Hidden * ElementBytes;

    /// <summary>KV bytes of one layer for a batch whose buffers hold a context of so many tokens each.</summary>
    public long LayerKvBytes(int batch, int contextTokens) => (long)batch * contextTokens * Hidden * KvVectors * ElementBytes;

    /// <exception cref="ArgumentOutOfRangeException">Not a degree of the profile.</exception>
    public LayerTimes TimesOf(int tensor) =>
        Times.FirstOrDefault(times => times.Tensor == tensor) ?? throw new ArgumentOutOfRangeException(nameof(tensor), tensor, $"{Name} has no profile of this tensor degree");
}
