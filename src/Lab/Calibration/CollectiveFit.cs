using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>Fits <see cref="CollectiveEfficiency"/> to measured collectives: of one device, or of several for devices with only a data sheet.</summary>
public static class CollectiveFit
{
    /// <summary>Grid of one device, the same for all: 16 sizes, 5 groups, 80 points per kind. The measured link is the only one.</summary>
    public static readonly IReadOnlyList<SurfaceAxis> DeviceGrid = [Sizes, new("devices", 2, 4, 8, 16, 32), new("bandwidth", 1)];

    /// <summary>Grid across devices: links from PCIe to the newest NVLink in bytes per second.</summary>
    public static readonly IReadOnlyList<SurfaceAxis> TransferGrid = [Sizes, new("devices", 2, 4, 8, 16, 32), new("bandwidth", 16e9, 450e9)];

    /// <summary>What one publisher's tables of a device weigh among donors, in measurements (d).</summary>
    private const double SetWeight = 300;

    /// <summary>Across donors bending costs more and outliers begin later (d).</summary>
    private const double TransferSmoothness = 0.5;

    private const double TransferOutlier = 0.4;

    /// <summary>Outliers of one device begin at 27 %: small messages scatter more than other kernels do (d).</summary>
    private const double DeviceOutlier = 0.35;

    /// <summary>Size, 64 B to 4 GiB; closer where small-message kernels give way to large-message ones.</summary>
    private static SurfaceAxis Sizes => new(
        "bytes", 1L << 6, 1L << 12, 1L << 14, 1L << 16, 1L << 17, 1L << 18, 1L << 19, 1L << 20, 1L << 21, 1L << 22, 1L << 23, 1L << 24, 1L << 26, 1L << 28, 1L << 30, 1L << 32);

    /// <summary>
    /// The samples that tell what an engine sees: of all-reduces those of its own kernels in captured graphs where they were measured, else
    /// of the library. Launches by the host are never among them.
    /// </summary>
    public static IEnumerable<CollectiveSample> AsEnginesRun(IEnumerable<CollectiveSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        foreach (IGrouping<(CollectiveKind, bool), CollectiveSample> kind in samples.Where(s => s.Seconds > 0 && s.Bytes > 0 && s.Devices > 1 && !IsEager(s)).GroupBy(s => (s.Kind, IsBetween(s))))
        {
            bool own = kind.Any(IsOwnKernel);
            foreach (CollectiveSample sample in kind)
                if (!own || IsOwnKernel(sample)) yield return sample;
        }
    }

    /// <summary>The family of one device and its links.</summary>
    /// <returns>Null where no all-reduce within a machine was measured.</returns>
    public static CollectiveEfficiency? Fit(Interconnect links, IEnumerable<CollectiveSample> samples)
    {
        ArgumentNullException.ThrowIfNull(links);
        var points = new Points(DeviceGrid);
        points.Add(links, AsEnginesRun(samples), null);
        return points.Fit(SurfaceFit.UsualSmoothness, DeviceOutlier);
    }

    /// <summary>
    /// One family for all devices and links. What donors that state an engine's version measured, others teach for slower links only: benches
    /// of a library time launches by the host and other traffic too. Between machines only full machines of the usual size count: the tables
    /// do not describe other networks.
    /// </summary>
    /// <returns>Null where no donor measured an all-reduce within a machine.</returns>
    public static CollectiveEfficiency? Transfer(IEnumerable<CalibrationSource> donors)
    {
        ArgumentNullException.ThrowIfNull(donors);
        IReadOnlyList<CalibrationSource> pooled = [.. CalibrationSource.Pool(donors).Where(donor => donor.Set.Collectives.Count > 0)];
        var engineLinks = pooled.Where(donor => donor.IsEngine)
            .SelectMany(donor => donor.Set.Collectives.Select(sample => (Kind: (sample.Kind, IsBetween(sample)), Link: donor.Device.LinkBandwidth.Value)))
            .GroupBy(pair => pair.Kind).ToDictionary(kind => kind.Key, kind => kind.Min(pair => pair.Link));
        var points = new Points(TransferGrid);
        foreach (CalibrationSource donor in pooled)
        {
            points.Add(
                Interconnect.Usual(donor.Device),
                AsEnginesRun(donor.Set.Collectives)
                    .Where(sample => donor.IsEngine || !engineLinks.TryGetValue((sample.Kind, IsBetween(sample)), out double link) || donor.Device.LinkBandwidth.Value < link)
                    .Where(sample => !IsBetween(sample) || sample.DevicesPerMachine == Interconnect.UsualDevicesPerMachine),
                SetWeight);
        }
        return points.Fit(TransferSmoothness, TransferOutlier);
    }

    /// <summary>Adds the error of a family on samples as engines run them.</summary>
    public static void Judge(CollectiveEfficiency family, Interconnect links, IEnumerable<CollectiveSample> samples, FitErrors errors)
    {
        ArgumentNullException.ThrowIfNull(family);
        ArgumentNullException.ThrowIfNull(links);
        ArgumentNullException.ThrowIfNull(errors);
        foreach (IGrouping<(CollectiveKind Kind, int Devices, bool Between), CollectiveSample> group in Medians(AsEnginesRun(samples)).GroupBy(s => (s.Kind, s.Devices, IsBetween(s))))
        {
            CollectiveTimes times = family.Of(group.Key.Kind, links with { DevicesPerMachine = group.Key.Between ? 1 : group.Key.Devices }, group.Key.Devices);
            foreach (CollectiveSample sample in group) errors.Add(times.Seconds(sample.Bytes), sample.Seconds);
        }
    }

    /// <summary>Leaves every second size of every kind and group out, fits the rest and predicts what was left out.</summary>
    public static FitErrors LeaveOut(Interconnect links, IEnumerable<CollectiveSample> samples)
    {
        List<CollectiveSample> kept = [];
        List<CollectiveSample> left = [];
        foreach (IGrouping<(CollectiveKind, int, bool), CollectiveSample> group in Medians(AsEnginesRun(samples)).GroupBy(s => (s.Kind, s.Devices, IsBetween(s))))
        {
            CollectiveSample[] sizes = [.. group.OrderBy(sample => sample.Bytes)];
            for (int i = 0; i < sizes.Length; i++) (i % 2 == 1 && i < sizes.Length - 1 ? left : kept).Add(sizes[i]);
        }
        FitErrors errors = new();
        if (Fit(links, kept) is { } family) Judge(family, links, left, errors);
        return errors;
    }

    /// <summary>Predicts every source by what the sources of all other chips teach.</summary>
    public static IReadOnlyList<(CalibrationSource Source, FitErrors Errors)> LeaveDeviceOut(IReadOnlyList<CalibrationSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        List<(CalibrationSource, FitErrors)> result = [];
        foreach (IGrouping<string, CalibrationSource> device in CalibrationSource.Pool(sources).Where(source => source.Set.Collectives.Count > 0).GroupBy(source => source.Device.Name))
        {
            if (Transfer(sources.Where(other => !other.SameChip(device.First().Device))) is not { } family) continue;
            foreach (CalibrationSource source in device)
            {
                FitErrors errors = new();
                Judge(family, Interconnect.Usual(source.Device), source.Set.Collectives, errors);
                result.Add((source, errors));
            }
        }
        return result;
    }

    private static bool IsOwnKernel(CollectiveSample sample) => sample.Library.EndsWith("-graph", StringComparison.Ordinal);

    private static bool IsEager(CollectiveSample sample) => sample.Library.EndsWith("-eager", StringComparison.Ordinal);

    /// <summary>A group that spans machines.</summary>
    private static bool IsBetween(CollectiveSample sample) => sample.Devices > sample.DevicesPerMachine;

    private static List<CollectiveSample> Medians(IEnumerable<CollectiveSample> samples) =>
    [
        .. samples
            .GroupBy(sample => (sample.Kind, Between: IsBetween(sample), sample.Devices, sample.Bytes))
            .OrderBy(group => group.Key)
            .Select(group => group.First() with { Seconds = FitErrors.Quantile([.. group.Select(sample => sample.Seconds)], 0.5) }),
    ];

    /// <summary>Points by kind, within a machine and between machines.</summary>
    private sealed class Points(IReadOnlyList<SurfaceAxis> grid)
    {
        private readonly SortedDictionary<(bool Between, CollectiveKind Kind), FitPoints> _points = [];

        /// <summary>Adds samples; together they weigh <paramref name="weight"/> per kind, or one each.</summary>
        public void Add(Interconnect links, IEnumerable<CollectiveSample> samples, double? weight)
        {
            foreach (IGrouping<(bool Between, CollectiveKind Kind), CollectiveSample> kind in Medians(samples).GroupBy(s => (IsBetween(s), s.Kind)))
            {
                double bandwidth = (kind.Key.Between ? links.Remote : links.Local).Bandwidth.Value;
                FitPoints own = new(grid.Count);
                foreach (CollectiveSample sample in kind)
                {
                    own.Add(
                        [sample.Bytes, sample.Devices, bandwidth],
                        CollectiveEfficiency.IdealSeconds(sample.Kind, bandwidth, sample.Devices, sample.Bytes),
                        sample.Seconds);
                }
                if (!_points.TryGetValue(kind.Key, out FitPoints? all)) _points[kind.Key] = all = new(grid.Count);
                all.AddAll(own, weight ?? own.Count);
            }
        }

        public CollectiveEfficiency? Fit(double smoothness, double outlier)
        {
            if (!_points.ContainsKey((false, CollectiveKind.AllReduce))) return null;
            return new(Part(false), Part(true));

            Dictionary<CollectiveKind, EfficiencySurface> Part(bool between) => _points
                .Where(pair => pair.Key.Between == between)
                .ToDictionary(pair => pair.Key.Kind, pair => SurfaceFit.Fit(grid, pair.Value, smoothness, outlier));
        }
    }
}
