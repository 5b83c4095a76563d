using Orrery.Documents;

namespace Orrery.World.Profiles;

/// <summary>
/// Attention of prompt chunks, with or without history: seconds of one layer. The ideal time counts blocks as a tiled kernel runs them
/// (one block is one tile of query rows of one head; blocks run in rounds over the processors; a block walks its keys alone), so that
/// short chunks on long histories, which leave processors idle, need no correction. The surface holds what the kernel adds to it.
/// </summary>
public sealed class PrefillAttentionEfficiency
{
    /// <summary>Names of the coordinates, in order.</summary>
    public static IReadOnlyList<string> AxisNames { get; } = ["tokens", "work", "group", "history", "processor"];

    /// <summary>Coordinates of what a measured layout adds to the surface: tokens of a typical chunk, typical chunks, tokens before a chunk plus one tile.</summary>
    public static IReadOnlyList<string> LayoutAxisNames { get; } = ["tokens", "chunks", "history"];

    private readonly EfficiencySurface _surface;

    /// <param name="floorSeconds">Launch and prologue: the shortest call, added to the ideal time.</param>
    /// <param name="surface">
    /// Over <c>tokens</c> (of a typical chunk), <c>work</c> (typical chunks times query heads), <c>group</c> (query heads per KV head),
    /// <c>history</c> (tokens before the chunk, plus one tile) and <c>processor</c> (TFLOP/s of one, for surfaces of several devices).
    /// </param>
    /// <param name="layouts">Measured heads over <see cref="LayoutAxisNames"/>; null for none.</param>
    /// <exception cref="ArgumentException">A surface has other axes.</exception>
    public PrefillAttentionEfficiency(double floorSeconds, EfficiencySurface surface, IReadOnlyDictionary<HeadLayout, EfficiencySurface>? layouts = null)
    {
        ArgumentNullException.ThrowIfNull(surface);
        surface.RequireAxes(AxisNames);
        Layouts = new(LayoutAxisNames, layouts ?? new Dictionary<HeadLayout, EfficiencySurface>());
        FloorSeconds = floorSeconds;
        _surface = surface;
    }

    public double FloorSeconds { get; }

    public EfficiencySurface Surface => _surface;

    public LayoutSurfaces Layouts { get; }

    /// <summary>Seconds of one layer over all chunks of a step; 0 without chunks.</summary>
    public double Seconds(in AttentionSite site, in PrefillWork work)
    {
        if (work.Chunks == 0) return 0;
        double ideal = IdealSeconds(site, work, FloorSeconds);
        Span<double> point = stackalloc double[5];
        Locate(site, work, point);
        double log2 = _surface.Log2RatioAt(point);
        if (Layouts.TryGet(site, out EfficiencySurface layout))
            log2 += layout.Log2RatioAt(work.TypicalTokens, work.TypicalChunks, work.TypicalHistory + PrefillWork.TileRows);
        return ideal * Math.Pow(2, log2);
    }

    /// <summary>Does the step lie within what the surface was fitted on?</summary>
    public bool IsInside(in AttentionSite site, in PrefillWork work)
    {
        if (work.Chunks == 0) return true;
        if (Layouts.TryGet(site, out EfficiencySurface layout))
            return layout.IsInside(work.TypicalTokens, work.TypicalChunks, work.TypicalHistory + PrefillWork.TileRows);
        Span<double> point = stackalloc double[5];
        Locate(site, work, point);
        return _surface.IsInside(point);
    }

    /// <summary>Coordinates of the surface.</summary>
    public static void Locate(in AttentionSite site, in PrefillWork work, Span<double> point)
    {
        point[0] = work.TypicalTokens;
        point[1] = work.TypicalChunks * site.Heads;
        point[2] = site.Group;
        point[3] = work.TypicalHistory + PrefillWork.TileRows;
        point[4] = site.ProcessorTeraflops;
    }

    /// <summary>Floor plus the largest of: all rounds of blocks at peak, the longest block alone, and every byte once at peak bandwidth.</summary>
    public static double IdealSeconds(in AttentionSite site, in PrefillWork work, double floorSeconds)
    {
        double blocks = (double)work.Tiles * site.Heads;
        double rounds = Math.Ceiling(blocks / site.Processors);
        double processor = site.PeakFlops / site.Processors;
        double blockSeconds = site.PairFlops * work.PaddedPairs / work.Tiles / processor;
        double longest = site.PairFlops * PrefillWork.TileRows * work.LongestKv / processor;
        double bytes = (work.KvTokens * site.KvHeads * site.KvTokenBytes)
            + (2.0 * work.QueryTokens * site.Heads * site.HeadWidth * AttentionSite.ActivationBytes);
        return floorSeconds + Math.Max(Math.Max(rounds * blockSeconds, longest), bytes / site.Bandwidth);
    }

    /// <summary>Reads <c>floor</c>, <c>surface</c> and, where there are any, <c>layouts</c>.</summary>
    /// <exception cref="Kernel.InputException">A key is missing or the surface has other axes.</exception>
    public static PrefillAttentionEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        PrefillAttentionEfficiency read = new(
            map.Quantity("floor", Quantity.Duration), EfficiencySurface.Read(map.Required("surface"), AxisNames), LayoutSurfaces.Read(map, LayoutAxisNames).Surfaces);
        map.Done();
        return read;
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write()
    {
        List<KeyValuePair<string, Node>> entries = [new("floor", FamilyText.Seconds(FloorSeconds)), new("surface", _surface.Write())];
        Layouts.AddTo(entries);
        return Node.Map(entries);
    }
}
