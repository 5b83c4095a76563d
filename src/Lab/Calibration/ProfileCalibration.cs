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

    /// <summary>The profile of one device.</summary>
    /// <param name="device">Data sheet.</param>
    /// <param name="sources">Of this device; others are passed over.</param>
    /// <param name="keepsTables">Keep every measured point exactly: for use in memory; a shipped profile does without.</param>
    public static DeviceProfile Device(DeviceSpec device, IReadOnlyList<CalibrationSource> sources, bool keepsTables = false)
    {
        ArgumentNullException.ThrowIfNull(device);
        Dictionary<ProfileFamily, FamilyErrors> errors = [];
        CalibrationSource[] own = [.. sources.Where(source => source.Device.Name == device.Name)];
        List<CalibrationSource> used = [];
        MatrixSample[] products = Take(s => s.Matrices, m => (m.Outputs, m.Inputs, m.Format));
        VectorSample[] kernels = Take(s => s.Vectors, v => (v.Name, v.BytesPerRow));
        AttentionTable attention = new(device, Take(s => s.Attention, a => (a.Heads, a.KvHeads, a.Chunks, a.Decodes)));
        ExpertTable experts = new(device, Take(s => s.Experts, e => (e.Hidden, e.Width, e.Count, e.Format, e.TensorRanks, e.ExpertRanks)));
        CollectiveSample[] collectives = Take(s => s.Collectives, c => (c.Kind, c.Library));
        Interconnect links = Interconnect.Usual(device);

        MatrixEfficiency? matrices = MatrixFit.Fit(device, products, keepsTables);
        if (matrices is not null) State(ProfileFamily.Matrices, e => MatrixFit.Judge(matrices, device, products, e), MatrixFit.LeaveOut(device, products));
        VectorEfficiency? vectors = VectorFit.Fit(device, kernels);
        if (vectors is not null) State(ProfileFamily.Vectors, e => VectorFit.Judge(vectors, device, kernels, e), VectorFit.LeaveOut(device, kernels));
        CollectiveEfficiency? groups = CollectiveFit.Fit(links, collectives);
        if (groups is not null) State(ProfileFamily.Collectives, e => CollectiveFit.Judge(groups, links, collectives, e), CollectiveFit.LeaveOut(links, collectives));
        PrefillAttentionEfficiency? prefill = keepsTables ? AttentionFit.PrefillTable(attention) : AttentionFit.Prefill(attention);
        if (prefill is not null) errors[ProfileFamily.Prefill] = new(OperatorErrors.Prefill(prefill, attention), OperatorLeaveOut.Prefill(attention), null);
        DecodeAttentionEfficiency? decode = keepsTables ? AttentionFit.DecodeTable(attention) : AttentionFit.Decode(attention);
        if (decode is not null) errors[ProfileFamily.Decode] = new(OperatorErrors.Decode(decode, attention), OperatorLeaveOut.Decode(attention), null);
        MixedAttentionEfficiency? mixed = prefill is null || decode is null || (attention.Mixed.Count == 0 && SharesKernels(own))
            ? null
            : keepsTables ? MixedFit.MixedTable(attention) : MixedFit.Mixed(attention);
        if (mixed is { Kernels: MixedKernels.Shared })
            errors[ProfileFamily.Mixed] = new(OperatorErrors.Mixed(mixed, prefill!, decode!, attention), OperatorLeaveOut.Mixed(attention), null);
        ExpertEfficiency? routed = keepsTables ? ExpertFit.ExpertsTable(experts) : ExpertFit.Experts(experts);
        if (routed is not null) errors[ProfileFamily.Experts] = new(OperatorErrors.Experts(routed, experts), OperatorLeaveOut.Experts(experts), null);
        return new()
        {
            Name = device.Name,
            Source = string.Join("; ", used.Select(Describe).Distinct()),
            Licence = string.Join(", ", used.Select(source => source.Set.Licence).Where(licence => licence.Length > 0).Distinct()),
            Matrices = matrices,
            Vectors = vectors,
            Prefill = prefill,
            Decode = decode,
            Mixed = mixed,
            Experts = routed,
            Collectives = groups,
            Errors = errors,
        };

        T[] Take<T, TShape>(Func<MeasurementSet, IReadOnlyList<T>> samples, Func<T, TShape> shape)
        {
            CalibrationSource? best = own.Where(source => samples(source.Set).Count > 0)
                .MaxBy(source => samples(source.Set).Select(shape).Distinct().Count());
            if (best is null) return [];
            used.Add(best);
            return [.. samples(best.Set)];
        }

        void State(ProfileFamily family, Action<FitErrors> judge, FitErrors leftOut)
        {
            FitErrors fit = new();
            judge(fit);
            errors[family] = new(fit.Summary(), leftOut.Count > 0 ? leftOut.Summary() : null, null);
        }
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
