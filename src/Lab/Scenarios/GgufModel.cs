using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Shipped;
using Orrery.Kernel;
using Orrery.World.Deployments;
using Orrery.World.Hardware;
using Orrery.World.Models;

namespace Orrery.Lab.Scenarios;

/// <summary>The architecture in a GGUF file's header, for simulation: the same keys that the CPU engine reads; no weights are touched.</summary>
public static class GgufModel
{
    /// <summary>Name of the model that comes with the program, instead of a file's path.</summary>
    public const string Shipped = ShippedModel.Name;

    private const int BitsPerByte = 8;

    /// <exception cref="InputException">No sound model file, or an architecture that is not known.</exception>
    public static ModelSpec Read(string path)
    {
        using GgufFile file = Open(path);
        return Read(file, Path.GetFileNameWithoutExtension(path));
    }

    /// <param name="file">A model file.</param>
    /// <param name="name">What the model is called.</param>
    /// <exception cref="InputException">No model, or an architecture that is not known.</exception>
    public static ModelSpec Read(GgufFile file, string name)
    {
        ArgumentNullException.ThrowIfNull(file);
        ModelConfig config = ModelConfig.Read(file);
        bool isMixture = config.Experts > 0;
        return new ModelSpec(
            name, config.Layers, config.Width, config.Heads, config.KvHeads, config.KeySize,
            FfnWidth: isMixture ? 0 : config.FeedForward, Gated: true, config.Vocabulary, TiedEmbeddings: file.Find("output.weight") is null,
            config.ContextLength, Source: $"{config.Architecture} header of {file.Name} (a)")
        {
            Experts = isMixture ? new ExpertsSpec(config.Experts, config.ExpertsUsed, config.FeedForward) : null,
            Window = WindowOf(config.Windows),
        };
    }

    /// <inheritdoc cref="PrecisionOf(GgufFile)"/>
    /// <exception cref="InputException">No sound model file.</exception>
    public static PrecisionPlan PrecisionOf(string path)
    {
        using GgufFile file = Open(path);
        return PrecisionOf(file);
    }

    /// <summary>The formats of a file: that which is nearest to the mean width of the layers' weights, scales included; keys and values in 16 bit.</summary>
    public static PrecisionPlan PrecisionOf(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        double bytes = 0;
        double weights = 0;
        foreach (GgufTensor tensor in file.Tensors.Where(tensor => tensor.Name.StartsWith("blk.", StringComparison.Ordinal) && tensor.Dimensions.Count > 1))
        {
            bytes += tensor.ByteCount;
            weights += tensor.Dimensions.Aggregate(1.0, (product, dimension) => product * dimension);
        }
        double bits = weights > 0 ? BitsPerByte * bytes / weights : BitsPerByte * PrecisionSize.Bytes(Precision.Bf16);
        Precision nearest = new[] { Precision.Fp32, Precision.Bf16, Precision.Int8, Precision.Int4 }.MinBy(format => Math.Abs(Math.Log(bits / (BitsPerByte * PrecisionSize.Bytes(format)))));
        return new(nearest);
    }

    private static GgufFile Open(string path) => path == Shipped ? ShippedModel.Open() : GgufFile.Open(path);

    private static SlidingWindow? WindowOf(IReadOnlyList<int> windows)
    {
        int tokens = windows.FirstOrDefault(window => window > 0);
        if (tokens == 0) return null;
        int firstFull = windows.TakeWhile(window => window > 0).Count();
        return new SlidingWindow(tokens, firstFull == windows.Count ? 0 : firstFull + 1);
    }
}
