using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>What an engine's attention does with decodes in a step that also has prompt chunks.</summary>
public enum MixedKernels
{
    /// <summary>Chunks and decodes run one after the other, each in a kernel made for it: the step takes the sum.</summary>
    Separate,

    /// <summary>One kernel for all, in which a decode is a chunk of one token (FlashAttention 2 in vLLM): its tile is nearly empty.</summary>
    Shared,
}

/// <summary>
/// Attention of a step with prompt chunks and decodes: seconds of one layer. In a shared kernel every decode is computed by one block per
/// query head, as expensive as a whole tile of a chunk, which walks its context alone and reads keys and values again for every head of
/// the group unless the cache still holds them. The time follows from how such blocks fill the processors; the surface corrects it.
/// </summary>
/// <remarks>
/// Derived from the layer tables of two devices and seven head layouts (b); the law without any surface is within 8 % of them in the mean.
/// </remarks>
public sealed class MixedAttentionEfficiency
{
    /// <summary>Names of the coordinates, in order.</summary>
    public static IReadOnlyList<string> AxisNames { get; } = ["context", "decodes", "tiles", "history"];

    /// <summary>Coordinates of what a measured layout adds to the surface: mean context, decodes, tokens of a typical chunk, tokens before it plus one tile.</summary>
    public static IReadOnlyList<string> LayoutAxisNames { get; } = ["context", "decodes", "tokens", "history"];

    private readonly EfficiencySurface _surface;

    /// <param name="kernels">What the engine does.</param>
    /// <param name="law">The shared kernel; unused for separate ones.</param>
    /// <param name="surface">Correction over <see cref="AxisNames"/>, as <see cref="Locate"/> gives them.</param>
    /// <param name="layouts">Measured heads over <see cref="LayoutAxisNames"/>; null for none.</param>
    /// <exception cref="ArgumentException">A surface has other axes.</exception>
    public MixedAttentionEfficiency(
        MixedKernels kernels, SharedKernel law, EfficiencySurface surface, IReadOnlyDictionary<HeadLayout, EfficiencySurface>? layouts = null)
    {
        ArgumentNullException.ThrowIfNull(surface);
        surface.RequireAxes(AxisNames);
        Layouts = new(LayoutAxisNames, layouts ?? new Dictionary<HeadLayout, EfficiencySurface>());
        Kernels = kernels;
        Law = law;
        _surface = surface;
    }

    public MixedKernels Kernels { get; }

    public SharedKernel Law { get; }

    public EfficiencySurface Surface => _surface;

    public LayoutSurfaces Layouts { get; }

    /// <summary>Kernels one after the other: nothing to correct.</summary>
    public static MixedAttentionEfficiency OneAfterTheOther { get; } = new(MixedKernels.Separate, SharedKernel.Usual, NoCorrection());

    /// <summary>Seconds of one layer over all chunks and decodes of a step.</summary>
    /// <param name="site">Device and heads.</param>
    /// <param name="work">The chunks.</param>
    /// <param name="chunkSeconds">What the chunks take alone.</param>
    /// <param name="decodes">Sequences that decode.</param>
    /// <param name="meanContext">Mean of their contexts.</param>
    /// <param name="longestContext">The longest of them.</param>
    /// <param name="decodeSeconds">What the decodes take alone.</param>
    public double Seconds(
        in AttentionSite site, in PrefillWork work, double chunkSeconds, long decodes, double meanContext, double longestContext, double decodeSeconds)
    {
        if (decodes == 0) return chunkSeconds;
        if (work.Chunks == 0) return decodeSeconds;
        if (Kernels == MixedKernels.Separate) return chunkSeconds + decodeSeconds;
        Span<double> point = stackalloc double[4];
        Locate(site, work, decodes, meanContext, point);
        double log2 = _surface.Log2RatioAt(point);
        if (Layouts.TryGet(site, out EfficiencySurface layout))
            log2 += layout.Log2RatioAt(meanContext, decodes, work.TypicalTokens, work.TypicalHistory + PrefillWork.TileRows);
        return Math.Max(Law.Seconds(site, work, decodes, meanContext, longestContext) * Math.Pow(2, log2), chunkSeconds);
    }

    /// <summary>Coordinates of the surface: mean context, blocks of decodes and of chunks per processor, tokens before a chunk plus one tile.</summary>
    public static void Locate(in AttentionSite site, in PrefillWork work, long decodes, double meanContext, Span<double> point)
    {
        point[0] = meanContext;
        point[1] = (double)decodes * site.Heads / site.Processors;
        point[2] = (double)work.Tiles * site.Heads / site.Processors;
        point[3] = work.TypicalHistory + PrefillWork.TileRows;
    }

    /// <summary>Reads <c>kernels</c> and, when they are shared, <c>law</c>, <c>surface</c> and perhaps <c>layouts</c>.</summary>
    /// <exception cref="Kernel.InputException">A key is missing or unknown, or the surface has other axes.</exception>
    public static MixedAttentionEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        MixedKernels kernels = map.Choice<MixedKernels>("kernels");
        MixedAttentionEfficiency read = kernels == MixedKernels.Separate
            ? OneAfterTheOther
            : new(kernels, SharedKernel.Read(map.Required("law")), EfficiencySurface.Read(map.Required("surface"), AxisNames),
                LayoutSurfaces.Read(map, LayoutAxisNames).Surfaces);
        map.Done();
        return read;
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write()
    {
        if (Kernels == MixedKernels.Separate) return Node.Map(KeyValuePair.Create("kernels", Node.Plain(ChoiceNames.Of(Kernels))));
        List<KeyValuePair<string, Node>> entries =
        [
            new("kernels", Node.Plain(ChoiceNames.Of(Kernels))), new("law", Law.Write()), new("surface", _surface.Write()),
        ];
        Layouts.AddTo(entries);
        return Node.Map(entries);
    }

    /// <summary>A surface over the axes of this family that changes nothing.</summary>
    public static EfficiencySurface NoCorrection() => new([.. AxisNames.Select(name => new SurfaceAxis(name, 1))], [0]);
}
