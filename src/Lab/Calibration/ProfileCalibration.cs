using Orrery.Lab.Import;
using Orrery.World.Catalogue;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>
/// From imported tables to device profiles: one per measured device, and one that was learnt over all of them. Of several publishers of a
/// device the one with most different shapes gives a family, so that kernels and ways of timing are not mixed.
/// </summary>
public static class ProfileCalibration
{
    /// <summary>The sets of devices that the catalogue knows, without times that their data sheets rule out.</summary>
    /// <param name="sets">Imported tables.</param>
    /// <param name="warnings">Takes a sentence for each set that is left out.</param>
    public static IReadOnlyList<CalibrationSource> Sources(IEnumerable<MeasurementSet> sets, ICollection<string> warnings)
    {
        ArgumentNullException.ThrowIfNull(sets);
        ArgumentNullException.ThrowIfNull(warnings);
        List<CalibrationSource> sources = [];
        foreach (MeasurementSet set in sets)
        {
            DeviceSpec? device = Catalog.Devices.FirstOrDefault(d => d.Name == set.Device);
            if (device is null) warnings.Add($"{set.Origin}: the device '{set.Device}' is not in the catalogue; its tables are left out");
            else sources.Add(new(device, Possible(set, device)));
        }
        return CalibrationSource.Pool(sources);
    }

    /// <summary>The profile of one device, small enough to ship, with its errors.</summary>
    /// <param name="device">Data sheet.</param>
    /// <param name="sources">Of this device; others are passed over.</param>
    public static DeviceProfile Device(DeviceSpec device, IReadOnlyList<CalibrationSource> sources)
    {
        DeviceTables tables = new(device, sources);
        AttentionTable attention = tables.Attention;
        PrefillAttentionEfficiency? prefill = AttentionFit.Prefill(attention);
        DecodeAttentionEfficiency? decode = AttentionFit.Decode(attention);
        bool isShared = attention.Mixed.Count == 0 && SharesKernels(sources.Where(source => source.Device.Name == device.Name));
        DeviceProfile profile = new()
        {
            Name = device.Name,
            Source = string.Join("; ", tables.Sources.Select(Describe).Distinct()),
            Licence = string.Join(", ", tables.Sources.Select(source => source.Set.Licence).Where(licence => licence.Length > 0).Distinct()),
            Matrices = MatrixFit.Fit(device, tables.Matrices, keepCurves: false),
            Vectors = VectorFit.Fit(device, tables.Vectors),
            Prefill = prefill,
            Decode = decode,
            Mixed = prefill is null || decode is null || isShared ? null : MixedFit.Mixed(attention),
            Experts = ExpertFit.Experts(tables.Experts),
            Collectives = CollectiveFit.Fit(Interconnect.Usual(device), tables.Collectives),
        };
        Dictionary<ProfileFamily, FitErrors> leftOut = tables.LeaveOut().ToDictionary(one => one.Family, one => one.Errors);
        return profile with
        {
            Errors = tables.Judge(profile).ToDictionary(
                one => one.Family, one => new FamilyErrors(one.Errors.Summary(), leftOut.GetValueOrDefault(one.Family)?.Summary(), null)),
        };
    }

    /// <summary>What all sources teach about a device that none of them measured, with the error on devices left out.</summary>
    public static DeviceProfile Transfer(IReadOnlyList<CalibrationSource> sources) => Transfer(sources, judges: true);

    /// <summary>The same without judging it: for leaving a device out.</summary>
    public static DeviceProfile TransferWithout(DeviceSpec device, IReadOnlyList<CalibrationSource> sources) =>
        Transfer([.. sources.Where(source => !source.SameChip(device))], judges: false);

    private static DeviceProfile Transfer(IReadOnlyList<CalibrationSource> sources, bool judges)
    {
        Dictionary<ProfileFamily, FamilyErrors> errors = [];
        // Kernels as an engine calls them; benches of kernels alone time other things.
        AttentionTable[] attention =
        [
            .. Engines(sources, s => s.Set.Attention.Count > 0)
                .Select(s => new AttentionTable(s.Device, s.Set.Attention)).Where(t => t.Prefill.Count > 0 && t.Decode.Count > 0),
        ];
        ExpertTable[] experts = [.. Engines(sources, s => s.Set.Experts.Count > 0).Select(s => new ExpertTable(s.Device, s.Set.Experts))];
        if (judges)
        {
            Left(ProfileFamily.Matrices, MatrixFit.LeaveDeviceOut(sources), all: true);
            Left(ProfileFamily.Vectors, VectorFit.LeaveDeviceOut(sources));
            Left(ProfileFamily.Collectives, CollectiveFit.LeaveDeviceOut(sources));
            foreach ((ProfileFamily family, FitError error) in OperatorLeaveOut.Devices(
                attention, experts, (left, other) => !left.Device.SameChip(other.Device), (left, other) => !left.Device.SameChip(other.Device)))
            {
                errors[family] = new(null, null, error);
            }
        }
        return new()
        {
            Name = DeviceProfile.TransferName,
            Source = string.Join("; ", sources.Select(Describe).Distinct()),
            Licence = string.Join(", ", sources.Select(source => source.Set.Licence).Where(licence => licence.Length > 0).Distinct()),
            Matrices = MatrixFit.Transfer(sources),
            Vectors = VectorFit.Transfer(sources),
            Prefill = AttentionFit.Prefill(attention),
            Decode = AttentionFit.Decode(attention),
            Mixed = MixedFit.Mixed(attention),
            Experts = ExpertFit.Experts(experts),
            Collectives = CollectiveFit.Transfer(sources),
            Errors = errors,
        };

        // Sources that state an engine's version are the target; how far the others lie off is stated beside it.
        void Left(ProfileFamily family, IReadOnlyList<(CalibrationSource Source, FitErrors Errors)> left, bool all = false)
        {
            bool judgesAll = all || !left.Any(one => one.Source.IsEngine);
            FitErrors target = new();
            FitErrors rest = new();
            foreach ((CalibrationSource source, FitErrors one) in left) (judgesAll || source.IsEngine ? target : rest).Add(one);
            if (target.Count > 0) errors[family] = new(null, null, target.Summary(), rest.Count > 0 ? rest.Summary() : null);
        }
    }

    /// <summary>The sources of engines that have something, or where there are none all that have.</summary>
    private static CalibrationSource[] Engines(IEnumerable<CalibrationSource> sources, Func<CalibrationSource, bool> has)
    {
        CalibrationSource[] all = [.. sources.Where(has)];
        CalibrationSource[] engines = [.. all.Where(source => source.IsEngine)];
        return engines.Length > 0 ? engines : all;
    }

    /// <summary>
    /// FlashAttention 2 computes decodes and chunks of a step in one kernel (b: tables of two devices); where such steps were not measured, what was
    /// learnt on other devices says what that costs.
    /// </summary>
    private static bool SharesKernels(IEnumerable<CalibrationSource> sources) =>
        sources.SelectMany(source => source.Set.Attention).Any(sample => sample.Kernel == "flash-attn");

    private static string Describe(CalibrationSource source) =>
        source.Set.Software.Length > 0 ? $"{source.Set.Source}, {source.Set.Software}" : source.Set.Source;

    private static MeasurementSet Possible(MeasurementSet set, DeviceSpec device) => set with
    {
        Matrices = [.. set.Matrices.Where(sample => DataSheetCheck.Allows(device, sample))],
        Vectors = [.. set.Vectors.Where(sample => DataSheetCheck.Allows(device, sample))],
        Attention = [.. set.Attention.Where(sample => DataSheetCheck.Allows(device, sample))],
        Experts = [.. set.Experts.Where(sample => DataSheetCheck.Allows(device, sample))],
    };
}
