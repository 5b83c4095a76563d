using Orrery.World.Hardware;
using Orrery.World.Measurements;
using Orrery.World.Profiles;

namespace Orrery.Lab.Calibration;

/// <summary>Fits <see cref="MatrixEfficiency"/> to measured products: of one device, or of several for devices with only a data sheet.</summary>
public static class MatrixFit
{
    /// <summary>
    /// Grid of one device, the same for all: rows as the usual tile heights divide them, outputs from a quarter of a tile to hundreds per
    /// multiprocessor. 810 points, about 4 kB of document per format.
    /// </summary>
    public static readonly IReadOnlyList<SurfaceAxis> DeviceGrid =
    [
        new("rows", 1, 16, 64, 128, 256, 512, 1024, 2048, 8192, 32768),
        new("outputs", 0.25, 2, 4, 8, 16, 32, 64, 128, 512),
        new("inputs", 32, 256, 512, 1024, 2048, 4096, 8192, 16384, 65536),
        new("power", 1),
    ];

    /// <summary>Grid across devices: coarser, so that it learns what they share, with watts per TFLOP/s from the leanest formats to cards of 2018-2022.</summary>
    public static readonly IReadOnlyList<SurfaceAxis> TransferGrid =
    [
        new("rows", 1, 32, 128, 256, 512, 2048, 8192),
        new("outputs", 0.5, 8, 32, 128),
        new("inputs", 64, 512, 2048, 8192, 32768),
        new("power", 0.2, 3),
    ];

    /// <summary>Shapes measured at fewer numbers of rows have no curve of their own.</summary>
    private const int FewestRows = 4;

    /// <summary>What one publisher's tables of a device weigh among donors, in measurements; more and smoothing no longer matters, fewer and it flattens (d).</summary>
    private const double SetWeight = 3000;

    /// <summary>Across devices more is unexplained, so bending costs more and outliers begin later (d).</summary>
    private const double TransferSmoothness = 1;

    private const double TransferOutlier = 0.3;

    /// <summary>Products whose ideal time is below this are mostly launch.</summary>
    private const double SmallSeconds = 6e-6;

    /// <summary>Median ratio of small products above which a table measures the host's launches and not the device (d: kernels show 1-2.5).</summary>
    private const double LaunchBoundRatio = 3;

    /// <summary>The family of one device. Repeated measurements of a product count once, with their median.</summary>
    /// <param name="device">Data sheet.</param>
    /// <param name="samples">In formats that the device has units for; others are left out.</param>
    /// <param name="keepCurves">Keep measured shapes exactly: for use in memory; a shipped profile does without.</param>
    /// <returns>Null where no sample can be used.</returns>
    public static MatrixEfficiency? Fit(DeviceSpec device, IEnumerable<MatrixSample> samples, bool keepCurves)
    {
        List<MatrixSample> products = Medians(device, samples);
        if (products.Count == 0) return null;
        var surfaces = new Dictionary<Precision, EfficiencySurface>();
        foreach (IGrouping<Precision, MatrixSample> format in products.GroupBy(sample => sample.Format))
            surfaces[format.Key] = SurfaceFit.Fit(DeviceGrid, Points(device, format));
        return new(surfaces, keepCurves ? Curves(device, products) : null);
    }

    /// <summary>
    /// One family for all devices, in the coordinates that devices share. Donors that measured launches, and devices whose multiprocessors
    /// are unknown, are left out.
    /// </summary>
    /// <returns>Null where no donor can be used.</returns>
    public static MatrixEfficiency? Transfer(IEnumerable<CalibrationSource> donors)
    {
        ArgumentNullException.ThrowIfNull(donors);
        // Eight-bit tables are few and have a longer launch, so they lean on the 16-bit ones; those stand alone.
        FitPoints wide = new(TransferGrid.Count);
        FitPoints all = new(TransferGrid.Count);
        bool narrow = false;
        foreach (CalibrationSource donor in CalibrationSource.Pool(donors.Where(donor => donor.Device.Multiprocessors > 0).Select(WithoutLaunches)))
        {
            foreach (IGrouping<Precision, MatrixSample> format in Medians(donor.Device, donor.Set.Matrices).GroupBy(sample => sample.Format))
            {
                FitPoints points = Points(donor.Device, format);
                all.AddAll(points, SetWeight);
                if (PrecisionSize.Bytes(format.Key) >= 2) wide.AddAll(points, SetWeight);
                else narrow = true;
            }
        }
        var surfaces = new Dictionary<Precision, EfficiencySurface>();
        if (wide.Count > 0) surfaces[Precision.Bf16] = SurfaceFit.Fit(TransferGrid, wide, TransferSmoothness, TransferOutlier);
        if (narrow) surfaces[Precision.Fp8] = SurfaceFit.Fit(TransferGrid, all, TransferSmoothness, TransferOutlier);
        return surfaces.Count > 0 ? new(surfaces) : null;
    }

    /// <summary>Adds the error of a family on samples; formats that the device lacks are passed over.</summary>
    public static void Judge(MatrixEfficiency family, DeviceSpec device, IEnumerable<MatrixSample> samples, FitErrors errors)
    {
        ArgumentNullException.ThrowIfNull(family);
        ArgumentNullException.ThrowIfNull(errors);
        foreach (IGrouping<(Precision Format, long Outputs, long Inputs), MatrixSample> shape in Medians(device, samples).GroupBy(s => (s.Format, s.Outputs, s.Inputs)))
        {
            MatrixTimes times = family.Of(device, shape.Key.Format, shape.Key.Outputs, shape.Key.Inputs);
            foreach (MatrixSample sample in shape) errors.Add(times.Seconds(sample.Rows), sample.Seconds);
        }
    }

    /// <summary>Leaves every second number of rows of every shape out, fits the rest and predicts what was left out.</summary>
    public static FitErrors LeaveOut(DeviceSpec device, IEnumerable<MatrixSample> samples)
    {
        List<MatrixSample> kept = [];
        List<MatrixSample> left = [];
        foreach (IGrouping<(Precision, long, long), MatrixSample> shape in Medians(device, samples).GroupBy(s => (s.Format, s.Outputs, s.Inputs)))
        {
            MatrixSample[] rows = [.. shape.OrderBy(sample => sample.Rows)];
            for (int i = 0; i < rows.Length; i++) (i % 2 == 1 && i < rows.Length - 1 ? left : kept).Add(rows[i]);
        }
        FitErrors errors = new();
        if (Fit(device, kept, keepCurves: true) is { } family) Judge(family, device, left, errors);
        return errors;
    }

    /// <summary>Predicts every model's products by the other models that were measured on the device; nothing where it has only one.</summary>
    public static IReadOnlyList<(CalibrationSource Source, FitErrors Errors)> LeaveModelOut(IReadOnlyList<CalibrationSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        List<(CalibrationSource, FitErrors)> result = [];
        foreach (IGrouping<(string, string), CalibrationSource> device in sources
            .Where(source => source.Set.Model.Length > 0 && source.Set.Matrices.Count > 0)
            .GroupBy(source => (source.Device.Name, source.Set.Source)))
        {
            foreach (IGrouping<string, CalibrationSource> model in device.GroupBy(source => source.Set.Model))
            {
                DeviceSpec spec = model.First().Device;
                IEnumerable<MatrixSample> others = device.Where(source => source.Set.Model != model.Key).SelectMany(source => source.Set.Matrices);
                if (Fit(spec, others, keepCurves: true) is not { } family) continue;
                FitErrors errors = new();
                Judge(family, spec, model.SelectMany(source => source.Set.Matrices), errors);
                result.Add((model.First(), errors));
            }
        }
        return result;
    }

    /// <summary>Predicts every source by what the sources of all other chips teach.</summary>
    public static IReadOnlyList<(CalibrationSource Source, FitErrors Errors)> LeaveDeviceOut(IReadOnlyList<CalibrationSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        List<(CalibrationSource, FitErrors)> result = [];
        foreach (IGrouping<string, CalibrationSource> device in CalibrationSource.Pool(sources).Where(source => source.Set.Matrices.Count > 0).GroupBy(source => source.Device.Name))
        {
            if (Transfer(sources.Where(other => !other.SameChip(device.First().Device))) is not { } family) continue;
            foreach (CalibrationSource source in device)
            {
                FitErrors errors = new();
                Judge(family, source.Device, source.Set.Matrices, errors);
                result.Add((source, errors));
            }
        }
        return result;
    }

    /// <summary>Do the small products of a table take so long that it must have timed launches by the host?</summary>
    public static bool IsLaunchBound(DeviceSpec device, IEnumerable<MatrixSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        double[] ratios =
        [
            .. samples.Select(sample => (Ideal: MatrixIdeal.Of(device, sample.Format, sample.Outputs, sample.Inputs).Seconds(sample.Rows), sample.Seconds))
                .Where(pair => pair.Ideal < SmallSeconds)
                .Select(pair => pair.Seconds / pair.Ideal),
        ];
        return ratios.Length > 0 && FitErrors.Quantile(ratios, 0.5) > LaunchBoundRatio;
    }

    private static CalibrationSource WithoutLaunches(CalibrationSource donor) => donor with
    {
        Set = donor.Set with
        {
            Matrices =
            [
                .. donor.Set.Matrices.Where(sample => donor.Device.PeakRate(sample.Format) is not null).GroupBy(sample => sample.Format)
                    .Where(format => !IsLaunchBound(donor.Device, format)).SelectMany(format => format),
            ],
        },
    };

    private static FitPoints Points(DeviceSpec device, IEnumerable<MatrixSample> samples)
    {
        FitPoints points = new(DeviceGrid.Count);
        foreach (IGrouping<(Precision Format, long Outputs, long Inputs), MatrixSample> shape in samples.GroupBy(s => (s.Format, s.Outputs, s.Inputs)))
        {
            MatrixIdeal ideal = MatrixIdeal.Of(device, shape.Key.Format, shape.Key.Outputs, shape.Key.Inputs);
            foreach (MatrixSample sample in shape)
            {
                points.Add(
                    [sample.Rows, ideal.OutputsPerMultiprocessor, shape.Key.Inputs, ideal.WattsPerTeraflop], ideal.Seconds(sample.Rows), sample.Seconds);
            }
        }
        return points;
    }

    private static List<MatrixCurve> Curves(DeviceSpec device, List<MatrixSample> products)
    {
        List<MatrixCurve> curves = [];
        foreach (IGrouping<(Precision Format, long Outputs, long Inputs), MatrixSample> shape in products.GroupBy(s => (s.Format, s.Outputs, s.Inputs)))
        {
            MatrixSample[] rows = [.. shape.OrderBy(sample => sample.Rows)];
            if (rows.Length < FewestRows) continue;
            MatrixIdeal ideal = MatrixIdeal.Of(device, shape.Key.Format, shape.Key.Outputs, shape.Key.Inputs);
            EfficiencySurface ratios = new(
                [new SurfaceAxis("rows", [.. rows.Select(sample => (double)sample.Rows)])],
                [.. rows.Select(sample => Math.Log2(sample.Seconds / ideal.Seconds(sample.Rows)))]);
            curves.Add(new(shape.Key.Format, shape.Key.Outputs, shape.Key.Inputs, ratios));
        }
        return curves;
    }

    /// <summary>One sample per product that the device can do, in the order of the products.</summary>
    private static List<MatrixSample> Medians(DeviceSpec device, IEnumerable<MatrixSample> samples)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(samples);
        return
        [
            .. samples
                .Where(sample => sample.Seconds > 0 && device.PeakRate(sample.Format) is not null)
                .GroupBy(sample => (sample.Format, sample.Outputs, sample.Inputs, sample.Rows))
                .OrderBy(group => group.Key)
                .Select(group => group.First() with { Seconds = FitErrors.Quantile([.. group.Select(sample => sample.Seconds)], 0.5), Name = "" }),
        ];
    }
}
