using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>
/// What one device is fitted to and judged by: of several publishers the one with most different shapes for each kind of operator, so that
/// kernels and ways of timing are not mixed. Fits here are exact on the points they were given.
/// </summary>
public sealed class DeviceTables
{
    private readonly HashSet<ProfileFamily> _named = [];
    private readonly List<CalibrationSource> _sources = [];

    /// <param name="device">Data sheet.</param>
    /// <param name="sources">Of any devices; others are passed over.</param>
    public DeviceTables(DeviceSpec device, IEnumerable<CalibrationSource> sources)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(sources);
        CalibrationSource[] own = [.. sources.Where(source => source.Device.Name == device.Name)];
        Device = device;
        Matrices = Take(own, [ProfileFamily.Matrices], s => s.Matrices, m => (m.Outputs, m.Inputs, m.Format));
        Vectors = Take(own, [ProfileFamily.Vectors], s => s.Vectors, v => (v.Name, v.BytesPerRow));
        Attention = new(device, Take(own, [ProfileFamily.Prefill, ProfileFamily.Decode, ProfileFamily.Mixed], s => s.Attention, a => (a.Heads, a.KvHeads, a.Chunks, a.Decodes)));
        Experts = new(device, Take(own, [ProfileFamily.Experts], s => s.Experts, e => (e.Hidden, e.Width, e.Count, e.Format, e.TensorRanks, e.ExpertRanks)));
        Collectives = Take(own, [ProfileFamily.Collectives], s => s.Collectives, c => (c.Kind, c.Library));
    }

    /// <summary>Does the publisher of a kind of operators name the engine or library whose kernels were timed?</summary>
    public bool NamesSoftware(ProfileFamily family) => _named.Contains(family);

    private DeviceTables(DeviceTables whole, Func<AttentionSample, bool> attention, Func<ExpertSample, bool> experts)
    {
        Device = whole.Device;
        Matrices = whole.Matrices;
        Vectors = whole.Vectors;
        Collectives = whole.Collectives;
        Attention = whole.Attention.Where(attention);
        Experts = whole.Experts.Where(experts);
    }

    public DeviceSpec Device { get; }

    /// <summary>The publishers that gave a kind of operators each.</summary>
    public IReadOnlyList<CalibrationSource> Sources => _sources;

    public IReadOnlyList<MatrixSample> Matrices { get; }

    public IReadOnlyList<VectorSample> Vectors { get; }

    public AttentionTable Attention { get; }

    public ExpertTable Experts { get; }

    public IReadOnlyList<CollectiveSample> Collectives { get; }

    /// <summary>Is there nothing to judge by?</summary>
    public bool IsEmpty => Matrices.Count + Vectors.Count + Experts.Samples.Count + Collectives.Count + Attention.Prefill.Count + Attention.Decode.Count + Attention.Mixed.Count == 0;

    /// <summary>Every family of which there are tables, exact on them.</summary>
    public DeviceProfile Fit() => new()
    {
        Name = Device.Name,
        Source = "",
        Matrices = MatrixFit.Fit(Device, Matrices, keepCurves: true),
        Vectors = VectorFit.Fit(Device, Vectors),
        Prefill = AttentionFit.PrefillTable(Attention),
        Decode = AttentionFit.DecodeTable(Attention),
        Mixed = Attention.Mixed.Count > 0 ? MixedFit.MixedTable(Attention) : null,
        Experts = ExpertFit.ExpertsTable(Experts),
        Collectives = CollectiveFit.Fit(Interconnect.Usual(Device), Collectives),
    };

    /// <summary>Predicts all points by families of the caller's; families and tables that are missing are passed over.</summary>
    public IReadOnlyList<(ProfileFamily Family, FitErrors Errors)> Judge(DeviceProfile profile)
    {
        ArgumentNullException.ThrowIfNull(profile);
        List<(ProfileFamily, FitErrors)> judged = [];
        if (profile.Matrices is { } matrices) Add(ProfileFamily.Matrices, errors => MatrixFit.Judge(matrices, Device, Matrices, errors));
        if (profile.Vectors is { } vectors) Add(ProfileFamily.Vectors, errors => VectorFit.Judge(vectors, Device, Vectors, errors));
        AddAttention(profile, Attention, Add);
        if (profile.Experts is { } experts) Add(ProfileFamily.Experts, errors => AddExperts(experts, Experts, errors));
        if (profile.Collectives is { } groups) Add(ProfileFamily.Collectives, errors => CollectiveFit.Judge(groups, Interconnect.Usual(Device), Collectives, errors));
        return judged;

        void Add(ProfileFamily family, Action<FitErrors> judge)
        {
            FitErrors errors = new();
            judge(errors);
            if (errors.Count > 0) judged.Add((family, errors));
        }
    }

    /// <summary>Every second point along sizes left out and predicted by the others.</summary>
    public IReadOnlyList<(ProfileFamily Family, FitErrors Errors)> LeaveOut()
    {
        List<(ProfileFamily, FitErrors)> left = [];
        Add(ProfileFamily.Matrices, MatrixFit.LeaveOut(Device, Matrices));
        Add(ProfileFamily.Vectors, VectorFit.LeaveOut(Device, Vectors));
        DeviceTables half = Half();
        DeviceTables judged = new(this, OperatorLeaveOut.IsLeft, OperatorLeaveOut.IsLeft);
        AddAttention(half.FitAttention(), judged.Attention, (family, judge) => Judge(family, judge));
        if (ExpertFit.ExpertsTable(half.Experts) is { } experts) Judge(ProfileFamily.Experts, errors => AddExperts(experts, judged.Experts, errors));
        Add(ProfileFamily.Collectives, CollectiveFit.LeaveOut(Interconnect.Usual(Device), Collectives));
        return left;

        void Judge(ProfileFamily family, Action<FitErrors> judge)
        {
            FitErrors errors = new();
            judge(errors);
            Add(family, errors);
        }

        void Add(ProfileFamily family, FitErrors errors)
        {
            if (errors.Count > 0) left.Add((family, errors));
        }
    }

    /// <summary>Without every second point of attention and experts.</summary>
    public DeviceTables Half() => new(this, s => !OperatorLeaveOut.IsLeft(s), s => !OperatorLeaveOut.IsLeft(s));

    /// <summary>Attention families alone, exact on their points.</summary>
    public DeviceProfile FitAttention() => new()
    {
        Name = Device.Name,
        Source = "",
        Prefill = AttentionFit.PrefillTable(Attention),
        Decode = AttentionFit.DecodeTable(Attention),
        Mixed = Attention.Mixed.Count > 0 ? MixedFit.MixedTable(Attention) : null,
    };

    /// <summary>Seconds of one layer's attention in a step of any kind.</summary>
    /// <param name="profile">Has the families that the step needs.</param>
    /// <param name="table">Of the device.</param>
    /// <param name="s">The step.</param>
    public static double AttentionSeconds(DeviceProfile profile, AttentionTable table, in AttentionSample s)
    {
        ArgumentNullException.ThrowIfNull(profile);
        ArgumentNullException.ThrowIfNull(table);
        AttentionSite site = table.Site(s);
        PrefillWork work = AttentionTable.Work(s);
        double prefill = s.Chunks > 0 ? profile.Prefill!.Seconds(site, work) : 0;
        double decode = s.Decodes > 0 ? profile.Decode!.Seconds(site, s.Decodes, s.MeanDecodeContext, s.LongestDecodeContext, 1) : 0;
        if (s.Chunks == 0 || s.Decodes == 0) return prefill + decode;
        return (profile.Mixed ?? MixedAttentionEfficiency.OneAfterTheOther)
            .Seconds(site, work, prefill, s.Decodes, s.MeanDecodeContext, s.LongestDecodeContext, decode);
    }

    private static void AddAttention(DeviceProfile profile, AttentionTable table, Action<ProfileFamily, Action<FitErrors>> add)
    {
        if (profile.Prefill is not null) add(ProfileFamily.Prefill, errors => AddAll(table.Prefill, errors));
        if (profile.Decode is not null) add(ProfileFamily.Decode, errors => AddAll(table.Decode, errors));
        if (profile is { Prefill: not null, Decode: not null }) add(ProfileFamily.Mixed, errors => AddAll(table.Mixed, errors));

        void AddAll(IReadOnlyList<AttentionSample> samples, FitErrors errors)
        {
            foreach (AttentionSample s in samples) errors.Add(AttentionSeconds(profile, table, s), s.Seconds);
        }
    }

    private static void AddExperts(ExpertEfficiency experts, ExpertTable table, FitErrors errors)
    {
        foreach (ExpertSample s in table.Samples) errors.Add(table.Predict(experts, s), s.Seconds);
    }

    private T[] Take<T, TShape>(CalibrationSource[] own, ProfileFamily[] families, Func<MeasurementSet, IReadOnlyList<T>> samples, Func<T, TShape> shape)
    {
        CalibrationSource? best = own.Where(source => samples(source.Set).Count > 0)
            .MaxBy(source => samples(source.Set).Select(shape).Distinct().Count());
        if (best is null) return [];
        _sources.Add(best);
        if (best.Set.Software.Length > 0) _named.UnionWith(families);
        return [.. samples(best.Set)];
    }
}
