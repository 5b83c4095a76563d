using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>Fits <see cref="VectorEfficiency"/> to measured elementwise kernels: of one device, or of several for devices with only a data sheet.</summary>
public static class VectorFit
{
    /// <summary>Grid of one device and across devices: bytes from one short row to prompts of gigabytes, rows of 1 KiB to 1 MiB. 66 points per kind.</summary>
    public static readonly IReadOnlyList<SurfaceAxis> Grid =
    [
        new("bytes", 1L << 10, 1L << 12, 1L << 14, 1L << 16, 1L << 18, 1L << 20, 1L << 22, 1L << 24, 1L << 26, 1L << 28, 1L << 32),
        new("rowBytes", 1 << 10, 1 << 12, 1 << 14, 1 << 15, 1 << 16, 1 << 20),
    ];

    /// <summary>What one publisher's tables of a device weigh among donors, in measurements (d).</summary>
    private const double SetWeight = 300;

    /// <summary>Implementations differ by factors, so outliers begin late across donors (d).</summary>
    private const double TransferOutlier = 0.5;

    /// <summary>Across donors bending costs more (d).</summary>
    private const double TransferSmoothness = 1;

    /// <summary>Kernels whose ideal time is below this are mostly launch.</summary>
    private const double SmallSeconds = 4e-6;

    /// <summary>Median ratio of small kernels above which a table measures the host's launches and not the device (d: kernels show 1-3).</summary>
    private const double LaunchBoundRatio = 4;

    /// <summary>The family of one device.</summary>
    /// <returns>Null where nothing was measured.</returns>
    public static VectorEfficiency? Fit(DeviceSpec device, IEnumerable<VectorSample> samples)
    {
        List<VectorSample> kernels = Medians(samples);
        if (kernels.Count == 0) return null;
        var surfaces = new Dictionary<string, EfficiencySurface>(StringComparer.Ordinal) { [VectorEfficiency.Any] = Surface(Points(device, kernels)) };
        foreach (IGrouping<string, VectorSample> kind in kernels.GroupBy(sample => sample.Name).Where(kind => kind.Key.Length > 0))
            surfaces[kind.Key] = Surface(Points(device, kind));
        return new(surfaces);
    }

    /// <summary>
    /// One family for all devices. Where a donor states its software, only such donors count: tables without come from research forks whose
    /// kernels are not what engines run today, and differ from those by factors. Kinds of which a donor measured launches, and devices that
    /// have no multiprocessors or an unknown number, are left out.
    /// </summary>
    /// <returns>Null where no donor measured anything.</returns>
    public static VectorEfficiency? Transfer(IEnumerable<CalibrationSource> donors)
    {
        ArgumentNullException.ThrowIfNull(donors);
        var byKind = new SortedDictionary<string, FitPoints>(StringComparer.Ordinal);
        CalibrationSource[] measured =
            [.. donors.Where(donor => donor.Device.Multiprocessors > 0).Select(WithoutLaunches).Where(donor => donor.Set.Vectors.Count > 0)];
        CalibrationSource[] engines = [.. measured.Where(donor => donor.IsEngine)];
        foreach (CalibrationSource donor in CalibrationSource.Pool(engines.Length > 0 ? engines : measured))
        {
            List<VectorSample> kernels = Medians(donor.Set.Vectors);
            if (kernels.Count == 0) continue;
            Of(VectorEfficiency.Any).AddAll(Points(donor.Device, kernels), SetWeight);
            foreach (IGrouping<string, VectorSample> kind in kernels.GroupBy(sample => sample.Name).Where(kind => kind.Key.Length > 0))
                Of(kind.Key).AddAll(Points(donor.Device, kind), SetWeight);
        }
        return byKind.Count == 0
            ? null
            : new(byKind.ToDictionary(pair => pair.Key, pair => Surface(pair.Value, TransferSmoothness, TransferOutlier)));

        FitPoints Of(string kind)
        {
            if (!byKind.TryGetValue(kind, out FitPoints? points)) byKind[kind] = points = new(Grid.Count);
            return points;
        }
    }

    /// <summary>Adds the error of a family on samples.</summary>
    public static void Judge(VectorEfficiency family, DeviceSpec device, IEnumerable<VectorSample> samples, FitErrors errors)
    {
        ArgumentNullException.ThrowIfNull(family);
        ArgumentNullException.ThrowIfNull(errors);
        foreach (IGrouping<(string Name, double BytesPerRow), VectorSample> kind in Medians(samples).GroupBy(s => (s.Name, s.BytesPerRow)))
        {
            VectorTimes times = family.Of(device, kind.Key.Name, kind.Key.BytesPerRow);
            foreach (VectorSample sample in kind) errors.Add(times.Seconds(sample.Rows), sample.Seconds);
        }
    }

    /// <summary>Leaves every second number of rows of every kind and width out, fits the rest and predicts what was left out.</summary>
    public static FitErrors LeaveOut(DeviceSpec device, IEnumerable<VectorSample> samples)
    {
        List<VectorSample> kept = [];
        List<VectorSample> left = [];
        foreach (IGrouping<(string, double), VectorSample> kind in Medians(samples).GroupBy(s => (s.Name, s.BytesPerRow)))
        {
            VectorSample[] rows = [.. kind.OrderBy(sample => sample.Rows)];
            for (int i = 0; i < rows.Length; i++) (i % 2 == 1 && i < rows.Length - 1 ? left : kept).Add(rows[i]);
        }
        FitErrors errors = new();
        if (Fit(device, kept) is { } family) Judge(family, device, left, errors);
        return errors;
    }

    /// <summary>
    /// Predicts every source by what the sources of all other chips teach: engines' kernels by engines' kernels, tables without stated
    /// software by such tables.
    /// </summary>
    public static IReadOnlyList<(CalibrationSource Source, FitErrors Errors)> LeaveDeviceOut(IReadOnlyList<CalibrationSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        List<(CalibrationSource, FitErrors)> result = [];
        foreach (CalibrationSource source in CalibrationSource.Pool(sources).Where(source => source.Set.Vectors.Count > 0))
        {
            if (Transfer(sources.Where(other => !other.SameChip(source.Device) && other.IsEngine == source.IsEngine)) is not { } family) continue;
            FitErrors errors = new();
            Judge(family, source.Device, source.Set.Vectors, errors);
            result.Add((source, errors));
        }
        return result;
    }

    /// <summary>Do the small kernels of a table take so long that it must have timed launches by the host?</summary>
    public static bool IsLaunchBound(DeviceSpec device, IEnumerable<VectorSample> samples)
    {
        ArgumentNullException.ThrowIfNull(device);
        double[] ratios =
        [
            .. Medians(samples).Select(sample => (Ideal: IdealSeconds(device, sample), sample.Seconds))
                .Where(pair => pair.Ideal < SmallSeconds)
                .Select(pair => pair.Seconds / pair.Ideal),
        ];
        return ratios.Length > 0 && FitErrors.Quantile(ratios, 0.5) > LaunchBoundRatio;
    }

    private static CalibrationSource WithoutLaunches(CalibrationSource donor) => donor with
    {
        Set = donor.Set with
        {
            Vectors = [.. donor.Set.Vectors.GroupBy(sample => sample.Name).Where(kind => !IsLaunchBound(donor.Device, kind)).SelectMany(kind => kind)],
        },
    };

    private static double IdealSeconds(DeviceSpec device, VectorSample sample) =>
        (sample.Rows * sample.BytesPerRow / device.MemoryBandwidth.Value) + VectorEfficiency.FloorSeconds;

    /// <summary>On the grid within what was measured: beyond it a slope continued would be far off, and the edge is not.</summary>
    private static EfficiencySurface Surface(FitPoints points, double smoothness = SurfaceFit.UsualSmoothness, double outlier = SurfaceFit.UsualOutlier) =>
        SurfaceFit.Fit([.. Grid.Select((axis, d) => GridAxes.Within(axis.Name, points, d, [.. axis.Points]))], points, smoothness, outlier);

    private static FitPoints Points(DeviceSpec device, IEnumerable<VectorSample> samples)
    {
        FitPoints points = new(Grid.Count);
        foreach (VectorSample sample in samples)
            points.Add([sample.Rows * sample.BytesPerRow, sample.BytesPerRow], IdealSeconds(device, sample), sample.Seconds);
        return points;
    }

    /// <summary>One sample per kernel and size, in their order; kernels that move nothing are left out.</summary>
    private static List<VectorSample> Medians(IEnumerable<VectorSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return
        [
            .. samples
                .Where(sample => sample.Seconds > 0 && sample.BytesPerRow > 0)
                .GroupBy(sample => (sample.Name, sample.BytesPerRow, sample.Rows))
                .OrderBy(group => group.Key.Name, StringComparer.Ordinal).ThenBy(group => group.Key.BytesPerRow).ThenBy(group => group.Key.Rows)
                .Select(group => group.First() with { Seconds = FitErrors.Quantile([.. group.Select(sample => sample.Seconds)], 0.5) }),
        ];
    }
}
