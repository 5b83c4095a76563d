using System.Globalization;
using Orrery.Documents;
using Orrery.World.Hardware;

namespace Orrery.World.Profiles;

/// <summary>One measured shape of weights: the ratio over rows alone.</summary>
/// <param name="Format">Format that the matrix units compute in.</param>
/// <param name="Outputs">Columns of the weights.</param>
/// <param name="Inputs">Rows of the weights.</param>
/// <param name="Ratios">Measured over ideal time; its one axis is <c>rows</c>.</param>
public sealed record MatrixCurve(Precision Format, long Outputs, long Inputs, EfficiencySurface Ratios);

/// <summary>
/// Times of matrix products [rows × inputs] · [inputs × outputs]. Ideal is max(2·rows·outputs·inputs / dense peak, bytes / peak bandwidth)
/// plus the launch of a kernel; a surface per format says how many times longer a product takes. Its coordinates are rows, outputs per
/// multiprocessor (how many tiles each has to do), inputs (how long it works on a tile) and watts per TFLOP/s (devices with little power
/// per unit of peak slow their clock under load), so that one surface can be asked about a device that was never measured. Shapes of
/// weights that were measured keep their own curve over rows, met exactly.
/// </summary>
public sealed class MatrixEfficiency
{
    /// <summary>
    /// What a product too small to matter takes from a captured graph: 2.5 µs on A100 and H100 (b: smallest published products of 1.8-2.6 µs
    /// on three generations). Tables that were measured without graphs show their launches as a larger ratio.
    /// </summary>
    public const double FloorSeconds = 2.5e-6;

    /// <summary>Multiprocessors where the description of a device says nothing: between those of usual parts, 84 to 148 (d).</summary>
    public const int UsualMultiprocessors = 120;

    /// <summary>Names and order of the coordinates.</summary>
    public static readonly IReadOnlyList<string> Coordinates = ["rows", "outputs", "inputs", "power"];

    private static readonly string[] CurveCoordinates = ["rows"];

    private readonly Dictionary<Precision, EfficiencySurface> _surfaces;
    private readonly Dictionary<(Precision Format, long Outputs, long Inputs), EfficiencySurface> _curves;

    /// <summary>A family from its surfaces.</summary>
    /// <param name="surfaces">At least one; axes as <see cref="Coordinates"/>.</param>
    /// <param name="curves">Measured shapes, each at most once.</param>
    /// <exception cref="ArgumentException">There is no surface, or an axis has another name, or a shape comes twice.</exception>
    public MatrixEfficiency(IReadOnlyDictionary<Precision, EfficiencySurface> surfaces, IReadOnlyList<MatrixCurve>? curves = null)
    {
        ArgumentNullException.ThrowIfNull(surfaces);
        if (surfaces.Count == 0) throw new ArgumentException("a matrix efficiency needs a surface", nameof(surfaces));
        foreach (EfficiencySurface surface in surfaces.Values) surface.RequireAxes(Coordinates);
        _surfaces = new(surfaces);
        Curves = curves ?? [];
        foreach (MatrixCurve curve in Curves) curve.Ratios.RequireAxes(CurveCoordinates);
        _curves = Curves.ToDictionary(curve => (curve.Format, curve.Outputs, curve.Inputs), curve => curve.Ratios);
    }

    public IReadOnlyDictionary<Precision, EfficiencySurface> Surfaces => _surfaces;

    /// <summary>Measured shapes, which are preferred to the surface.</summary>
    public IReadOnlyList<MatrixCurve> Curves { get; }

    /// <summary>The products of one shape of weights on a device, ready to be asked for many numbers of rows.</summary>
    /// <param name="device">Data sheet of the device.</param>
    /// <param name="format">Format that the matrix units compute in; inputs are read in it, outputs written in 16 bit.</param>
    /// <param name="outputs">Columns of the weights on this device.</param>
    /// <param name="inputs">Rows of the weights on this device.</param>
    /// <param name="bytesPerWeight">Stored size of a weight; null for that of <paramref name="format"/>.</param>
    /// <exception cref="ArgumentException">The device has no units for the format, or a size is not positive.</exception>
    public MatrixTimes Of(DeviceSpec device, Precision format, long outputs, long inputs, double? bytesPerWeight = null)
    {
        (MatrixIdeal ideal, EfficiencySurface surface) = Find(device, format, outputs, inputs, bytesPerWeight);
        if (_curves.TryGetValue((format, outputs, inputs), out EfficiencySurface? curve)) return new(ideal, curve);
        double[] rest = [ideal.OutputsPerMultiprocessor, inputs, ideal.WattsPerTeraflop];
        return new(ideal, surface.AlongFirstAxis(rest));
    }

    /// <summary>Seconds of one product; see <see cref="Of"/>, which is cheaper for many.</summary>
    public double Seconds(DeviceSpec device, Precision format, long rows, long outputs, long inputs, double? bytesPerWeight = null) =>
        Of(device, format, outputs, inputs, bytesPerWeight).Seconds(rows);

    /// <summary>Does the product lie within what was measured, so that its ratio is interpolated?</summary>
    public bool IsInside(DeviceSpec device, Precision format, long rows, long outputs, long inputs)
    {
        (MatrixIdeal ideal, EfficiencySurface surface) = Find(device, format, outputs, inputs, null);
        if (_curves.TryGetValue((format, outputs, inputs), out EfficiencySurface? curve)) return curve.IsInside(rows);
        return surface.IsInside(rows, ideal.OutputsPerMultiprocessor, inputs, ideal.WattsPerTeraflop);
    }

    /// <summary><c>surfaces</c> by format and, where shapes were kept, <c>curves</c>.</summary>
    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static MatrixEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        Node byFormat = map.Required("surfaces");
        MapReader formats = byFormat.AsMap();
        var surfaces = new Dictionary<Precision, EfficiencySurface>();
        foreach (Precision format in Enum.GetValues<Precision>())
            if (formats.Optional(ChoiceNames.Of(format)) is { } surface) surfaces[format] = EfficiencySurface.Read(surface, Coordinates);
        formats.Done();
        if (surfaces.Count == 0) throw byFormat.Error("at least one format is needed, such as bf16");
        List<MatrixCurve> curves = [];
        foreach (Node item in map.List("curves"))
        {
            MapReader curve = item.AsMap();
            curves.Add(new(
                curve.Choice<Precision>("format"),
                curve.Required("outputs").AsLong(min: 1),
                curve.Required("inputs").AsLong(min: 1),
                EfficiencySurface.Read(curve.Required("ratios"), CurveCoordinates)));
            curve.Done();
            if (curves.SkipLast(1).Any(other => (other.Format, other.Outputs, other.Inputs) == (curves[^1].Format, curves[^1].Outputs, curves[^1].Inputs)))
                throw item.Error("this shape stands here twice");
        }
        map.Done();
        return new(surfaces, curves);
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write()
    {
        List<KeyValuePair<string, Node>> entries =
        [
            new("surfaces", Node.Map([.. _surfaces.OrderBy(pair => pair.Key).Select(pair => KeyValuePair.Create(ChoiceNames.Of(pair.Key), pair.Value.Write()))])),
        ];
        if (Curves.Count > 0) entries.Add(new("curves", Node.List([.. Curves.Select(WriteCurve)])));
        return Node.Map(entries);
    }

    private static Node WriteCurve(MatrixCurve curve) => Node.Map(
        KeyValuePair.Create("format", Node.Plain(ChoiceNames.Of(curve.Format))),
        KeyValuePair.Create("outputs", Node.Plain(curve.Outputs.ToString(CultureInfo.InvariantCulture))),
        KeyValuePair.Create("inputs", Node.Plain(curve.Inputs.ToString(CultureInfo.InvariantCulture))),
        KeyValuePair.Create("ratios", curve.Ratios.Write()));

    private (MatrixIdeal Ideal, EfficiencySurface Surface) Find(DeviceSpec device, Precision format, long outputs, long inputs, double? bytesPerWeight)
    {
        MatrixIdeal ideal = MatrixIdeal.Of(device, format, outputs, inputs, bytesPerWeight);
        foreach (Precision candidate in Fallbacks(format))
            if (_surfaces.TryGetValue(candidate, out EfficiencySurface? surface)) return (ideal, surface);
        return (ideal, _surfaces.OrderBy(pair => pair.Key).First().Value);
    }

    /// <summary>Formats whose kernels are most alike, nearest first.</summary>
    private static ReadOnlySpan<Precision> Fallbacks(Precision format) => format switch
    {
        Precision.Bf16 => [Precision.Bf16, Precision.Fp16],
        Precision.Fp16 => [Precision.Fp16, Precision.Bf16],
        Precision.Fp8 => [Precision.Fp8, Precision.Int8],
        Precision.Int8 => [Precision.Int8, Precision.Fp8],
        Precision.Fp4 => [Precision.Fp4, Precision.Fp8, Precision.Int8],
        Precision.Int4 => [Precision.Int4, Precision.Int8, Precision.Fp8],
        _ => [Precision.Fp32],
    };
}
