using Orrery.Documents;
using Orrery.World.Hardware;

namespace Orrery.World.Profiles;

/// <summary>
/// Times of elementwise kernels: norms, activations, positions, additions, look-ups, sampling. Ideal is bytes / peak bandwidth plus the
/// launch of a kernel; a curve over bytes per kind of kernel says how many times longer it takes. Implementations differ more between
/// kinds (fused or a chain of launches, what stays in the cache) than devices do, hence a curve per kind.
/// </summary>
public sealed class VectorEfficiency
{
    /// <summary>What a kernel too small to matter takes from a captured graph: 2 µs (b: smallest published elementwise kernels, 1.7-2.6 µs).</summary>
    public const double FloorSeconds = 2e-6;

    /// <summary>Name of the curve for kinds without one of their own.</summary>
    public const string Any = "any";

    /// <summary>Names and order of the coordinates.</summary>
    public static readonly IReadOnlyList<string> Coordinates = ["bytes"];

    private readonly Dictionary<string, EfficiencySurface> _curves;

    /// <summary>A family from its curves.</summary>
    /// <param name="curves">By kind of kernel; one is <see cref="Any"/>; the axis is <c>bytes</c>.</param>
    /// <exception cref="ArgumentException">There is no curve for any kind, or an axis has another name.</exception>
    public VectorEfficiency(IReadOnlyDictionary<string, EfficiencySurface> curves)
    {
        ArgumentNullException.ThrowIfNull(curves);
        if (!curves.ContainsKey(Any)) throw new ArgumentException($"a curve '{Any}' is needed for kinds without their own", nameof(curves));
        foreach (EfficiencySurface curve in curves.Values) curve.RequireAxes(Coordinates);
        _curves = new(curves, StringComparer.Ordinal);
    }

    public IReadOnlyDictionary<string, EfficiencySurface> Curves => _curves;

    /// <summary>Kernels of one kind on a device, ready to be asked for many sizes.</summary>
    /// <param name="device">Data sheet of the device.</param>
    /// <param name="kind">Such as <c>norm</c>; a kind without its own curve takes that of <see cref="Any"/>.</param>
    public VectorTimes Of(DeviceSpec device, string kind)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(kind);
        return new(1 / device.MemoryBandwidth.Value, Curve(kind));
    }

    /// <summary>Seconds of one kernel that reads and writes so many bytes.</summary>
    public double Seconds(DeviceSpec device, string kind, double bytes) => Of(device, kind).Seconds(bytes);

    /// <summary>Does the size lie within what was measured for this kind?</summary>
    public bool IsInside(string kind, double bytes) => Curve(kind).IsInside(bytes);

    /// <summary>A mapping from kinds to curves.</summary>
    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static VectorEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        node.AsMap().Required(Any);
        return new(node.Entries.ToDictionary(entry => entry.Key, entry => EfficiencySurface.Read(entry.Value, Coordinates)));
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write() =>
        Node.Map([.. _curves.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Write()))]);

    private EfficiencySurface Curve(string kind) => _curves.TryGetValue(kind, out EfficiencySurface? own) ? own : _curves[Any];
}

/// <summary>Times of one kind of elementwise kernel on one device, over bytes.</summary>
public sealed class VectorTimes
{
    private readonly double _secondsPerByte;
    private readonly EfficiencySurface _ratios;

    internal VectorTimes(double secondsPerByte, EfficiencySurface ratios)
    {
        _secondsPerByte = secondsPerByte;
        _ratios = ratios;
    }

    /// <summary>Seconds of one kernel that reads and writes so many bytes; none for none.</summary>
    public double Seconds(double bytes) => bytes > 0 ? ((bytes * _secondsPerByte) + VectorEfficiency.FloorSeconds) * _ratios.RatioAt(bytes) : 0;
}
