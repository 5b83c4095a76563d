using Orrery.Kernel.Time;
using Orrery.World.Deployments;
using Orrery.World.Models;
using Orrery.World.Profiles;

namespace Orrery.World.Cost;

/// <summary>
/// Decode attention over a latent cache in absorbed form. All query heads share one cache entry, so that a device that holds all heads computes
/// more than a hundred FLOP per byte: kernels of their own serve it, and the tables of grouped heads, whose kernels do not reach such groups,
/// say nothing about it. Roofline with the shares of the peaks that the best published kernel reaches.
/// </summary>
internal sealed class LatentDecode
{
    /// <summary>Share of dense 16-bit peak: 660 of 989 TFLOP/s on an H800 (c: FlashMLA, remembered).</summary>
    private const double ComputeShare = 660.0 / 989;

    /// <summary>Share of peak device-memory bandwidth: 3.0 of 3.35 TB/s on an H800 (c: FlashMLA, remembered).</summary>
    private const double BandwidthShare = 3.0 / 3.35;

    /// <summary>Sequences are split over processors, and the parts combined by a second kernel (c: FlashMLA, remembered).</summary>
    private const int Kernels = 2;

    private const double FloorNanoseconds = Kernels * VectorEfficiency.FloorSeconds * Duration.NanosecondsPerSecond;

    private readonly double _perPair;
    private readonly double _perKvToken;

    /// <param name="model">Has latent attention.</param>
    /// <param name="shard">Heads of the device; the cache is held whole.</param>
    /// <param name="site">Peaks of the device.</param>
    public LatentDecode(ModelSpec model, ShardSizes shard, in AttentionSite site)
    {
        const double ns = Duration.NanosecondsPerSecond;
        _perPair = (double)model.DecodeFlopsPerPair * shard.Heads / model.Heads * ns / (site.PeakFlops * ComputeShare);
        _perKvToken = shard.KvBytesPerTokenLayer * ns / (site.Bandwidth * BandwidthShare);
    }

    /// <summary>Nanoseconds of one layer.</summary>
    /// <param name="sequences">Sequences of the device.</param>
    /// <param name="context">Tokens that are read for each.</param>
    /// <param name="pairs">Query-key pairs of each; tokens that are read once for several sequences count for all of them.</param>
    public double Nanoseconds(long sequences, double context, double pairs) =>
        FloorNanoseconds + Math.Max(sequences * pairs * _perPair, sequences * context * _perKvToken);
}
