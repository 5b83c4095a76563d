using Orrery.Documents;
using Orrery.Kernel.Units;

namespace Orrery.World.Hardware;

/// <summary>One kind of link, one direction.</summary>
/// <param name="Name">Catalogue name, for example <c>infiniband-ndr</c>.</param>
/// <param name="Bandwidth">Peak per device or per adapter, one direction.</param>
/// <param name="LatencySeconds">Time for the first byte.</param>
/// <param name="Source">Where the row comes from, with its mark.</param>
public sealed record NetworkLink(string Name, BytesPerSecond Bandwidth, double LatencySeconds, string Source)
{
    /// <summary>Reads <c>name</c>, <c>bandwidth</c>, <c>latency</c> and <c>source</c>.</summary>
    /// <exception cref="Kernel.InputException">A value is missing, unknown or out of range; the sentence says where.</exception>
    public static NetworkLink Read(Node node)
    {
        ArgumentNullException.ThrowIfNull(node);
        MapReader map = node.AsMap();
        NetworkLink link = new(
            map.Text("name"),
            new(map.Required("bandwidth").AsQuantity(Quantity.BytesPerSecond, min: 1)),
            map.Quantity("latency", Quantity.Duration),
            map.Text("source", $"described at {node.Where}"));
        map.Done();
        return link;
    }
}

/// <summary>How the devices of a replica reach each other.</summary>
/// <param name="Local">Between devices of one machine.</param>
/// <param name="Remote">Between machines, per device.</param>
/// <param name="DevicesPerMachine">Devices that share the local link.</param>
public sealed record Interconnect(NetworkLink Local, NetworkLink Remote, int DevicesPerMachine)
{
    /// <summary>Devices of a usual accelerator server (HGX, DGX).</summary>
    public const int UsualDevicesPerMachine = 8;

    /// <summary>PCIe or NVLink hop: 1-2 µs (reference table of networks, marks b, c).</summary>
    public const double LocalLatencySeconds = 2e-6;

    /// <summary>One adapter of 200 Gbit/s per device: 25 GB/s, 5 µs (reference table of networks, mark b).</summary>
    public static readonly NetworkLink UsualRemote = new("infiniband-hdr", new BytesPerSecond(25e9), 5e-6, "HDR InfiniBand or 200 GbE RoCE (b)");

    /// <summary>The device's own link within machines of eight and 200 Gbit/s per device between them.</summary>
    public static Interconnect Usual(DeviceSpec device)
    {
        ArgumentNullException.ThrowIfNull(device);
        string name = device.LinkName.Length > 0 ? device.LinkName : "local";
        return new(new NetworkLink(name, device.LinkBandwidth, LocalLatencySeconds, device.Source), UsualRemote, UsualDevicesPerMachine);
    }

    /// <summary>The link that a group of this many neighbouring devices is limited by.</summary>
    public NetworkLink For(int devices) => devices <= DevicesPerMachine ? Local : Remote;
}
