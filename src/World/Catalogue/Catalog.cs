using Orrery.Kernel;
using Orrery.World.Hardware;
using Orrery.World.Models;
using Orrery.World.Power;
using Orrery.World.Profiles;
using Orrery.World.StepTimes;

namespace Orrery.World.Catalogue;

/// <summary>What is built in. Each kind is read when first asked for; names and aliases are found without case.</summary>
/// <remarks>Every finder throws <see cref="InputException"/> with the nearest name for an unknown one.</remarks>
public static class Catalog
{
    private static readonly CatalogSection<DeviceSpec> DeviceSection =
        new("device", "catalog/devices/", DeviceSpec.Read, d => d.Name, d => d.Aliases);

    private static readonly CatalogSection<ModelSpec> ModelSection =
        new("model", "catalog/models/", ModelSpec.Read, m => m.Name, m => m.Aliases);

    private static readonly CatalogSection<NetworkLink> NetworkSection =
        new("network", "catalog/networks.yaml", NetworkLink.Read, n => n.Name, _ => []);

    private static readonly CatalogSection<CostProfile> ConstantsSection =
        new("cost profile", "catalog/analytic.yaml", CostProfile.Read, p => p.Name, _ => []);

    private static readonly CatalogSection<DeviceProfile> ProfileSection =
        new("profile", "catalog/profiles/", DeviceProfile.Read, p => p.Name, _ => []);

    private static readonly CatalogSection<EngineProfile> EngineSection =
        new("engine", "catalog/engines.yaml", EngineProfile.Read, e => e.Name, e => e.Aliases);

    private static readonly CatalogSection<StepTimeTable> StepTimeSection =
        new("table of step times", "catalog/step-times/", StepTimeTable.Read, t => t.Name, _ => []);

    private static readonly CatalogSection<GridSpec> GridSection =
        new("grid", "catalog/grids.yaml", GridSpec.Read, g => g.Name, g => g.Aliases);

    private static readonly CatalogSection<PowerProfile> PowerSection =
        new("power profile", "catalog/power.yaml", PowerProfile.Read, p => p.Device, _ => []);

    public static IReadOnlyList<DeviceSpec> Devices => DeviceSection.Entries;

    public static IReadOnlyList<ModelSpec> Models => ModelSection.Entries;

    public static IReadOnlyList<NetworkLink> Networks => NetworkSection.Entries;

    public static IReadOnlyList<DeviceProfile> Profiles => ProfileSection.Entries;

    public static IReadOnlyList<EngineProfile> Engines => EngineSection.Entries;

    public static IReadOnlyList<StepTimeTable> StepTimes => StepTimeSection.Entries;

    public static IReadOnlyList<GridSpec> Grids => GridSection.Entries;

    public static IReadOnlyList<PowerProfile> PowerProfiles => PowerSection.Entries;

    /// <summary>A device such as <c>h100-sxm</c>.</summary>
    public static DeviceSpec Device(string name) => DeviceSection.Find(name);

    /// <summary>A model by catalogue name or Hugging Face id.</summary>
    public static ModelSpec Model(string nameOrAlias) => ModelSection.Find(nameOrAlias);

    /// <summary>A link such as <c>infiniband-ndr</c>.</summary>
    public static NetworkLink Network(string name) => NetworkSection.Find(name);

    /// <summary>The constants that take the place of measurements.</summary>
    public static CostProfile Analytic => ConstantsSection.Find(CostProfile.Analytic.Name);

    /// <summary>A measured profile by the name of its device, or <see cref="DeviceProfile.TransferName"/>.</summary>
    public static DeviceProfile Profile(string name) => ProfileSection.Find(name);

    /// <summary>
    /// What is known best about a device: its own measurements, then those of another device with the same chip, then what was learnt on all
    /// others; without any of them the constants.
    /// </summary>
    public static CostProfile ProfileOf(DeviceSpec device)
    {
        ArgumentNullException.ThrowIfNull(device);
        // The transfer is the largest file: it is read only where something is missing.
        ProfileSection.TryFind(device.Name, out DeviceProfile? own);
        if (own is { IsComplete: true }) return CostProfile.Analytic.With(own);
        if (!ProfileSection.TryFind(DeviceProfile.TransferName, out DeviceProfile? transfer)) return CostProfile.Analytic;
        DeviceProfile? known = own;
        foreach (DeviceProfile sibling in Siblings(device)) known = known?.CompletedBy(sibling.AskedAboutOther(transfer)) ?? sibling.AskedAboutOther(transfer);
        return CostProfile.Analytic.With(known?.CompletedBy(transfer) ?? transfer);
    }

    /// <summary>Measured devices with the same chip, those first that say most.</summary>
    private static IEnumerable<DeviceProfile> Siblings(DeviceSpec device) => Devices
        .Where(other => other.Name != device.Name && other.SameChip(device))
        .Select(other => ProfileSection.TryFind(other.Name, out DeviceProfile? profile) ? profile : null)
        .OfType<DeviceProfile>()
        .OrderByDescending(profile => profile.Families).ThenBy(profile => profile.Name, StringComparer.Ordinal);

    /// <summary>An engine version such as <c>vllm-0.19</c>.</summary>
    public static EngineProfile Engine(string name) => EngineSection.Find(name);

    /// <summary>Published step times such as <c>distserve</c>.</summary>
    public static StepTimeTable StepTimesOf(string name) => StepTimeSection.Find(name);

    /// <summary>A grid such as <c>us-caiso</c> or <c>france</c>.</summary>
    public static GridSpec Grid(string name) => GridSection.Find(name);

    /// <summary>How much a device draws: its own fit, or what was learnt on the others.</summary>
    public static PowerProfile Power(DeviceSpec device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return PowerSection.TryFind(device.Name, out PowerProfile? own) ? own : PowerSection.Find(PowerProfile.TransferName);
    }

    /// <summary>The model of a name or alias, or null.</summary>
    public static ModelSpec? TryModel(string nameOrAlias) => ModelSection.TryFind(nameOrAlias, out ModelSpec? model) ? model : null;
}
