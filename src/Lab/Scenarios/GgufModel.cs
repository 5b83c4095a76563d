using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Kernel;
using Orrery.World.Models;

namespace Orrery.Lab.Scenarios;

/// <summary>The architecture in a GGUF file's header, for simulation: the same keys that the CPU engine reads; no weights are touched.</summary>
internal static class GgufModel
{
    /// <exception cref="InputException">No sound model file, or an architecture that is not known.</exception>
    public static ModelSpec Read(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        ModelConfig config = ModelConfig.Read(file);
        bool isMixture = config.Experts > 0;
        return new ModelSpec(
            Path.GetFileNameWithoutExtension(path), config.Layers, config.Width, config.Heads, config.KvHeads, config.KeySize,
            FfnWidth: isMixture ? 0 : config.FeedForward, Gated: true, config.Vocabulary, TiedEmbeddings: file.Find("output.weight") is null,
            config.ContextLength, Source: $"{config.Architecture} header of {Path.GetFileName(path)} (a)")
        {
            Experts = isMixture ? new ExpertsSpec(config.Experts, config.ExpertsUsed, config.FeedForward) : null,
            Window = WindowOf(config.Windows),
        };
    }

    private static SlidingWindow? WindowOf(IReadOnlyList<int> windows)
    {
        int tokens = windows.FirstOrDefault(window => window > 0);
        if (tokens == 0) return null;
        int firstFull = windows.TakeWhile(window => window > 0).Count();
        return new SlidingWindow(tokens, firstFull == windows.Count ? 0 : firstFull + 1);
    }
}
