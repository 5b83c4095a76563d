using Orrery.Documents;
using Orrery.World.Deployments;

namespace Orrery.Serving.Memory;

/// <summary>Options of <see cref="BlockGroupMemory"/>.</summary>
public sealed record BlockGroupOptions : MemorySpec
{
    /// <summary>Blocks of a group: the middle of the 8 to 128 over which it is worth sweeping (d).</summary>
    public const int DefaultGroup = 32;

    /// <summary>Largest group that may be asked for, blocks.</summary>
    public const int LargestGroup = 4096;

    public static readonly OptionSet<BlockGroupOptions> Set = new OptionSet<BlockGroupOptions>()
        .OptionalInt("blockTokens", o => o.BlockSize, (o, v) => o with { BlockSize = v },
            "tokens of a block; null: the engine's usual, mostly 16", "vLLM (b)", min: 1, max: PagedOptions.LargestBlock)
        .Int("groupBlocks", o => o.GroupBlocks, (o, v) => o with { GroupBlocks = v },
            "blocks of a group: groups are whole multiples of it where there is room; 1 reserves nothing ahead", "FastSwitch; our choice of 8-128 (d)", min: 1, max: LargestGroup)
        .Number("utilization", o => o.Utilization, (o, v) => o with { Utilization = v },
            "share of the usable device memory that the engine takes", "vLLM (b)", min: SmallestUtilization, max: 1);

    public int? BlockSize { get; init; }

    public int GroupBlocks { get; init; } = DefaultGroup;

    public override MemorySpec Resolve(bool usesPrefixCache, int usualBlockTokens) => this with { BlockSize = BlockSize ?? usualBlockTokens };

    public override int BlockTokens(Deployment deployment) => BlockSize ?? KvCapacity.DefaultBlockTokens;

    public override string? WhyNotLive => "groups shorten copies over PCIe, and the CPU engine has none; use paged, with hostSwap for its swap engine";

    public override IKvMemory Create(Deployment deployment, int blocks, int maxModelTokens) =>
        new BlockGroupMemory(blocks, BlockTokens(deployment), GroupBlocks);
}
