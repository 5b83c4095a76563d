using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>How a kernel of prompts behaves when decodes run in it. Fitted over devices (b) unless said otherwise.</summary>
/// <param name="LaunchSeconds">Of the kernel.</param>
/// <param name="BlockSeconds">Prologue and epilogue of a block.</param>
/// <param name="EmptyBlockSeconds">A block of a sequence that has no such tile: the grid is as wide as the longest chunk.</param>
/// <param name="PeakShare">Share of its processor's peak that a block reaches.</param>
/// <param name="BandwidthShare">Share of peak bandwidth that many blocks reach together.</param>
/// <param name="Rereads">
/// How often keys and values are read again once the cache cannot hold them: this, times the heads of a group, times decodes over processors
/// (heads of a group that run at the same time still share), at most once per head.
/// </param>
/// <param name="CacheStart">Where rereading starts: size of what one KV head of all decodes reads, over the size of the cache.</param>
/// <param name="CacheSpan">The same ratio, from the start until every head reads for itself.</param>
public readonly record struct SharedKernel(
    double LaunchSeconds,
    double BlockSeconds,
    double EmptyBlockSeconds,
    double PeakShare,
    double BandwidthShare,
    double Rereads,
    double CacheStart,
    double CacheSpan)
{
    /// <summary>Contexts are walked in steps of this many tokens (b); half of one is what the last step wastes.</summary>
    private const double WalkTokens = 64;

    /// <summary>The values of the two measured devices together.</summary>
    public static SharedKernel Usual { get; } = new(4e-6, 4e-6, 0.33e-6, 0.65, 0.9, 1.7, 0.7, 0.6);

    /// <summary>Seconds of one layer, before the correction of a surface.</summary>
    /// <remarks>
    /// Blocks are handed out head after head. With no more blocks than processors the longest decides. With more, a long block of the last
    /// head starts when the others' work is nearly done, so the time is that work over all processors plus one long block (list scheduling,
    /// Graham 1969), never less than the mean load.
    /// </remarks>
    public double Seconds(in AttentionSite site, in PrefillWork work, long decodes, double meanContext, double longestContext)
    {
        double perToken = site.PairFlops * PrefillWork.TileRows * site.Processors / (site.PeakFlops * PeakShare);
        double chunkBlocks = (double)work.Tiles * site.Heads;
        double decodeBlocks = (double)decodes * site.Heads;
        double chunkBlock = BlockSeconds + (perToken * work.PaddedPairs / ((double)work.Tiles * PrefillWork.TileRows));
        double longChunkBlock = BlockSeconds + (perToken * work.LongestKv);
        double decodeBlock = BlockSeconds + (perToken * (meanContext + (WalkTokens / 2)));
        double longDecodeBlock = BlockSeconds + (perToken * (longestContext + (WalkTokens / 2)));
        double widest = Math.Ceiling(work.TypicalTokens / PrefillWork.TileRows);
        double load = (chunkBlocks * chunkBlock) + (decodeBlocks * decodeBlock) + (EmptyBlockSeconds * decodeBlocks * (widest - 1));

        bool chunksLast = longChunkBlock >= longDecodeBlock;
        double last = chunksLast ? longChunkBlock : longDecodeBlock;
        double lastMean = chunksLast ? chunkBlock : longDecodeBlock;
        // How many decodes are long is not known; equal ones all are, and the share falls steeply with the mean over the longest.
        double evenness = meanContext / longestContext;
        double lastBlocks = chunksLast ? chunkBlocks : site.Heads * Math.Max(1, decodes * evenness * evenness * evenness);
        double busy = last;
        if (chunkBlocks + decodeBlocks > site.Processors)
        {
            double others = Math.Max(0, load - (lastBlocks * lastMean));
            double start = ((others * (site.Heads - 1) / site.Heads) + (Math.Max(0, lastBlocks - site.Processors) * lastMean)) / site.Processors;
            double rounds = Math.Ceiling(lastBlocks / site.Processors) * lastMean;
            busy = Math.Max(Math.Max(load / site.Processors, rounds), start + last);
        }

        double held = decodes * meanContext * site.KvTokenBytes / site.CacheBytes;
        double passes = Math.Clamp(Rereads * site.Group * decodes / site.Processors, 1, site.Group);
        passes = 1 + ((passes - 1) * Math.Clamp((held - CacheStart) / CacheSpan, 0, 1));
        double bytes = ((decodes * meanContext * passes) + work.KvTokens) * site.KvHeads * site.KvTokenBytes;
        return LaunchSeconds + Math.Max(busy, bytes / (site.Bandwidth * BandwidthShare));
    }

    /// <summary>Reads all values; times with units.</summary>
    /// <exception cref="Kernel.InputException">A value is missing or no number.</exception>
    public static SharedKernel Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        SharedKernel read = new(
            map.Quantity("launch", Quantity.Duration),
            map.Quantity("block", Quantity.Duration),
            map.Quantity("emptyBlock", Quantity.Duration),
            map.Number("peakShare"),
            map.Number("bandwidthShare"),
            map.Number("rereads"),
            map.Number("cacheStart"),
            map.Number("cacheSpan"));
        map.Done();
        return read;
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write() => Node.Map(
        KeyValuePair.Create("launch", FamilyText.Seconds(LaunchSeconds)),
        KeyValuePair.Create("block", FamilyText.Seconds(BlockSeconds)),
        KeyValuePair.Create("emptyBlock", FamilyText.Seconds(EmptyBlockSeconds)),
        KeyValuePair.Create("peakShare", FamilyText.Number(PeakShare)),
        KeyValuePair.Create("bandwidthShare", FamilyText.Number(BandwidthShare)),
        KeyValuePair.Create("rereads", FamilyText.Number(Rereads)),
        KeyValuePair.Create("cacheStart", FamilyText.Number(CacheStart)),
        KeyValuePair.Create("cacheSpan", FamilyText.Number(CacheSpan)));
}
