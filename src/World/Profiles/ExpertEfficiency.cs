using Orrery.Documents;
using Orrery.World.Hardware;

namespace Orrery.World.Profiles;

/// <summary>Experts that were measured as they are.</summary>
/// <param name="Format">Format of the weights.</param>
/// <param name="Hidden">Model width.</param>
/// <param name="Width">Inner width of an expert, before any cut.</param>
/// <param name="TopK">Experts that a token visits.</param>
/// <param name="Count">Experts of the layer, before any cut.</param>
/// <param name="TensorRanks">Slices of an expert.</param>
/// <param name="ExpertRanks">Devices that the experts are spread over.</param>
public readonly record struct ExpertLayout(Precision Format, int Hidden, int Width, int TopK, int Count, int TensorRanks, int ExpertRanks)
{
    /// <summary>The layout of a site.</summary>
    public static ExpertLayout Of(in ExpertSite site) =>
        new(site.Format, site.Hidden, site.Width, site.TopK, site.Count, site.TensorRanks, site.ExpertRanks);
}

/// <summary>
/// The routed experts of one layer on one device: seconds of both products and what stands between them. Where several kernels were
/// measured for a shape, the fastest counts: that is what an engine tuned for the device runs (d).
/// </summary>
public sealed class ExpertEfficiency
{
    /// <summary>Names of the coordinates, in order.</summary>
    public static IReadOnlyList<string> AxisNames { get; } = ["rows", "touched", "width", "hidden", "ranks", "processor"];

    /// <summary>Name of the coordinate of the surface for even routing.</summary>
    public static IReadOnlyList<string> EvenAxisNames { get; } = ["rows"];

    /// <summary>Exponent of the popularity of experts that the surfaces describe; the published tables' mildest skew (b).</summary>
    public const double UsualRoutingExponent = 1;

    /// <summary>An expert has a gate, an up and a down matrix (b: all tables).</summary>
    private const double Matrices = 3;

    private const double ActivationBytes = 2;

    /// <summary>Fewer touched experts than this is a share of the steps without any on this device.</summary>
    private const double FewestTouched = 0.25;

    /// <summary>Coordinates of what a measured layout adds to the surface: tokens, and the exponent of the popularity of experts plus one.</summary>
    public static IReadOnlyList<string> LayoutAxisNames { get; } = ["tokens", "routing"];

    private readonly Dictionary<Precision, EfficiencySurface> _surfaces;
    private readonly Dictionary<ExpertLayout, EfficiencySurface> _layouts;
    private readonly EfficiencySurface _even;

    /// <param name="floorSeconds">Launches and sorting: the shortest call, added to the ideal time.</param>
    /// <param name="surfaces">
    /// By format, over <c>rows</c> (per touched expert), <c>touched</c> (experts of the device), <c>width</c> (of an expert on the device),
    /// <c>hidden</c>, <c>ranks</c> (devices that the experts are spread over) and <c>processor</c> (TFLOP/s of one, for surfaces of several
    /// devices).
    /// </param>
    /// <param name="even">Evenly spread tokens over skewed ones, by rows.</param>
    /// <param name="layouts">Measured experts over <see cref="LayoutAxisNames"/>, preferred to the surfaces; kept in memory only. Null for none.</param>
    /// <exception cref="ArgumentException">There is no surface, or one has other axes.</exception>
    public ExpertEfficiency(
        double floorSeconds,
        IReadOnlyDictionary<Precision, EfficiencySurface> surfaces,
        EfficiencySurface even,
        IReadOnlyDictionary<ExpertLayout, EfficiencySurface>? layouts = null)
    {
        ArgumentNullException.ThrowIfNull(surfaces);
        ArgumentNullException.ThrowIfNull(even);
        if (surfaces.Count == 0) throw new ArgumentException("the experts need the surface of one format at least", nameof(surfaces));
        foreach (EfficiencySurface surface in surfaces.Values) surface.RequireAxes(AxisNames);
        even.RequireAxes(EvenAxisNames);
        _layouts = layouts is null ? [] : new(layouts);
        foreach (EfficiencySurface surface in _layouts.Values) surface.RequireAxes(LayoutAxisNames);
        FloorSeconds = floorSeconds;
        _surfaces = new(surfaces);
        _even = even;
    }

    public double FloorSeconds { get; }

    public IReadOnlyDictionary<Precision, EfficiencySurface> Surfaces => _surfaces;

    public EfficiencySurface Even => _even;

    /// <summary>Seconds of one layer; 0 without tokens.</summary>
    /// <param name="site">Device and experts.</param>
    /// <param name="tokens">Tokens that enter the layer, of all devices whose tokens may come here.</param>
    /// <param name="routingExponent">0 spreads tokens evenly, 1 by a power law of popularity; between them by share.</param>
    public double Seconds(in ExpertSite site, long tokens, double routingExponent = UsualRoutingExponent)
    {
        if (tokens == 0) return 0;
        double seconds = Seconds(site, tokens, site.ExpectedTouched(tokens), routingExponent);
        return _layouts.TryGetValue(ExpertLayout.Of(site), out EfficiencySurface? layout) ? seconds * layout.RatioAt(tokens, 1 + routingExponent) : seconds;
    }

    /// <summary>Seconds of one layer when it is known how many experts of the device are touched.</summary>
    public double Seconds(in ExpertSite site, long tokens, double touched, double routingExponent)
    {
        if (tokens == 0) return 0;
        Span<double> point = stackalloc double[6];
        Locate(site, tokens, touched, point);
        double seconds = IdealSeconds(site, tokens, touched, FloorSeconds) * SurfaceOf(site.Format).RatioAt(point);
        double even = Math.Clamp(1 - (routingExponent / UsualRoutingExponent), 0, 1);
        return even > 0 ? seconds * Math.Pow(2, even * _even.Log2RatioAt(point[0])) : seconds;
    }

    /// <summary>Does the step lie within what the surface was fitted on?</summary>
    public bool IsInside(in ExpertSite site, long tokens)
    {
        if (tokens == 0) return true;
        if (_layouts.TryGetValue(ExpertLayout.Of(site), out EfficiencySurface? layout)) return layout.Axes[0].Covers(tokens);
        Span<double> point = stackalloc double[6];
        Locate(site, tokens, site.ExpectedTouched(tokens), point);
        return _surfaces.TryGetValue(site.Format, out EfficiencySurface? surface) && surface.IsInside(point);
    }

    /// <summary>The surface of a format, or of the one nearest in width where it was not measured.</summary>
    private EfficiencySurface SurfaceOf(Precision format)
    {
        if (_surfaces.TryGetValue(format, out EfficiencySurface? surface)) return surface;
        foreach (Precision other in Substitutes(format))
            if (_surfaces.TryGetValue(other, out surface)) return surface;
        return _surfaces.OrderBy(pair => pair.Key).First().Value;
    }

    private static ReadOnlySpan<Precision> Substitutes(Precision format) => PrecisionSize.Bytes(format) >= 2
        ? [Precision.Bf16, Precision.Fp16, Precision.Fp8]
        : [Precision.Fp8, Precision.Bf16, Precision.Fp16];

    /// <summary>Coordinates of the surfaces: tokens per touched expert, touched experts, width of a slice, model width, devices, TFLOP/s of a processor.</summary>
    public static void Locate(in ExpertSite site, double tokens, double touched, Span<double> point)
    {
        touched = Math.Max(touched, FewestTouched);
        point[0] = Math.Max(1, tokens * site.TopK / site.ExpertRanks / touched);
        point[1] = touched;
        point[2] = site.LocalWidth;
        point[3] = site.Hidden;
        point[4] = site.ExpertRanks;
        point[5] = site.ProcessorTeraflops;
    }

    /// <summary>
    /// Floor plus the larger of the products at peak and every byte at peak bandwidth: weights of touched experts, and activations. Rows
    /// between the products and the sum at the end exist for every visit of every token, also of those that other devices compute (b: so
    /// do the measured kernels).
    /// </summary>
    public static double IdealSeconds(in ExpertSite site, double tokens, double touched, double floorSeconds)
    {
        touched = Math.Max(touched, FewestTouched);
        double visits = tokens * site.TopK;
        double local = visits / site.ExpertRanks;
        double flops = 2 * Matrices * local * site.Hidden * site.LocalWidth;
        double weights = touched * Matrices * site.Hidden * site.LocalWidth * site.WeightBytes;
        double activations = ActivationBytes * ((local * 2 * site.Hidden) + (visits * (site.Hidden + (3 * site.LocalWidth))));
        return floorSeconds + Math.Max(flops / site.PeakFlops, (weights + activations) / site.Bandwidth);
    }

    /// <summary>Reads <c>floor</c>, <c>formats</c> (a surface by precision) and <c>even</c>.</summary>
    /// <exception cref="Kernel.InputException">A key is missing, a format unknown, or a surface has other axes.</exception>
    public static ExpertEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        Node list = map.Required("formats");
        MapReader formats = list.AsMap();
        var surfaces = new Dictionary<Precision, EfficiencySurface>();
        foreach (Precision precision in Enum.GetValues<Precision>())
            if (formats.Optional(ChoiceNames.Of(precision)) is { } surface)
                surfaces[precision] = EfficiencySurface.Read(surface, AxisNames);
        formats.Done();
        if (surfaces.Count == 0) throw list.Error("experts need one format at least; write for example bf16: {axes: …, values: …}");
        ExpertEfficiency read = new(map.Quantity("floor", Quantity.Duration), surfaces, EfficiencySurface.Read(map.Required("even"), EvenAxisNames));
        map.Done();
        return read;
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write() => Node.Map(
        KeyValuePair.Create("floor", FamilyText.Seconds(FloorSeconds)),
        KeyValuePair.Create("formats", Node.Map([.. _surfaces.OrderBy(p => p.Key).Select(p => KeyValuePair.Create(ChoiceNames.Of(p.Key), p.Value.Write()))])),
        KeyValuePair.Create("even", _even.Write()));
}
