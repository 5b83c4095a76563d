using Orrery.Documents;
using Orrery.World.Hardware;
using Orrery.World.Measurements;

namespace Orrery.World.Profiles;

/// <summary>
/// Times of collectives. Ideal is the volume that every device sends over its link at peak, plus a floor (alpha-beta model: Thakur,
/// Rabenseifner and Gropp 2005); a surface per kind, within a machine and between machines, says how many times longer one takes. Its
/// coordinates are bytes of the buffer, devices, and peak bandwidth of the link, so that one surface can be asked about another link.
/// </summary>
public sealed class CollectiveEfficiency
{
    /// <summary>What two devices need for a few bytes: 5 µs (b: smallest published all-reduces take 4.2-7.1 µs from a captured graph).</summary>
    public const double FloorSeconds = 5e-6;

    /// <summary>Names and order of the coordinates.</summary>
    public static readonly IReadOnlyList<string> Coordinates = ["bytes", "devices", "bandwidth"];

    private readonly Dictionary<CollectiveKind, EfficiencySurface> _local;
    private readonly Dictionary<CollectiveKind, EfficiencySurface> _between;

    /// <summary>A family from its surfaces.</summary>
    /// <param name="local">Within a machine, by kind; at least the all-reduce; axes as <see cref="Coordinates"/>.</param>
    /// <param name="between">Between machines, by kind; may be empty.</param>
    /// <exception cref="ArgumentException">The all-reduce is missing, or an axis has another name.</exception>
    public CollectiveEfficiency(
        IReadOnlyDictionary<CollectiveKind, EfficiencySurface> local, IReadOnlyDictionary<CollectiveKind, EfficiencySurface>? between = null)
    {
        ArgumentNullException.ThrowIfNull(local);
        if (!local.ContainsKey(CollectiveKind.AllReduce)) throw new ArgumentException("the all-reduce within a machine is needed", nameof(local));
        _local = new(local);
        _between = between is null ? [] : new(between);
        foreach (EfficiencySurface surface in _local.Values.Concat(_between.Values)) surface.RequireAxes(Coordinates);
    }

    public IReadOnlyDictionary<CollectiveKind, EfficiencySurface> Local => _local;

    public IReadOnlyDictionary<CollectiveKind, EfficiencySurface> Between => _between;

    /// <summary>The part of the buffer that every device sends: Thakur, Rabenseifner and Gropp 2005, the bandwidth-optimal algorithms.</summary>
    public static double SentShare(CollectiveKind kind, int devices) => kind switch
    {
        CollectiveKind.AllReduce => 2.0 * (devices - 1) / devices,
        CollectiveKind.PointToPoint => 1,
        _ => (double)(devices - 1) / devices,
    };

    /// <summary>Alpha-beta time at the peak of the link, in seconds.</summary>
    /// <param name="kind">Which collective.</param>
    /// <param name="bytesPerSecond">Peak of the link per device, one direction, in bytes per second.</param>
    /// <param name="devices">Devices that take part.</param>
    /// <param name="bytes">Size of the whole buffer, as in <see cref="CollectiveSample"/>.</param>
    public static double IdealSeconds(CollectiveKind kind, double bytesPerSecond, int devices, double bytes) =>
        (SentShare(kind, devices) * bytes / bytesPerSecond) + FloorSeconds;

    /// <summary>Collectives of one kind in one group of devices, ready to be asked for many sizes.</summary>
    public CollectiveTimes Of(CollectiveKind kind, Interconnect interconnect, int devices)
    {
        ArgumentNullException.ThrowIfNull(interconnect);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(devices);
        double bandwidth = interconnect.For(devices).Bandwidth.Value;
        double[] rest = [devices, bandwidth];
        return new(devices, SentShare(kind, devices) / bandwidth, Surface(kind, devices > interconnect.DevicesPerMachine).AlongFirstAxis(rest));
    }

    /// <summary>Seconds of one collective; none for one device.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="interconnect">Links of the devices; a group larger than a machine uses the remote one.</param>
    /// <param name="devices">Devices that take part.</param>
    /// <param name="bytes">Size of the whole buffer, as in <see cref="CollectiveSample"/>.</param>
    public double Seconds(CollectiveKind kind, Interconnect interconnect, int devices, double bytes) => Of(kind, interconnect, devices).Seconds(bytes);

    /// <summary>Does the collective lie within what was measured?</summary>
    public bool IsInside(CollectiveKind kind, Interconnect interconnect, int devices, double bytes)
    {
        ArgumentNullException.ThrowIfNull(interconnect);
        bool between = devices > interconnect.DevicesPerMachine;
        return (between ? _between : _local).TryGetValue(kind, out EfficiencySurface? surface)
            && surface.IsInside(bytes, devices, interconnect.For(devices).Bandwidth.Value);
    }

    /// <summary><c>local</c> and, where measured, <c>between</c>: surfaces by kind.</summary>
    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static CollectiveEfficiency Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        MapReader local = map.Required("local").AsMap();
        local.Required(ChoiceNames.Of(CollectiveKind.AllReduce));
        CollectiveEfficiency family = new(ReadKinds(local), map.Map("between") is { } between ? ReadKinds(between) : null);
        map.Done();
        return family;
    }

    /// <summary>The form that <see cref="Read"/> reads.</summary>
    public Node Write()
    {
        List<KeyValuePair<string, Node>> entries = [new("local", WriteKinds(_local))];
        if (_between.Count > 0) entries.Add(new("between", WriteKinds(_between)));
        return Node.Map(entries);
    }

    private static Dictionary<CollectiveKind, EfficiencySurface> ReadKinds(MapReader map)
    {
        var surfaces = new Dictionary<CollectiveKind, EfficiencySurface>();
        foreach (CollectiveKind kind in Enum.GetValues<CollectiveKind>())
            if (map.Optional(ChoiceNames.Of(kind)) is { } surface) surfaces[kind] = EfficiencySurface.Read(surface, Coordinates);
        map.Done();
        return surfaces;
    }

    private static Node WriteKinds(Dictionary<CollectiveKind, EfficiencySurface> surfaces) =>
        Node.Map([.. surfaces.OrderBy(pair => pair.Key).Select(pair => KeyValuePair.Create(ChoiceNames.Of(pair.Key), pair.Value.Write()))]);

    /// <summary>The kind's own surface, else that of the kind most alike, else within a machine what is unknown between machines.</summary>
    private EfficiencySurface Surface(CollectiveKind kind, bool between)
    {
        if (between && Find(_between, kind) is { } remote) return remote;
        return Find(_local, kind) ?? _local[CollectiveKind.AllReduce];
    }

    private static EfficiencySurface? Find(Dictionary<CollectiveKind, EfficiencySurface> surfaces, CollectiveKind kind)
    {
        ReadOnlySpan<CollectiveKind> alike = kind switch
        {
            CollectiveKind.AllReduce => [CollectiveKind.AllReduce],
            CollectiveKind.AllGather => [CollectiveKind.AllGather, CollectiveKind.ReduceScatter, CollectiveKind.AllToAll],
            CollectiveKind.ReduceScatter => [CollectiveKind.ReduceScatter, CollectiveKind.AllGather, CollectiveKind.AllToAll],
            CollectiveKind.AllToAll => [CollectiveKind.AllToAll, CollectiveKind.AllGather, CollectiveKind.ReduceScatter],
            _ => [CollectiveKind.PointToPoint, CollectiveKind.AllToAll, CollectiveKind.AllGather],
        };
        foreach (CollectiveKind candidate in alike)
            if (surfaces.TryGetValue(candidate, out EfficiencySurface? surface)) return surface;
        return null;
    }
}

/// <summary>Times of one kind of collective in one group of devices, over bytes.</summary>
public sealed class CollectiveTimes
{
    private readonly int _devices;
    private readonly double _secondsPerByte;
    private readonly EfficiencySurface _ratios;

    internal CollectiveTimes(int devices, double secondsPerByte, EfficiencySurface ratios)
    {
        _devices = devices;
        _secondsPerByte = secondsPerByte;
        _ratios = ratios;
    }

    /// <summary>Seconds for a buffer of so many bytes; none for one device or nothing to send.</summary>
    public double Seconds(double bytes) =>
        _devices > 1 && bytes > 0 ? ((bytes * _secondsPerByte) + CollectiveEfficiency.FloorSeconds) * _ratios.RatioAt(bytes) : 0;
}
