using Orrery.World.Hardware;
using Orrery.World.Power;

namespace Orrery.Lab.Calibration;

/// <summary>A setting ready to be fitted.</summary>
/// <param name="Group">What is left out together.</param>
/// <param name="Features">Utilisations.</param>
/// <param name="IdleWatts">Of the device's data sheet.</param>
/// <param name="LimitWatts">Of the device's data sheet.</param>
/// <param name="MeasuredWatts">Of one device.</param>
public readonly record struct PowerSample(string Group, PowerFeatures Features, double IdleWatts, double LimitWatts, double MeasuredWatts)
{
    public static PowerSample Of(PowerRow row, string group)
    {
        ArgumentNullException.ThrowIfNull(row);
        DeviceSpec device = row.Deployment.Device;
        return new(group, PowerFeatures.Of(row), device.IdlePower.Value, device.ThermalDesignPower.Value, row.DeviceWatts);
    }

    /// <summary>Watts of one device by given shares.</summary>
    public double Predict(PowerShares shares)
    {
        ArgumentNullException.ThrowIfNull(shares);
        return IdleWatts + ((LimitWatts - IdleWatts) * shares.At(Features.Busy, Features.Memory, Features.Compute, Features.Network));
    }

    /// <summary>|predicted / measured − 1|.</summary>
    public double Error(PowerShares shares) => Math.Abs((Predict(shares) / MeasuredWatts) - 1);
}

/// <summary>
/// Fits <see cref="PowerShares"/>: for every knee of a grid, non-negative least squares of relative errors, reweighted so that a few measured
/// points that dip (host-bound settings) pull like the others (pseudo-Huber). Deterministic; the result is rounded to four decimals.
/// </summary>
public static class PowerFit
{
    private const int Rounds = 25;
    private const int Terms = 4;

    /// <summary>Relative error above which a row's pull no longer grows (d).</summary>
    private const double RobustScale = 0.1;

    /// <summary>Pull of the network share towards nothing, per row, in squared relative error: it is only seen where it is needed (d).</summary>
    private const double NetworkRidge = 4e-4;

    private const double FirstKnee = 0.2;
    private const double KneeStep = 0.02;
    private const int Knees = 31;
    private const int Decimals = 4;

    /// <summary>The shares with the least robust error over the samples.</summary>
    /// <exception cref="ArgumentException">There is no sample.</exception>
    public static PowerShares Fit(IReadOnlyList<PowerSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (samples.Count == 0) throw new ArgumentException("nothing to fit", nameof(samples));
        PowerShares? best = null;
        double least = double.PositiveInfinity;
        for (int i = 0; i < Knees; i++)
        {
            double knee = Math.Round(FirstKnee + (i * KneeStep), Decimals);
            (PowerShares shares, double loss) = FitAt(samples, knee);
            if (loss >= least) continue;
            least = loss;
            best = shares;
        }
        return best!;
    }

    /// <summary>Mean of |predicted / measured − 1|.</summary>
    public static double MeanError(IEnumerable<PowerSample> samples, PowerShares shares) => samples.Average(sample => sample.Error(shares));

    /// <summary>Fit of all samples, with the error of each group in it and left out of it.</summary>
    /// <param name="samples">Of one device, or of all for the transfer.</param>
    public static (PowerShares Shares, IReadOnlyList<PowerFitError> Groups) FitAndLeaveOut(IReadOnlyList<PowerSample> samples)
    {
        PowerShares all = Fit(samples);
        var groups = new List<PowerFitError>();
        foreach (IGrouping<string, PowerSample> group in samples.GroupBy(s => s.Group).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            PowerSample[] others = [.. samples.Where(s => s.Group != group.Key)];
            double leftOut = others.Length == 0 ? double.NaN : MeanError(group, Fit(others));
            groups.Add(new(group.Key, group.Count(), MeanError(group, all), leftOut));
        }
        return (all, groups);
    }

    private static (PowerShares Shares, double Loss) FitAt(IReadOnlyList<PowerSample> samples, double knee)
    {
        PowerShares shares = new(0.5, 0.3, 1, 0, knee);
        PowerShares best = shares;
        double least = double.PositiveInfinity;
        for (int round = 0; round < Rounds; round++)
        {
            PowerShares next = Rounded(Solve(samples, shares));
            if (next == shares) break;
            shares = next;
            double loss = Loss(samples, shares);
            if (loss >= least) continue;
            least = loss;
            best = shares;
        }
        return (best, least);
    }

    private static double Loss(IReadOnlyList<PowerSample> samples, PowerShares shares)
    {
        double sum = samples.Count * NetworkRidge * shares.Network * shares.Network;
        foreach (PowerSample sample in samples)
        {
            double scaled = sample.Error(shares) / RobustScale;
            sum += 2 * RobustScale * RobustScale * (Math.Sqrt(1 + (scaled * scaled)) - 1);
        }
        return sum;
    }

    /// <summary>One round of weighted least squares; rows that the shares put at the limit say nothing about them and are left aside.</summary>
    private static PowerShares Solve(IReadOnlyList<PowerSample> samples, PowerShares shares)
    {
        double[,] normal = new double[Terms, Terms];
        double[] right = new double[Terms];
        Span<double> x = stackalloc double[Terms];
        foreach (PowerSample sample in samples)
        {
            PowerFeatures f = sample.Features;
            x[0] = Math.Min(1, f.Busy / shares.Knee);
            x[1] = f.Memory;
            x[2] = f.Compute;
            x[3] = -f.Network;
            double share = (shares.Running * x[0]) + (shares.Memory * x[1]) + (shares.Compute * x[2]) + (shares.Network * x[3]);
            if (share is > 1 or < 0) continue;
            double range = (sample.LimitWatts - sample.IdleWatts) / sample.MeasuredWatts;
            double target = 1 - (sample.IdleWatts / sample.MeasuredWatts);
            double scaled = sample.Error(shares) / RobustScale;
            double weight = 1 / Math.Sqrt(1 + (scaled * scaled));
            for (int i = 0; i < Terms; i++)
            {
                right[i] += weight * range * x[i] * target;
                for (int j = 0; j < Terms; j++) normal[i, j] += weight * range * range * x[i] * x[j];
            }
        }
        normal[3, 3] += samples.Count * NetworkRidge;
        double[] solution = NonNegativeLeastSquares.Solve(normal, right);
        return new(solution[0], solution[1], solution[2], solution[3], shares.Knee);
    }

    private static PowerShares Rounded(PowerShares s) => new(
        Math.Round(s.Running, Decimals), Math.Round(s.Memory, Decimals), Math.Round(s.Compute, Decimals), Math.Round(s.Network, Decimals), s.Knee);
}
