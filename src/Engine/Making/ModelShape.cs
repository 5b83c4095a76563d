using Orrery.Kernel;

namespace Orrery.Engine.Making;

/// <summary>Sizes of a made model.</summary>
/// <param name="Name">As flags write it.</param>
/// <param name="Architecture">Name of a <see cref="MadeArchitecture"/>: the one that is taken when none is named.</param>
/// <param name="Layers">Blocks.</param>
/// <param name="Width">Length of a token's vector.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="KeySize">Numbers of a head's key, and of its value.</param>
/// <param name="FeedForward">Inner width of the feed-forward part; of each expert where there are experts.</param>
/// <param name="Vocabulary">Tokens.</param>
/// <param name="Context">Tokens that the model says it can see.</param>
/// <param name="Window">Tokens that a layer with a sliding window sees, in the architectures that have such layers.</param>
/// <param name="Experts">Experts of each layer, in the architectures that have them.</param>
/// <param name="ExpertsUsed">Experts that a token goes through.</param>
public sealed record ModelShape(
    string Name, string Architecture, int Layers, int Width, int Heads, int KvHeads, int KeySize, int FeedForward, int Vocabulary, int Context,
    int Window = 4096, int Experts = 8, int ExpertsUsed = 2)
{
    /// <summary>
    /// <c>r110m</c> and <c>r1.1b</c> serve speed tests: the latter is TinyLlama's shape (its config, b), the former GPT-2 small's width and depth
    /// with a feed-forward part of 8/3 of the width, rounded up to 256 (d). The tiny ones serve tests: each has what is special in its architecture.
    /// </summary>
    public static IReadOnlyList<ModelShape> All { get; } =
    [
        new("r110m", "llama", 12, 768, 12, 12, 64, 2048, 32000, 2048),
        new("r1.1b", "llama", 22, 2048, 32, 4, 64, 5632, 32000, 2048),
        Tiny("llama"),
        Tiny("llama3"),
        Tiny("llama-moe") with { Experts = 4 },
        Tiny("qwen2"),
        Tiny("qwen3") with { KeySize = 128 },
        Tiny("phi3") with { KvHeads = 4 },
        Tiny("gemma2") with { KeySize = 32 },
        // Every sixth layer sees everything.
        Tiny("gemma3") with { Layers = 6, FeedForward = 384 },
        Tiny("qwen3moe") with { KeySize = 32, Experts = 4, FeedForward = 256 },
    ];

    /// <exception cref="InputException">No shape has this name.</exception>
    public static ModelShape Find(string name) =>
        All.FirstOrDefault(shape => shape.Name == name)
        ?? throw new InputException($"there is no shape '{name}'{Names.Suggest(name, [.. All.Select(shape => shape.Name)])}");

    private static ModelShape Tiny(string architecture) => new("tiny-" + architecture, architecture, 2, 256, 4, 2, 64, 512, 512, 256, Window: 16);
}
