using Orrery.Documents;

namespace Orrery.Serving.Memory;

/// <summary>Every layout of the KV memory by name.</summary>
public static class Memories
{
    /// <summary>What <c>memory:</c> without <c>use:</c> means.</summary>
    public const string Usual = "paged";

    public static readonly PluginRegistry<MemorySpec> Registry = new(
        "memory",
        new Plugin<MemorySpec, PagedOptions>(Usual, "KV cache in blocks of equal size, with or without shared prefixes.", "Kwon et al., SOSP 2023", () => PagedOptions.Set),
        new Plugin<MemorySpec, MappedOptions>("mapped", "KV cache contiguous in virtual addresses; physical pages are mapped as sequences grow. No shared prefixes.",
            "vAttention (ASPLOS 2025)", () => MappedOptions.Set),
        new Plugin<MemorySpec, ReservedOptions>("reserved", "Room for the longest sequence, taken when a sequence starts.",
            "FasterTransformer; vAttention's static baseline", () => ReservedOptions.Set),
        new Plugin<MemorySpec, BlockGroupOptions>("block-groups", "Blocks in contiguous groups, so that a swap copies few large ranges; no shared prefixes.",
            "FastSwitch, arXiv 2411.18424", () => BlockGroupOptions.Set));
}
