using Orrery.World.Models;

namespace Orrery.Serving.Systems.Sn40lCoe;

/// <summary>How well kernels use a machine.</summary>
/// <param name="KernelsPerLayer">Launched one after the other.</param>
/// <param name="MemoryShare">η, share of the fast memory's bandwidth that is reached.</param>
/// <param name="KeepsIntermediates">What passes between the operators of a layer stays on the chip.</param>
public readonly record struct KernelStyle(double KernelsPerLayer, double MemoryShare, bool KeepsIntermediates);

/// <summary>
/// Time of a pass of one dense model: max((weights + KV + intermediates)/(η·bandwidth), FLOP/(share·peak)) + kernels·launch + two
/// collectives per layer (d, with η and the kernel counts of the system's card). Fusion enters by η, by the number of kernels and by
/// the intermediates that never leave the chip.
/// </summary>
public sealed class LayerKernels(
    ModelSpec model, ExpertMachine machine, KernelStyle style, double computeShare, double launchSeconds, double collectiveSeconds, double bytesPerElement)
{
    /// <summary>An operator's output is written by it and read by the next.</summary>
    private const double ReadAndWrite = 2;

    /// <summary>Two per layer in tensor parallelism, after attention and after the feed-forward part.</summary>
    private const double CollectivesPerLayer = 2;

    public double WeightBytes { get; } = model.TotalParameters * bytesPerElement;

    /// <summary>Keys and values of a token.</summary>
    public double KvBytesPerToken { get; } = 2.0 * model.Layers * model.KvHeads * model.HeadWidth * bytesPerElement;

    /// <summary>Seconds of a pass over <paramref name="tokens"/> tokens of <paramref name="sequences"/> sequences that see <paramref name="context"/> tokens each.</summary>
    public double Seconds(double tokens, double sequences, double context)
    {
        double bytes = WeightBytes + (sequences * context * KvBytesPerToken);
        if (!style.KeepsIntermediates) bytes += tokens * IntermediateBytes(context);
        double flops = tokens * (model.LinearFlopsPerToken + (4.0 * model.Layers * model.Heads * model.HeadWidth * context)) + (sequences * model.LogitsFlopsPerToken);
        double work = Math.Max(bytes / (style.MemoryShare * machine.HbmBytesPerSecond), flops / (computeShare * machine.FlopsPerSecond));
        double collectives = machine.Devices > 1 ? CollectivesPerLayer * collectiveSeconds : 0;
        return work + (model.Layers * ((style.KernelsPerLayer * launchSeconds) + collectives));
    }

    /// <summary>
    /// What the operators of all layers pass on for one token: two norms, queries, keys and values before and after rotation, scores
    /// before and after softmax, their product with the values, two projections with their residual sums, and the feed-forward rows.
    /// </summary>
    public double IntermediateBytes(double context)
    {
        double stream = 6.0 * model.Hidden;
        double attention = (2.0 * model.HeadWidth * (model.Heads + (2.0 * model.KvHeads))) + (2.0 * model.Heads * context) + (model.Heads * model.HeadWidth);
        double feed = (model.Gated ? 3.0 : 2.0) * model.FfnWidth;
        return ReadAndWrite * model.Layers * bytesPerElement * (stream + attention + feed);
    }
}
