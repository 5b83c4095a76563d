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
    public static IReadOnlyList<string> AxisNames { get; } = ["context", "sequences", "kvHeads", "group"];

    /// <summary>Name of the coordinate of α.</summary>
    public static IReadOnlyList<string> SkewAxisNames { get; } = ["occupancy"];

    private readonly EfficiencySurface _surface;
    private readonly EfficiencySurface _skew;

    /// <param name="floorSeconds">Launch and prologue: the shortest call, added to the ideal time.</param>
    /// <param name="surface">
    /// Over <c>context</c> (mean), <c>sequences</c>, <c>kvHeads</c> (of the device) and <c>group</c> (query rows per KV head: query heads, times
    /// query tokens when drafts are verified).
    /// </param>
    /// <param name="skew">
    /// α as a binary logarithm over <c>occupancy</c> (sequences times KV heads over processors): its only other dependence, on how unequal
    /// the contexts are, is within the scatter of the measurements.
    /// </param>
    public DecodeAttentionEfficiency(double floorSeconds, EfficiencySurface surface, EfficiencySurface skew)
    {
        ArgumentNullException.ThrowIfNull(surface);
        ArgumentNullException.ThrowIfNull(skew);
        FloorSeconds = floorSeconds;
        _surface = surface;
        _skew = skew;
    }

    public double FloorSeconds { get; }

    public EfficiencySurface Surface => _surface;

    public EfficiencySurface Skew => _skew;

    /// <summary>Seconds of one layer over decodes that all attend the same number of tokens; 0 without decodes.</summary>
    /// <param name="site">Device and heads.</param>
    /// <param name="sequences">Decodes.</param>
    /// <param name="context">Tokens that each attends, itself included; a mean may be broken.</param>
    /// <param name="queryTokens">Query tokens of each: 1, more when drafts are verified.</param>
    public double Seconds(in AttentionSite site, long sequences, double context, double queryTokens = 1)
    {
        if (sequences == 0) return 0;
        return IdealSeconds(site, sequences, context, queryTokens, FloorSeconds)
            * _surface.RatioAt(context, sequences, site.KvHeads, site.Group * queryTokens);
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
    public bool IsInside(in AttentionSite site, long sequences, double context, double queryTokens = 1) =>
        sequences == 0 || _surface.IsInside(context, sequences, site.KvHeads, site.Group * queryTokens);

    /// <summary>Floor plus the larger of the products at peak and every byte once at peak bandwidth.</summary>
    public static double IdealSeconds(in AttentionSite site, double sequences, double context, double queryTokens, double floorSeconds)
    {
        double flops = site.PairFlops * sequences * queryTokens * site.Heads * context;
        double bytes = (sequences * context * site.KvHeads * site.KvTokenBytes)
            + (2 * sequences * queryTokens * site.Heads * site.HeadWidth * AttentionSite.ActivationBytes);
        return floorSeconds + Math.Max(flops / site.PeakFlops, bytes / site.Bandwidth);
    }

    /// <summary>Reads <c>floor</c>, <c>surface</c> and <c>skew</c>.</summary>
    /// <exception cref="Kernel.InputException">A key is missing or a surface has other axes.</exception>
    public static DecodeAttentionEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        DecodeAttentionEfficiency read = new(
            map.Quantity("floor", Quantity.Duration),
            EfficiencySurface.Read(map.Required("surface"), AxisNames),
            EfficiencySurface.Read(map.Required("skew"), SkewAxisNames));
        map.Done();
        return read;
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write() => Node.Map(
        KeyValuePair.Create("floor", FamilyText.Seconds(FloorSeconds)),
        KeyValuePair.Create("surface", _surface.Write()),
        KeyValuePair.Create("skew", _skew.Write()));
}
