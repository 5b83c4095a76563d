using Orrery.Kernel;

namespace Orrery.Engine.Making;

/// <summary>What distinguishes an architecture's file: which tensors and which metadata it has.</summary>
/// <remarks>Source: tensor names and metadata keys of the files that llama.cpp's converter writes (b).</remarks>
/// <param name="Name">As flags write it.</param>
/// <param name="Key">Value of <c>general.architecture</c> and prefix of the other keys.</param>
/// <param name="RopeBase">Base of the rotary frequencies.</param>
/// <param name="NormEpsilon">Added to the mean square of a normalisation.</param>
public sealed record MadeArchitecture(string Name, string Key, float RopeBase, float NormEpsilon)
{
    public static IReadOnlyList<MadeArchitecture> All { get; } =
    [
        new("llama", "llama", 10_000, 1e-5f) { SaysRopeSize = true },
        new("llama3", "llama", 500_000, 1e-5f) { SaysRopeSize = true, HasRopeFactors = true, HasByteVocabulary = true, Pretokenizer = "llama-bpe" },
        new("llama-moe", "llama", 10_000, 1e-5f) { SaysRopeSize = true, HasExperts = true },
        new("qwen2", "qwen2", 1_000_000, 1e-6f) { HasBias = true, HasByteVocabulary = true, IsTied = true },
        new("qwen3", "qwen3", 1_000_000, 1e-6f) { HasHeadNorms = true, SaysHeadSize = true, HasByteVocabulary = true, IsTied = true },
        new("phi3", "phi3", 10_000, 1e-5f) { IsFused = true, SaysRopeSize = true },
        new("gemma2", "gemma2", 10_000, 1e-6f) { HasPostNorms = true, SaysHeadSize = true, HasSoftCaps = true, HasWindow = true, IsTied = true },
        new("gemma3", "gemma3", 1_000_000, 1e-6f) { HasPostNorms = true, HasHeadNorms = true, SaysHeadSize = true, HasWindow = true, IsTied = true },
        new("qwen3moe", "qwen3moe", 1_000_000, 1e-6f) { HasHeadNorms = true, SaysHeadSize = true, HasByteVocabulary = true, HasExperts = true },
    ];

    /// <summary>Queries, keys and values have biases.</summary>
    public bool HasBias { get; init; }

    /// <summary>Each head's query and key is normalised.</summary>
    public bool HasHeadNorms { get; init; }

    /// <summary>Query, key and value are one matrix, and so are gate and up.</summary>
    public bool IsFused { get; init; }

    /// <summary>The outputs of attention and feed-forward are normalised before they are added.</summary>
    public bool HasPostNorms { get; init; }

    /// <summary>The size of a head is a key of its own, and need not be width / heads.</summary>
    public bool SaysHeadSize { get; init; }

    public bool SaysRopeSize { get; init; }

    public bool HasSoftCaps { get; init; }

    /// <summary>Some layers see a sliding window.</summary>
    public bool HasWindow { get; init; }

    public bool HasExperts { get; init; }

    /// <summary>The output matrix is the embedding.</summary>
    public bool IsTied { get; init; }

    /// <summary>Each rotary frequency is divided by a factor of its own, as in Llama 3.1.</summary>
    public bool HasRopeFactors { get; init; }

    /// <summary>How a byte-level vocabulary cuts text into words.</summary>
    public string Pretokenizer { get; init; } = "qwen2";

    /// <summary>Byte-level pairs instead of scored pieces.</summary>
    public bool HasByteVocabulary { get; init; }

    /// <exception cref="InputException">No architecture has this name.</exception>
    public static MadeArchitecture Find(string name) =>
        All.FirstOrDefault(architecture => architecture.Name == name)
        ?? throw new InputException($"there is no architecture '{name}' to make{Names.Suggest(name, [.. All.Select(architecture => architecture.Name)])}");
}
