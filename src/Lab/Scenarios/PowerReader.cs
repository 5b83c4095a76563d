using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Kernel.Units;
using Orrery.Serving.Power;
using Orrery.Serving.Systems;
using Orrery.World.Hardware;

namespace Orrery.Lab.Scenarios;

/// <summary>The breaker that a fleet stands behind, and what keeps it closed.</summary>
/// <param name="Manager">Decides the caps.</param>
/// <param name="Row">Servers, sensor and actuators.</param>
/// <param name="Budget">What the breaker carries.</param>
public sealed record PowerScenario(PowerManagerSpec Manager, RowPowerOptions Row, Watts Budget);

/// <summary>The <c>power:</c> block: a power manager with its options, <c>budget</c>, and the options of the row.</summary>
internal static class PowerReader
{
    public const string Usual = "polca";

    private static readonly string[] DeviceKeys = ["devicePower", "deviceIdle"];

    /// <param name="node">A manager's name, or a mapping.</param>
    /// <param name="fleet">Whose servers stand on the row; all of one device.</param>
    /// <param name="notes">Takes what a reader of the result should know.</param>
    /// <exception cref="InputException">Unknown key or manager, or values that do not go together.</exception>
    public static PowerScenario Read(Node node, IReadOnlyList<FleetEntry> fleet, List<string> notes)
    {
        DeviceSpec device = fleet[0].Deployment.Device;
        if (fleet.FirstOrDefault(entry => entry.Deployment.Device.Name != device.Name) is { } stranger)
            throw node.KeyError($"servers on one row have one kind of device, and the fleet has {device.Name} and {stranger.Deployment.Device.Name}; simulate rows of their own");
        bool isNamed = node.Kind == NodeKind.Scalar;
        MapReader map = isNamed ? Node.Map([]).AsMap() : node.AsMap();
        PowerManagerSpec manager = isNamed ? PowerManagers.Registry.Read(node) : PowerManagers.Registry.ReadKeys(map, Usual);
        RowPowerOptions row = RowPowerOptions.Set.Read(map);
        if (!map.Has(DeviceKeys[0])) row = row with { DeviceWatts = device.ThermalDesignPower.Value };
        if (!map.Has(DeviceKeys[1])) row = row with { DeviceIdleWatts = device.IdlePower.Value };
        int devices = fleet.Sum(entry => entry.Replicas * entry.Deployment.Parallel.Devices);
        double usual = row.ServerRatedWatts * devices / row.ServerDevices;
        Watts budget = new(map.Optional("budget")?.AsQuantity(Quantity.Power, min: 1) ?? usual);
        map.Done();
        if ((row.Fault() ?? manager.Fault(row.Laws)) is { } fault) throw node.Error(fault);
        if (Math.Abs(row.DeviceWatts - new RowPowerOptions().DeviceWatts) > 1 && !map.Has("serverRated"))
            notes.Add($"power: a server of {device.Name} is taken to draw {row.ServerIdleWatts:0} W idle and {row.ServerRatedWatts:0} W rated, as with A100; write serverIdle and serverRated");
        notes.Add("power: the energy, carbon and water of this run count devices at their full clock; rowEnergy counts the caps");
        return new(manager, row, budget);
    }

    /// <summary>The form that <see cref="Read"/> gives back.</summary>
    public static Node ToNode(PowerScenario power) => Node.Map(
    [
        .. PowerManagers.Registry.ToNode(power.Manager).Entries,
        KeyValuePair.Create("budget", Node.Plain(Quantities.Format(power.Budget.Value, Quantity.Power))),
        .. RowPowerOptions.Set.ToNode(power.Row).Entries,
    ]);
}
