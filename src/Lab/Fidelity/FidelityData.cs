using System.Collections.Concurrent;
using Orrery.Kernel;
using Orrery.Lab.Calibration;
using Orrery.Lab.Import;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>
/// What a data folder holds, found by the layout of its files, and the profiles that its tables make. A table that cannot be read, and a
/// device that is not known, cost a warning; the rest goes on.
/// </summary>
public sealed class FidelityData
{
    private readonly Lazy<(IReadOnlyList<MeasurementSet> Sets, IReadOnlyList<CalibrationSource> Sources, IReadOnlyList<string> Warnings)> _tables;
    private readonly ConcurrentDictionary<string, Lazy<DeviceProfile?>> _own = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<DeviceProfile>> _transfer = new(StringComparer.Ordinal);

    /// <param name="folder">The data folder.</param>
    /// <exception cref="InputException">It does not exist.</exception>
    public FidelityData(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!Directory.Exists(folder)) throw new InputException($"--data {folder}: this folder does not exist");
        Folder = folder;
        _tables = new(ReadTables);
    }

    public string Folder { get; }

    /// <summary>Imported tables, one set per folder, device, software and model.</summary>
    public IReadOnlyList<MeasurementSet> Sets => _tables.Value.Sets;

    /// <summary>The tables of catalogue devices, by device and publisher.</summary>
    public IReadOnlyList<CalibrationSource> Sources => _tables.Value.Sources;

    /// <summary>Has anything needed the tables yet?</summary>
    public bool HasReadTables => _tables.IsValueCreated;

    /// <summary>What was left out of <see cref="Sources"/>.</summary>
    public IReadOnlyList<string> Warnings => _tables.Value.Warnings;

    /// <summary>Devices that have tables, in order of their names.</summary>
    public IReadOnlyList<DeviceSpec> Devices => [.. Sources.Select(source => source.Device).DistinctBy(device => device.Name).OrderBy(device => device.Name, StringComparer.Ordinal)];

    /// <summary>
    /// A device's profile in a mode, null where there is none: interpolating, the shipped one, or one fitted to the tables at hand; in the
    /// transfer, one learnt without any device of the same chip, or the shipped transfer where this chip was no donor.
    /// </summary>
    public DeviceProfile? Profile(DeviceSpec device, FidelityMode mode)
    {
        ArgumentNullException.ThrowIfNull(device);
        return mode == FidelityMode.Transfer
            ? _transfer.GetOrAdd(device.Name, _ => new(() => Learn(device))).Value
            : _own.GetOrAdd(device.Name, _ => new(() => Own(device))).Value;
    }

    /// <summary>The same with the constants behind it that have no family; null where a family is missing, which <see cref="Missing"/> explains.</summary>
    public CostProfile? Cost(DeviceSpec device, FidelityMode mode) =>
        Profile(device, mode) is { IsComplete: true } profile ? CostProfile.Analytic.With(profile) : null;

    /// <summary>Why there is no <see cref="Cost"/>.</summary>
    public static string Missing(DeviceSpec device, FidelityMode mode)
    {
        ArgumentNullException.ThrowIfNull(device);
        return mode == FidelityMode.Interpolate
            ? $"there are no tables of {device.Name}"
            : $"{device.Name} is a donor of the shipped transfer, and too few tables of other devices are here to learn one without it";
    }

    private DeviceProfile? Own(DeviceSpec device)
    {
        if (Catalog.Profiles.Any(profile => profile.Name == device.Name)) return Catalog.ProfileOf(device).Measured;
        DeviceTables tables = new(device, Sources);
        return tables.Matrices.Count == 0 || tables.Attention.Decode.Count == 0 ? null : tables.Fit().CompletedBy(Catalog.Profile(DeviceProfile.TransferName));
    }

    private DeviceProfile Learn(DeviceSpec device)
    {
        DeviceProfile shipped = Catalog.Profile(DeviceProfile.TransferName);
        CalibrationSource own = new(device, new(device.Name, "", "", ""));
        bool isDonor = Catalog.Devices.Any(donor => own.SameChip(donor) && Catalog.Profiles.Any(profile => profile.Name == donor.Name));
        if (!isDonor) return shipped;
        DeviceProfile without = ProfileCalibration.TransferWithout(device, Sources);
        return without with { Errors = shipped.Errors };
    }

    private (IReadOnlyList<MeasurementSet>, IReadOnlyList<CalibrationSource>, IReadOnlyList<string>) ReadTables()
    {
        List<string> warnings = [];
        List<MeasurementSet> sets = [];
        foreach (string folder in Directory.EnumerateDirectories(Folder).Order(StringComparer.Ordinal)) Read(folder);
        if (sets.Count == 0) Read(Folder);
        return (sets, ProfileCalibration.Sources(sets, warnings), [.. warnings.Distinct()]);

        void Read(string folder)
        {
            if (MeasurementImport.Find(folder, warnings) is { } found) sets.AddRange(found);
        }
    }
}
