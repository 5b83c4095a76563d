using Orrery.Documents;
using Orrery.World.Deployments;

namespace Orrery.Serving.Memory;

/// <summary>Options of KV memory with room for the longest sequence ahead of time.</summary>
public sealed record ReservedOptions : MemorySpec
{
    public static readonly OptionSet<ReservedOptions> Set = new OptionSet<ReservedOptions>()
        .Int("blockTokens", o => o.BlockSize, (o, v) => o with { BlockSize = v },
            "room is a multiple of so many tokens", "our choice (d)", max: PagedOptions.LargestBlock)
        .Number("utilization", o => o.Utilization, (o, v) => o with { Utilization = v },
            "share of the usable device memory that the engine takes", "vLLM (b)", min: SmallestUtilization, max: 1);

    public int BlockSize { get; init; } = KvCapacity.DefaultBlockTokens;

    public override int BlockTokens(Deployment deployment) => BlockSize;

    public override string? WhyNotLive => "a live answer has no known length to reserve for; use paged, where schedulers that reserve ahead do so themselves";

    public override IKvMemory Create(Deployment deployment, int blocks, int maxModelTokens) => new ReservedMemory(blocks, BlockSize, maxModelTokens);
}
