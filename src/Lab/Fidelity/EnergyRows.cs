using Orrery.Lab.Calibration;
using Orrery.World.Catalogue;
using Orrery.World.Power;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>Where the constants of the power model come from.</summary>
public enum EnergyMode
{
    /// <summary>The device's shipped profile.</summary>
    Interpolate,

    /// <summary>The device's data sheet alone: shares learnt on the other devices of the table.</summary>
    Transfer,
}

/// <summary>One measured setting beside its prediction. Watts of all devices; energy per output token, prompts included.</summary>
/// <param name="Device">Catalogue name.</param>
/// <param name="Model">As the table calls it.</param>
/// <param name="Task">Workload.</param>
/// <param name="Batch">Mean sequences in a step.</param>
/// <param name="MeasuredWatts">What the table says.</param>
/// <param name="PredictedWatts">At the measured throughput.</param>
/// <param name="MeasuredTokensPerSecond">What the table says.</param>
/// <param name="PredictedTokensPerSecond">By the deployment's cost model.</param>
/// <param name="MeasuredJoulesPerToken">What the table says.</param>
/// <param name="JoulesPerTokenAtMeasured">Predicted power over measured throughput: the power model's error alone.</param>
/// <param name="JoulesPerTokenAtPredicted">Power at the predicted throughput, over that throughput: nothing of the answer is known.</param>
public sealed record EnergyPoint(
    string Device,
    string Model,
    string Task,
    double Batch,
    double MeasuredWatts,
    double PredictedWatts,
    double MeasuredTokensPerSecond,
    double PredictedTokensPerSecond,
    double MeasuredJoulesPerToken,
    double JoulesPerTokenAtMeasured,
    double JoulesPerTokenAtPredicted);

/// <summary>Mean of |predicted / measured − 1| over one model's settings on one device.</summary>
/// <param name="Device">Catalogue name.</param>
/// <param name="Model">As the table calls it; <c>all</c> for the device's sum.</param>
/// <param name="Rows">Settings.</param>
/// <param name="PowerError">Of power at measured throughput, which is that of energy per token there.</param>
/// <param name="PowerBias">Median of predicted / measured − 1.</param>
/// <param name="ThroughputError">Of the cost model's throughput.</param>
/// <param name="EndToEndError">Of energy per token at the predicted throughput.</param>
public sealed record EnergyError(string Device, string Model, int Rows, double PowerError, double PowerBias, double ThroughputError, double EndToEndError);

/// <summary>The level <c>energy</c>: power and energy per output token against the ML.ENERGY table.</summary>
/// <param name="Points">Every setting that could be predicted.</param>
/// <param name="Errors">By device and model, each device's sum first.</param>
/// <param name="Warnings">What was left out, and why.</param>
public sealed record EnergyRows(IReadOnlyList<EnergyPoint> Points, IReadOnlyList<EnergyError> Errors, IReadOnlyList<string> Warnings)
{
    /// <summary>The name of the level.</summary>
    public const string Level = "energy";

    /// <summary>The group of a device's sum.</summary>
    public const string AllModels = "all";

    /// <summary>The tables below a folder (or the file itself), predicted in a mode.</summary>
    /// <exception cref="Kernel.InputException">A table cannot be read.</exception>
    public static EnergyRows Evaluate(string path, EnergyMode mode)
    {
        ArgumentNullException.ThrowIfNull(path);
        var warnings = new List<string>();
        var rows = new List<PowerRow>();
        foreach (string file in Tables(path)) rows.AddRange(PowerTable.Read(file, warnings.Add));
        return Evaluate(rows, mode, warnings);
    }

    /// <summary>Rows, predicted in a mode.</summary>
    public static EnergyRows Evaluate(IReadOnlyList<PowerRow> rows, EnergyMode mode, IReadOnlyList<string> warnings)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var points = new List<EnergyPoint>();
        var all = new List<string>(warnings);
        foreach (IGrouping<string, PowerRow> device in rows.GroupBy(row => row.Device).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            PowerShares shares = Shares(rows, device.Key, mode, all);
            points.AddRange(device.Select(row => Predict(mode == EnergyMode.Interpolate ? row : Transferred(row), shares)));
        }
        return new(points, Summarize(points), all);
    }

    private static IEnumerable<string> Tables(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new Kernel.InputException($"{path}: there is no such file or folder");
        return Directory.EnumerateFiles(path, "*.csv", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
            .Where(file => PowerTable.Recognises(File.ReadLines(file).FirstOrDefault("")));
    }

    private static PowerShares Shares(IReadOnlyList<PowerRow> rows, string device, EnergyMode mode, List<string> warnings)
    {
        PowerShares shipped = Catalog.Power(Catalog.Device(device)).Shares;
        if (mode == EnergyMode.Interpolate) return shipped;
        PowerSample[] others = [.. rows.Where(row => row.Device != device && PowerCalibration.IsFitted(row)).Select(row => PowerSample.Of(row, row.Device))];
        if (others.Length > 0) return PowerFit.Fit(others);
        warnings.Add($"{device}: no other device to learn from; the shipped profile '{PowerProfile.TransferName}' is used");
        return Catalog.PowerProfiles.First(p => p.Device == PowerProfile.TransferName).Shares;
    }

    /// <summary>Throughput too comes from what was learnt on other devices.</summary>
    private static PowerRow Transferred(PowerRow row) =>
        row with { Deployment = row.Deployment.At(CostProfile.Analytic.With(Catalog.Profile(DeviceProfile.TransferName))) };

    private static EnergyPoint Predict(PowerRow row, PowerShares shares)
    {
        PowerSample sample = PowerSample.Of(row, row.ModelId);
        int devices = row.Deployment.Parallel.Devices;
        double watts = sample.Predict(shares) * devices;
        double tokensPerSecond = sample.Features.PredictedTokensPerSecond;
        PowerSample atOwn = sample with { Features = sample.Features.Faster(tokensPerSecond / row.TokensPerSecond) };
        return new(
            row.Device, row.ModelId, row.Task, row.Batch, row.Watts, watts, row.TokensPerSecond, tokensPerSecond,
            row.JoulesPerToken, watts / row.TokensPerSecond, atOwn.Predict(shares) * devices / tokensPerSecond);
    }

    private static List<EnergyError> Summarize(List<EnergyPoint> points)
    {
        var errors = new List<EnergyError>();
        foreach (IGrouping<string, EnergyPoint> device in points.GroupBy(p => p.Device))
        {
            errors.Add(Error(device.Key, AllModels, [.. device]));
            foreach (IGrouping<string, EnergyPoint> model in device.GroupBy(p => p.Model).OrderBy(g => g.Key, StringComparer.Ordinal))
                errors.Add(Error(device.Key, model.Key, [.. model]));
        }
        return errors;
    }

    private static EnergyError Error(string device, string model, EnergyPoint[] points)
    {
        double[] signed = [.. points.Select(p => (p.PredictedWatts / p.MeasuredWatts) - 1).Order()];
        return new(
            device, model, points.Length,
            signed.Average(Math.Abs),
            0.5 * (signed[(signed.Length - 1) / 2] + signed[signed.Length / 2]),
            points.Average(p => Math.Abs((p.PredictedTokensPerSecond / p.MeasuredTokensPerSecond) - 1)),
            points.Average(p => Math.Abs((p.JoulesPerTokenAtPredicted / p.MeasuredJoulesPerToken) - 1)));
    }
}
