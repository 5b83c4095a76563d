using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>
/// Attention of decodes that have a kernel to themselves: seconds of one layer. Kernels split long contexts over processors, so equal
/// batches run at the speed of memory; the surface holds the rest. In a batch of unequal contexts the time lies between that of the mean
/// and that of the longest: t = t(mean) + α·(t(longest) − t(mean)).
/// </summary>
public sealed class DecodeAttentionEfficiency
{
    /// <summary>Names of the coordinates, in order.</summary>
    public static IReadOnlyList<string> AxisNames { get; } = ["context", "streams", "kvHeads", "group", "processor"];

    /// <summary>Name of the coordinate of α.</summary>
    public static IReadOnlyList<string> SkewAxisNames { get; } = ["occupancy"];

    /// <summary>Coordinates of what a measured layout adds to the surface.</summary>
    public static IReadOnlyList<string> LayoutAxisNames { get; } = ["context", "sequences"];

    private readonly EfficiencySurface _surface;
    private readonly EfficiencySurface _skew;

    /// <param name="floorSeconds">Launch and prologue: the shortest call, added to the ideal time.</param>
    /// <param name="surface">
    /// Over <c>context</c> (mean), <c>streams</c> (sequences times KV heads), <c>kvHeads</c> (of the device), <c>group</c> (query rows per KV
    /// head: query heads, times query tokens when drafts are verified) and <c>processor</c> (TFLOP/s of one, for surfaces of several devices).
    /// </param>
    /// <param name="skew">
    /// α as a binary logarithm over <c>occupancy</c> (sequences times KV heads over processors): its only other dependence, on how unequal
    /// the contexts are, is within the scatter of the measurements.
    /// </param>
    /// <param name="layouts">Measured heads over <see cref="LayoutAxisNames"/>; null for none.</param>
    /// <exception cref="ArgumentException">A surface has other axes.</exception>
    public DecodeAttentionEfficiency(
        double floorSeconds, EfficiencySurface surface, EfficiencySurface skew, IReadOnlyDictionary<HeadLayout, EfficiencySurface>? layouts = null)
    {
        ArgumentNullException.ThrowIfNull(surface);
        ArgumentNullException.ThrowIfNull(skew);
        surface.RequireAxes(AxisNames);
        skew.RequireAxes(SkewAxisNames);
        Layouts = new(LayoutAxisNames, layouts ?? new Dictionary<HeadLayout, EfficiencySurface>());
        FloorSeconds = floorSeconds;
        _surface = surface;
        _skew = skew;
    }

    public double FloorSeconds { get; }

    public EfficiencySurface Surface => _surface;

    public EfficiencySurface Skew => _skew;

    public LayoutSurfaces Layouts { get; }

    /// <summary>Seconds of one layer over decodes that all attend the same number of tokens; 0 without decodes.</summary>
    /// <param name="site">Device and heads.</param>
    /// <param name="sequences">Decodes.</param>
    /// <param name="context">Tokens that each attends, itself included; a mean may be broken.</param>
    /// <param name="queryTokens">Query tokens of each: 1, more when drafts are verified.</param>
    public double Seconds(in AttentionSite site, long sequences, double context, double queryTokens = 1)
    {
        if (sequences == 0) return 0;
        double ideal = IdealSeconds(site, sequences, context, queryTokens, FloorSeconds);
        double log2 = _surface.Log2RatioAt(context, (double)sequences * site.KvHeads, site.KvHeads, site.Group * queryTokens, site.ProcessorTeraflops);
        // Layouts were measured with one query token each.
        if (queryTokens == 1 && Layouts.TryGet(site, out EfficiencySurface layout)) log2 += layout.Log2RatioAt(context, sequences);
        return ideal * Math.Pow(2, log2);
    }

    /// <summary>α for unequal contexts, in [0, 1]; depends on no context, so that a step looks it up once.</summary>
    public double SkewShare(in AttentionSite site, long sequences) =>
        sequences < 2 ? 0 : Math.Min(1, _skew.RatioAt((double)sequences * site.KvHeads / site.Processors));

    /// <summary>Seconds of one layer over unequal decodes.</summary>
    public double Seconds(in AttentionSite site, long sequences, double meanContext, long longestContext, double queryTokens)
    {
        double mean = Seconds(site, sequences, meanContext, queryTokens);
        if (longestContext <= meanContext) return mean;
        double longest = Seconds(site, sequences, longestContext, queryTokens);
        return mean + (SkewShare(site, sequences) * Math.Max(0, longest - mean));
    }

    /// <summary>Does the batch lie within what the surface was fitted on?</summary>
    public bool IsInside(in AttentionSite site, long sequences, double context, double queryTokens = 1)
    {
        if (sequences == 0) return true;
        if (queryTokens == 1 && Layouts.TryGet(site, out EfficiencySurface layout)) return layout.IsInside(context, sequences);
        return _surface.IsInside(context, (double)sequences * site.KvHeads, site.KvHeads, site.Group * queryTokens, site.ProcessorTeraflops);
    }

    /// <summary>Floor plus the larger of the products at peak and every byte once at peak bandwidth.</summary>
    public static double IdealSeconds(in AttentionSite site, double sequences, double context, double queryTokens, double floorSeconds)
    {
        double flops = site.PairFlops * sequences * queryTokens * site.Heads * context;
        double bytes = (sequences * context * site.KvHeads * site.KvTokenBytes)
            + (2 * sequences * queryTokens * site.Heads * site.HeadWidth * AttentionSite.ActivationBytes);
        return floorSeconds + Math.Max(flops / site.PeakFlops, bytes / site.Bandwidth);
    }

    /// <summary>Reads <c>floor</c>, <c>surface</c>, <c>skew</c> and, where there are any, <c>layouts</c>.</summary>
    /// <exception cref="Kernel.InputException">A key is missing or a surface has other axes.</exception>
    public static DecodeAttentionEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        DecodeAttentionEfficiency read = new(
            map.Quantity("floor", Quantity.Duration),
            EfficiencySurface.Read(map.Required("surface"), AxisNames),
            EfficiencySurface.Read(map.Required("skew"), SkewAxisNames),
            LayoutSurfaces.Read(map, LayoutAxisNames).Surfaces);
        map.Done();
        return read;
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write()
    {
        List<KeyValuePair<string, Node>> entries =
        [
            new("floor", FamilyText.Seconds(FloorSeconds)), new("surface", _surface.Write()), new("skew", _skew.Write()),
        ];
        Layouts.AddTo(entries);
        return Node.Map(entries);
    }
}
