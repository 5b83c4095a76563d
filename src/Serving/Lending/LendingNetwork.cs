using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Hardware;

namespace Orrery.Serving.Lending;

/// <summary>
/// Where equal replicas stand and how they reach each other: neighbours in index share machines, within which the device's own link works.
/// Every device of a replica has its share of the KV and its own port.
/// </summary>
/// <param name="interconnect">Links within and between machines.</param>
/// <param name="devicesPerReplica">Devices of one replica.</param>
public sealed class LendingNetwork(Interconnect interconnect, int devicesPerReplica)
{
    /// <summary>The machine of a replica's first device.</summary>
    public int MachineOf(int replica) => (int)((long)replica * devicesPerReplica / interconnect.DevicesPerMachine);

    /// <summary>The link between a device of one replica and its counterpart in another.</summary>
    public NetworkLink Between(int a, int b) =>
        devicesPerReplica <= interconnect.DevicesPerMachine && MachineOf(a) == MachineOf(b) ? interconnect.Local : interconnect.Remote;

    /// <summary>There and back.</summary>
    public Duration RoundTrip(int a, int b) => Duration.FromSeconds(2 * Between(a, b).LatencySeconds);

    /// <summary>Time in which so many bytes of one device cross, without latency.</summary>
    public Duration Transfer(int a, int b, Bytes bytes) => Duration.FromSeconds(bytes.Count / Between(a, b).Bandwidth.Value);
}
