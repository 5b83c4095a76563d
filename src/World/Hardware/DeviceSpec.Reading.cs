using Orrery.Documents;
using Orrery.Kernel.Units;

namespace Orrery.World.Hardware;

/// <summary>Reading a device from YAML: a catalogue entry, or a description written into a scenario.</summary>
public sealed partial record DeviceSpec
{
    /// <summary>Idle power where none is known, as a share of the limit (d: data-centre parts idle at 8-15 %).</summary>
    private const double IdleShare = 0.125;

    /// <summary>
    /// Required: <c>name</c>, <c>peak</c> (rates by precision), <c>memory</c>, <c>bandwidth</c>, <c>power.tdp</c>. Optional:
    /// <c>usableMemory</c>, <c>link</c>, <c>hostBandwidth</c> (default: of the link), <c>power.idle</c> (default: an eighth of the
    /// limit), <c>multiprocessors</c> (default: unknown), <c>prices</c> (latest first; none means free), <c>die</c>, <c>cache</c>,
    /// <c>embodied</c>, <c>aliases</c>, <c>source</c>.
    /// </summary>
    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static DeviceSpec Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        MapReader link = map.Map("link") ?? Node.Map().AsMap();
        MapReader power = map.Required("power").AsMap();
        MapReader? die = map.Map("die");
        MapReader? embodied = map.Map("embodied");
        BytesPerSecond linkBandwidth = new(link.Quantity("bandwidth", Quantity.BytesPerSecond, Interconnect.UsualRemote.Bandwidth.Value, min: 1));
        double tdp = power.Required("tdp").AsQuantity(Quantity.Power, min: 0.1);
        DatedPrice[] prices = [.. map.List("prices").Select(ReadPrice)];
        DeviceSpec device = new(
            map.Text("name"),
            ReadPeaks(map.Required("peak")),
            map.Bytes("memory"),
            new(map.Required("bandwidth").AsQuantity(Quantity.BytesPerSecond, min: 1)),
            linkBandwidth,
            new(map.Quantity("hostBandwidth", Quantity.BytesPerSecond, linkBandwidth.Value, min: 1)),
            new(tdp),
            new(power.Quantity("idle", Quantity.Power, tdp * IdleShare, max: tdp)),
            prices.Length > 0 ? prices[0].PerHour : Money.Zero,
            new(embodied?.Quantity("carbon", Quantity.Mass, 0) ?? 0),
            map.Text("source", $"described at {node.Where}"))
        {
            Multiprocessors = map.Int("multiprocessors", 0, 0, 1 << 20),
            LinkName = link.Text("name", ""),
            Prices = prices,
            DieAreaSquareMillimetres = die?.Quantity("area", Quantity.Area, 0) ?? 0,
            ProcessNode = die?.Text("node", "") ?? "",
            Cache = map.Bytes("cache", new(UsualCacheBytes)),
            Aliases = [.. map.List("aliases").Select(a => a.AsText())],
            PowerSource = power.Text("source", ""),
            EmbodiedSource = embodied?.Text("source", "") ?? "",
        };
        device = device with { UsableMemory = map.Bytes("usableMemory", device.Memory) };
        if (device.Memory.Count == 0) throw map.Required("memory").Error("a device needs memory; write for example 80GiB");
        if (device.UsableMemory > device.Memory) throw map.Required("usableMemory").Error($"usable memory cannot exceed the memory of {device.Memory}");
        link.Done();
        power.Done();
        die?.Done();
        embodied?.Done();
        map.Done();
        return device;
    }

    private static Dictionary<Precision, FlopsPerSecond> ReadPeaks(Node node)
    {
        MapReader map = node.AsMap();
        var peaks = new Dictionary<Precision, FlopsPerSecond>();
        foreach (Precision precision in Enum.GetValues<Precision>())
            if (map.Optional(precision.ToString().ToLowerInvariant()) is { } rate)
                peaks[precision] = new(rate.AsQuantity(Quantity.FlopsPerSecond, min: 1));
        map.Done();
        return peaks.Count > 0 ? peaks : throw node.Error("a device needs at least one peak rate; write for example {bf16: 312TFLOP/s}");
    }

    private static DatedPrice ReadPrice(Node node)
    {
        MapReader map = node.AsMap();
        DatedPrice price = new(new(map.Required("perHour").AsQuantity(Quantity.Money)), map.Text("year", ""), map.Text("source", ""));
        map.Done();
        return price;
    }
}
