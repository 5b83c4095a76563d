using Orrery.Documents;
using Orrery.Lab.Calibration;
using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>Which figures of F1 are wanted.</summary>
public enum LeaveOut
{
    /// <summary>Every kind.</summary>
    All,

    /// <summary>One model left out of the device's tables.</summary>
    Model,

    /// <summary>The device left out of what is learnt over devices.</summary>
    Device,
}

/// <summary>
/// Level F1: single operators. Every second measured point is left out and predicted by the others, the shipped profile is held against all
/// points, one model and one device are left out.
/// </summary>
public static class OperatorLevel
{
    public const string Name = "F1";

    /// <summary>Every second point, predicted by the others.</summary>
    public const string Points = "every second point";

    /// <summary>All points, predicted by the compact profile that is shipped.</summary>
    public const string Shipped = "shipped profile";

    /// <summary>The points of one model, predicted by those of the others.</summary>
    public const string Model = "one model left out";

    /// <summary>All points, predicted by what was learnt on other chips.</summary>
    public const string Device = "device left out";

    /// <summary>Ending of the parts that only tables count for whose publisher names the engine or library that was timed.</summary>
    public const string OfEngines = "of named engines";

    /// <summary>Normal deviation that holds 90 %.</summary>
    private const double Deviation90 = 1.6449;

    /// <summary>Figures of all devices that have tables; stops between devices when asked to.</summary>
    public static FidelityFindings Evaluate(FidelityData data, IReadOnlyList<FidelityMode> modes, LeaveOut wanted, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(modes);
        FidelityFindings findings = new();
        Judged[] judged =
        [
            .. data.Devices.AsParallel().AsOrdered().WithDegreeOfParallelism(Environment.ProcessorCount)
                .SelectMany(device => cancel.IsCancellationRequested ? [] : Judge(data, device, modes, wanted)),
        ];
        foreach (IGrouping<(FidelityMode Mode, string Split), Judged> split in judged.GroupBy(j => (j.Mode, j.Split)).OrderBy(g => g.Key.Mode))
        {
            foreach (IGrouping<ProfileFamily, Judged> family in split.GroupBy(j => j.Family).OrderBy(g => g.Key)) Write(findings, family);
            WriteAll(findings, split);
        }
        return findings;
    }

    private static IEnumerable<Judged> Judge(FidelityData data, DeviceSpec device, IReadOnlyList<FidelityMode> modes, LeaveOut wanted)
    {
        DeviceTables tables = new(device, data.Sources);
        List<Judged> judged = [];
        if (tables.IsEmpty) return judged;
        if (modes.Contains(FidelityMode.Interpolate) && wanted == LeaveOut.All)
        {
            DeviceProfile? own = data.Profile(device, FidelityMode.Interpolate);
            Keep(FidelityMode.Interpolate, Points, tables.LeaveOut(), own);
            if (own is not null) Keep(FidelityMode.Interpolate, Shipped, tables.Judge(own), own);
        }
        if (modes.Contains(FidelityMode.Interpolate) && wanted != LeaveOut.Device) Keep(FidelityMode.Interpolate, Model, LeaveModels(data, device), null);
        if (modes.Contains(FidelityMode.Transfer) && wanted != LeaveOut.Model)
        {
            DeviceProfile transfer = data.Profile(device, FidelityMode.Transfer)!;
            Keep(FidelityMode.Transfer, Device, tables.Judge(transfer), transfer);
        }
        return judged;

        void Keep(FidelityMode mode, string split, IEnumerable<(ProfileFamily Family, FitErrors Errors)> errors, DeviceProfile? profile)
        {
            foreach ((ProfileFamily family, FitErrors one) in errors)
                judged.Add(new(mode, split, device.Name, family, one, profile is not null && profile.Errors.TryGetValue(family, out FamilyErrors? stated) ? stated.Spread : 0, tables.NamesSoftware(family)));
        }
    }

    /// <summary>Every model of every publisher that measured several on the device, predicted by the publisher's others.</summary>
    private static IEnumerable<(ProfileFamily, FitErrors)> LeaveModels(FidelityData data, DeviceSpec device)
    {
        Dictionary<ProfileFamily, FitErrors> all = [];
        foreach (IGrouping<string, MeasurementSet> publisher in data.Sets.Where(set => set.Device == device.Name && set.Model.Length > 0).GroupBy(set => set.Source))
        {
            string[] models = [.. publisher.Select(set => set.Model).Distinct().Order(StringComparer.Ordinal)];
            if (models.Length < 2) continue;
            foreach (string model in models)
            {
                DeviceTables others = new(device, ProfileCalibration.Sources(publisher.Where(set => set.Model != model), []));
                DeviceTables left = new(device, ProfileCalibration.Sources(publisher.Where(set => set.Model == model), []));
                foreach ((ProfileFamily family, FitErrors errors) in left.Judge(others.Fit()))
                {
                    if (!all.TryGetValue(family, out FitErrors? sum)) all.Add(family, sum = new());
                    sum.Add(errors);
                }
            }
        }
        return all.OrderBy(pair => pair.Key).Select(pair => (pair.Key, pair.Value));
    }

    private static void Write(FidelityFindings findings, IEnumerable<Judged> family)
    {
        foreach (Judged j in family)
        {
            FidelityRow row = j.Row(FidelityBars.Operator(j.Mode));
            findings.AddErrors(row, ErrorSummary.Of(j.Errors), FidelityMetric.Weighted, FidelityBars.Operator(j.Mode));
            if (j.Spread > 0) findings.Add(row with { Metric = FidelityMetric.Coverage, Value = Covered(j), Bar = null });
            if (j.Split is Points or Device)
                findings.Plot([.. j.Errors.Pairs.Select(pair => new FidelityPoint(Name, j.Mode, j.Device, row.Part, double.NaN, pair.Measured, pair.Predicted))]);
        }
    }

    /// <summary>The level's own figures: devices and families count the same, however many points their publishers measured.</summary>
    private static void WriteAll(FidelityFindings findings, IEnumerable<Judged> split)
    {
        Judged[] all = [.. split];
        foreach (IGrouping<ProfileFamily, Judged> family in all.GroupBy(j => j.Family).OrderBy(g => g.Key)) Mean([.. family], ChoiceNames.Of(family.Key));
        Mean(all, FidelityRow.All);
        Judged[] named = [.. all.Where(j => j.NamesSoftware)];
        if (named.Length == 0 || named.Length == all.Length) return;
        foreach (IGrouping<ProfileFamily, Judged> family in named.GroupBy(j => j.Family).OrderBy(g => g.Key)) Mean([.. family], $"{ChoiceNames.Of(family.Key)} {OfEngines}");
        Mean(named, $"{FidelityRow.All} {OfEngines}");

        void Mean(Judged[] judged, string part)
        {
            ErrorSummary mean = ErrorSummary.Mean([.. judged.Select(j => ErrorSummary.Of(j.Errors))]);
            FidelityBar bar = FidelityBars.Operator(judged[0].Mode);
            FidelityRow row = judged[0].Row(bar) with { Group = FidelityRow.All, Part = part };
            findings.AddErrors(row, mean, FidelityMetric.Weighted, bar);
            Judged[] stated = [.. judged.Where(j => j.Spread > 0)];
            if (stated.Length > 0) findings.Add(row with { Metric = FidelityMetric.Coverage, Value = stated.Average(Covered), Samples = mean.Count, Bar = null });
        }
    }

    /// <summary>Share of points within the 90 % interval of the spread that the profile states.</summary>
    private static double Covered(Judged j) =>
        j.Errors.Pairs.Count(pair => Math.Abs(Math.Log(pair.Measured / pair.Predicted)) <= Deviation90 * j.Spread) / (double)j.Errors.Count;

    private sealed record Judged(FidelityMode Mode, string Split, string Device, ProfileFamily Family, FitErrors Errors, double Spread, bool NamesSoftware)
    {
        public FidelityRow Row(FidelityBar bar) => new(Name, Mode, Split, Device, ChoiceNames.Of(Family), FidelityMetric.Mape, 0, Errors.Count, bar);
    }
}
