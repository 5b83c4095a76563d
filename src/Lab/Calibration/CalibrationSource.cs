using Orrery.World.Hardware;
using Orrery.World.Measurements;

namespace Orrery.Lab.Calibration;

/// <summary>A measured set and the data sheet of the device it was measured on.</summary>
/// <param name="Device">From the catalogue.</param>
/// <param name="Set">Imported tables.</param>
public sealed record CalibrationSource(DeviceSpec Device, MeasurementSet Set)
{
    /// <summary>Does the source state the software and its version? Tables without come from research forks and benches that may time launches by the host.</summary>
    public bool IsEngine => Set.Software.Length > 0;

    /// <inheritdoc cref="DeviceSpec.SameChip"/>
    public bool SameChip(DeviceSpec other) => Device.SameChip(other);

    /// <summary>
    /// Sets of one device by one publisher as one: a publisher that measured twenty models on a device says about it what one that measured
    /// one does, not twenty times as much.
    /// </summary>
    public static IReadOnlyList<CalibrationSource> Pool(IEnumerable<CalibrationSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        return
        [
            .. sources.GroupBy(source => (source.Device.Name, source.Set.Source)).Select(group => group.First() with
            {
                Set = group.First().Set with
                {
                    Model = "",
                    Matrices = [.. group.SelectMany(source => source.Set.Matrices)],
                    Vectors = [.. group.SelectMany(source => source.Set.Vectors)],
                    Attention = [.. group.SelectMany(source => source.Set.Attention)],
                    Experts = [.. group.SelectMany(source => source.Set.Experts)],
                    Collectives = [.. group.SelectMany(source => source.Set.Collectives)],
                    Phases = [.. group.SelectMany(source => source.Set.Phases)],
                    Warnings = [.. group.SelectMany(source => source.Set.Warnings)],
                },
            }),
        ];
    }
}
