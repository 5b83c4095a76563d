using Orrery.Documents;
using Orrery.World.Deployments;

namespace Orrery.Serving.Memory;

/// <summary>Options of paged KV memory, with or without shared prefixes.</summary>
public sealed record PagedOptions : MemorySpec
{
    /// <summary>Largest block that may be asked for, tokens.</summary>
    public const int LargestBlock = 4096;

    public static readonly OptionSet<PagedOptions> Set = new OptionSet<PagedOptions>()
        .OptionalInt("blockTokens", o => o.BlockSize, (o, v) => o with { BlockSize = v },
            "tokens of a block; null: the engine's usual, mostly 16", "vLLM (b)", min: 1, max: LargestBlock)
        .Number("utilization", o => o.Utilization, (o, v) => o with { Utilization = v },
            "share of the usable device memory that the engine takes", "vLLM (b)", min: SmallestUtilization, max: 1)
        .OptionalBool("prefixCache", o => o.PrefixCache, (o, v) => o with { PrefixCache = v },
            "keeps and shares the KV of prefixes; null: as the engine does", "vLLM v1 code (b)");

    public int? BlockSize { get; init; }

    public bool? PrefixCache { get; init; }

    public override bool SharesPrefixes => PrefixCache ?? false;

    public override MemorySpec Resolve(bool usesPrefixCache, int usualBlockTokens) =>
        this with { BlockSize = BlockSize ?? usualBlockTokens, PrefixCache = PrefixCache ?? usesPrefixCache };

    public override int BlockTokens(Deployment deployment) => BlockSize ?? KvCapacity.DefaultBlockTokens;

    public override IKvMemory Create(Deployment deployment, int blocks, int maxModelTokens) =>
        SharesPrefixes ? new PrefixCachedMemory(blocks, BlockTokens(deployment)) : new PagedMemory(blocks, BlockTokens(deployment));
}
