using Orrery.Documents;
using Orrery.World.Hardware;

namespace Orrery.World.Profiles;

/// <summary>
/// Times of elementwise kernels: norms, activations, positions, additions, look-ups, sampling. Ideal is bytes / peak bandwidth plus the
/// launch of a kernel; a surface per kind of kernel says how many times longer it takes. Its coordinates are bytes, and bytes of a row:
/// kernels give a row to a block of threads. Implementations differ more between kinds (fused or a chain of launches, what stays in the
/// cache) than devices do, hence a surface per kind.
/// </summary>
public sealed class VectorEfficiency
{
    /// <summary>What a kernel too small to matter takes from a captured graph: 2 µs (b: smallest published elementwise kernels, 1.7-2.6 µs).</summary>
    public const double FloorSeconds = 2e-6;

    /// <summary>Name of the surface for kinds without one of their own.</summary>
    public const string Any = "any";

    /// <summary>Names and order of the coordinates.</summary>
    public static readonly IReadOnlyList<string> Coordinates = ["bytes", "rowBytes"];

    private readonly Dictionary<string, EfficiencySurface> _surfaces;

    /// <summary>A family from its surfaces.</summary>
    /// <param name="surfaces">By kind of kernel; one is <see cref="Any"/>; axes as <see cref="Coordinates"/>.</param>
    /// <exception cref="ArgumentException">There is no surface for any kind, or an axis has another name.</exception>
    public VectorEfficiency(IReadOnlyDictionary<string, EfficiencySurface> surfaces)
    {
        ArgumentNullException.ThrowIfNull(surfaces);
        if (!surfaces.ContainsKey(Any)) throw new ArgumentException($"a surface '{Any}' is needed for kinds without their own", nameof(surfaces));
        foreach (EfficiencySurface surface in surfaces.Values) surface.RequireAxes(Coordinates);
        _surfaces = new(surfaces, StringComparer.Ordinal);
    }

    public IReadOnlyDictionary<string, EfficiencySurface> Surfaces => _surfaces;

    /// <summary>Kernels of one kind and width on a device, ready to be asked for many numbers of rows.</summary>
    /// <param name="device">Data sheet of the device.</param>
    /// <param name="kind">Such as <c>norm</c>; a kind without its own surface takes that of <see cref="Any"/>.</param>
    /// <param name="bytesPerRow">Bytes read and written per token.</param>
    public VectorTimes Of(DeviceSpec device, string kind, double bytesPerRow)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerRow);
        return new(bytesPerRow, 1 / device.MemoryBandwidth.Value, Surface(kind).AlongFirstAxis(bytesPerRow));
    }

    /// <summary>Seconds of one kernel over so many rows; see <see cref="Of"/>, which is cheaper for many.</summary>
    public double Seconds(DeviceSpec device, string kind, double bytesPerRow, double rows) => Of(device, kind, bytesPerRow).Seconds(rows);

    /// <summary>Does the size lie within what was measured for this kind?</summary>
    public bool IsInside(string kind, double bytesPerRow, double rows) => Surface(kind).IsInside(bytesPerRow * rows, bytesPerRow);

    /// <summary>A mapping from kinds to surfaces.</summary>
    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static VectorEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        node.AsMap().Required(Any);
        return new(node.Entries.ToDictionary(entry => entry.Key, entry => EfficiencySurface.Read(entry.Value, Coordinates)));
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write() =>
        Node.Map([.. _surfaces.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Write()))]);

    private EfficiencySurface Surface(string kind) => _surfaces.TryGetValue(kind, out EfficiencySurface? own) ? own : _surfaces[Any];
}

/// <summary>Times of one kind of elementwise kernel of one width on one device, over rows.</summary>
public sealed class VectorTimes
{
    private readonly double _bytesPerRow;
    private readonly double _secondsPerByte;
    private readonly EfficiencySurface _ratios;

    internal VectorTimes(double bytesPerRow, double secondsPerByte, EfficiencySurface ratios)
    {
        _bytesPerRow = bytesPerRow;
        _secondsPerByte = secondsPerByte;
        _ratios = ratios;
    }

    /// <summary>Seconds for so many rows; none for none.</summary>
    public double Seconds(double rows)
    {
        if (rows <= 0) return 0;
        double bytes = rows * _bytesPerRow;
        return ((bytes * _secondsPerByte) + VectorEfficiency.FloorSeconds) * _ratios.RatioAt(bytes);
    }
}
