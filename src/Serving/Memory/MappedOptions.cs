using Orrery.Documents;
using Orrery.Kernel.Time;
using Orrery.World.Deployments;

namespace Orrery.Serving.Memory;

/// <summary>
/// Options of KV memory that is contiguous in virtual addresses and mapped page by page; see <see cref="MappedMemory"/>. It shares no
/// prefixes: one page would have to be mapped into several slots, which the published code has as a test only (b).
/// </summary>
public sealed record MappedOptions : MemorySpec
{
    private const string Source = "vAttention (ASPLOS 2025)";
    private const long Kibibyte = 1024;

    /// <summary>
    /// Page sizes with the time of mapping one into a tensor: 64 to 256 KiB are single calls of a modified driver, 2 MiB are the driver's own
    /// mapping and access calls (c).
    /// </summary>
    private static readonly (string Name, long Bytes, Duration MapTime)[] Pages =
    [
        ("64KiB", 64 * Kibibyte, Duration.FromNanoseconds(8_000)),
        ("128KiB", 128 * Kibibyte, Duration.FromNanoseconds(8_500)),
        ("256KiB", 256 * Kibibyte, Duration.FromNanoseconds(9_000)),
        ("2MiB", 2048 * Kibibyte, Duration.FromNanoseconds(40_000)),
    ];

    /// <summary>More slots than this would only be a mistake.</summary>
    private const int MostSlots = 1_000_000;

    /// <summary>Longer than any page takes; keeps sums of waits in range.</summary>
    public static readonly Duration LongestMapTime = Duration.FromSeconds(1);

    public static readonly OptionSet<MappedOptions> Set = new OptionSet<MappedOptions>()
        .Choice("pageSize", [.. Pages.Select(page => page.Name)], o => o.PageSize, (o, v) => o with { PageSize = v },
            "physical page; a block is one page for keys and one for values of every layer", $"{Source} (b)")
        .Bool("megaLayout", o => o.MegaLayout, (o, v) => o with { MegaLayout = v },
            "all layers in one pair of tensors: a block is two pages and holds fewer tokens", $"{Source} code (b)")
        .OptionalDuration("mapTime", o => o.MapTime, (o, v) => o with { MapTime = v },
            "time of mapping one page; null: 8us, 8.5us, 9us or 40us by page size", $"{Source} (c)")
        .Bool("background", o => o.Background, (o, v) => o with { Background = v },
            "map ahead of the next steps, beside the present one", $"{Source} (b)")
        .Bool("deferredReclamation", o => o.DeferredReclamation, (o, v) => o with { DeferredReclamation = v },
            "pages of sequences that left stay mapped until somebody needs them; false: one block is unmapped at each step that maps none", $"{Source} (b)")
        .OptionalInt("slots", o => o.Slots, (o, v) => o with { Slots = v },
            "sequences that may hold memory at once; null: as many as the address space has room for", $"{Source} (b)", max: MostSlots)
        .Number("utilization", o => o.Utilization, (o, v) => o with { Utilization = v },
            "share of the usable device memory that the engine takes", "vLLM (b)", min: SmallestUtilization, max: 1);

    public string PageSize { get; init; } = "2MiB";

    public bool MegaLayout { get; init; }

    public Duration? MapTime { get; init; }

    public bool Background { get; init; } = true;

    public bool DeferredReclamation { get; init; } = true;

    public int? Slots { get; init; }

    /// <summary>Sizes on a deployment.</summary>
    /// <exception cref="Kernel.InputException">A page holds no token.</exception>
    public PageLayout Layout(Deployment deployment) => PageLayout.Of(deployment, Page.Bytes, MegaLayout);

    /// <exception cref="Kernel.InputException">A page holds no token, or takes implausibly long to map.</exception>
    public override int BlockTokens(Deployment deployment)
    {
        if (MapTime > LongestMapTime) throw new Kernel.InputException($"memory: mapping one page takes at most {LongestMapTime}; usual are 8 to 40 µs");
        return Layout(deployment).BlockTokens;
    }

    public override string? WhyNotLive => "its pages are mapped by a GPU's driver; the CPU engine reads KV through page tables";

    public override IKvMemory Create(Deployment deployment, int blocks, int maxModelTokens)
    {
        PageLayout layout = Layout(deployment);
        int slots = Math.Min(Slots ?? MostSlots, layout.SlotsInAddressSpace(maxModelTokens));
        Duration blockTime = (MapTime ?? Page.MapTime) * (long)layout.PagesPerBlock;
        return new MappedMemory(Math.Max(1, layout.Backed(blocks)), layout.BlockTokens, maxModelTokens, slots, new(blockTime, layout.PagesPerBlock, Background, DeferredReclamation));
    }

    private (string Name, long Bytes, Duration MapTime) Page => Pages.First(page => page.Name == PageSize);
}
