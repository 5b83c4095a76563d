using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.World.Deployments;

namespace Orrery.Serving.Memory;

/// <summary>Options of paged KV memory, with or without shared prefixes.</summary>
public sealed record PagedOptions : MemorySpec
{
    /// <summary>Largest block that may be asked for, tokens.</summary>
    public const int LargestBlock = 4096;

    /// <summary>A kernel slower than this by its layout alone would only be a mistake.</summary>
    private const double MostPenalty = 100;

    public static readonly OptionSet<PagedOptions> Set = new OptionSet<PagedOptions>()
        .OptionalInt("blockTokens", o => o.BlockSize, (o, v) => o with { BlockSize = v },
            "tokens of a block; null: the engine's usual, mostly 16", "vLLM (b)", min: 1, max: LargestBlock)
        .Number("utilization", o => o.Utilization, (o, v) => o with { Utilization = v },
            "share of the usable device memory that the engine takes", "vLLM (b)", min: SmallestUtilization, max: 1)
        .OptionalInt("blocks", o => o.StatedBlocks, (o, v) => o with { StatedBlocks = v },
            "KV blocks of a replica where they are known, in place of what utilization leaves; null: reckoned", "vLLM's override of the number of blocks (c)", min: 1)
        .OptionalBool("prefixCache", o => o.PrefixCache, (o, v) => o with { PrefixCache = v },
            "keeps and shares the KV of prefixes; null: as the engine does, but false beside hostSwap", "vLLM v1 code (b)")
        .Number("prefillPenalty", o => o.PrefillPenalty, (o, v) => o with { PrefillPenalty = v },
            "time that paged kernels add to prefill attention, as a share of it; a measured input, implied at most: 2.92 FlashAttention, 0.45 FlashInfer",
            "vAttention's headlines (d)", max: MostPenalty)
        .Number("decodePenalty", o => o.DecodePenalty, (o, v) => o with { DecodePenalty = v },
            "the same for decode attention; implied at most: 0.97 with vLLM's first kernel; good kernels have about 0", "vAttention's headlines (d)", max: MostPenalty)
        .Duration("tableEntry", o => o.TableEntry, (o, v) => o with { TableEntry = v },
            "CPU time per entry of the block tables, sequences × blocks of the longest, at each step; 0s: only what the profile counts per sequence",
            "our choice (d)");

    public int? BlockSize { get; init; }

    public bool? PrefixCache { get; init; }

    public double PrefillPenalty { get; init; }

    public double DecodePenalty { get; init; }

    public Duration TableEntry { get; init; }

    public override bool SharesPrefixes => PrefixCache ?? false;

    public override MemorySpec Resolve(bool usesPrefixCache, int usualBlockTokens) =>
        this with { BlockSize = BlockSize ?? usualBlockTokens, PrefixCache = PrefixCache ?? usesPrefixCache };

    public override int BlockTokens(Deployment deployment) => BlockSize ?? KvCapacity.DefaultBlockTokens;

    public override AttentionLayout Attention(Deployment deployment) =>
        new(PrefillPenalty, DecodePenalty, TableEntry.Seconds, BlockTokens(deployment));

    public override IKvMemory Create(Deployment deployment, int blocks, int maxModelTokens) =>
        SharesPrefixes ? new PrefixCachedMemory(blocks, BlockTokens(deployment)) : new PagedMemory(blocks, BlockTokens(deployment));
}
