namespace Orrery.World.Profiles;

/// <summary>Collects predicted and measured times and states how far apart they are.</summary>
public sealed class FitErrors
{
    /// <summary>Share of absolute errors that <see cref="FitError.P95"/> covers.</summary>
    private const double HighQuantile = 0.95;

    private readonly List<double> _predicted = [];
    private readonly List<double> _measured = [];

    public int Count => _measured.Count;

    /// <summary>All pairs in the order added, in seconds.</summary>
    public IEnumerable<(double Measured, double Predicted)> Pairs => _measured.Zip(_predicted);

    /// <summary>Adds a pair of positive times in seconds.</summary>
    public void Add(double predicted, double measured)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(measured);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(predicted);
        _predicted.Add(predicted);
        _measured.Add(measured);
    }

    /// <summary>Adds all pairs of another collection.</summary>
    public void Add(FitErrors other)
    {
        ArgumentNullException.ThrowIfNull(other);
        _predicted.AddRange(other._predicted);
        _measured.AddRange(other._measured);
    }

    /// <summary>The error of all pairs; zeros where there are none.</summary>
    public FitError Summary()
    {
        int count = _measured.Count;
        if (count == 0) return new(0, 0, 0, 0, 0, 0);
        var signed = new double[count];
        var absolute = new double[count];
        double missed = 0;
        double total = 0;
        double sum = 0;
        double squares = 0;
        for (int i = 0; i < count; i++)
        {
            double difference = _predicted[i] - _measured[i];
            signed[i] = difference / _measured[i];
            absolute[i] = Math.Abs(signed[i]);
            missed += Math.Abs(difference);
            total += _measured[i];
            double log = Math.Log(_measured[i] / _predicted[i]);
            sum += log;
            squares += log * log;
        }
        double variance = count > 1 ? Math.Max(0, squares - (sum * sum / count)) / (count - 1) : 0;
        return new(absolute.Average(), missed / total, Quantile(absolute, HighQuantile), Quantile(signed, 0.5), Math.Sqrt(variance), count);
    }

    /// <summary>Quantile by linear interpolation between order statistics (type 7 of Hyndman and Fan 1996). Sorts the values.</summary>
    public static double Quantile(double[] values, double share)
    {
        Array.Sort(values);
        double at = share * (values.Length - 1);
        int low = (int)at;
        return low + 1 < values.Length ? values[low] + ((at - low) * (values[low + 1] - values[low])) : values[low];
    }
}
