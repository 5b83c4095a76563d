namespace Orrery.Kernel.Random;

/// <summary>
/// A distribution given by a few of its quantiles ("p50 = 120, p90 = 800, …"). Between two points the value grows geometrically with the
/// share (linearly where a value is not positive); below the first and above the last point it is flat. Sampled by inversion.
/// </summary>
public sealed class EmpiricalQuantiles : ICumulative
{
    private readonly double[] _shares;
    private readonly double[] _values;

    /// <param name="points">Shares in [0, 1], strictly ascending, with values that do not descend; at least one point.</param>
    /// <exception cref="InputException">The points are not as described.</exception>
    public EmpiricalQuantiles(IEnumerable<(double Share, double Value)> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        List<double> shares = [];
        List<double> values = [];
        foreach ((double share, double value) in points)
        {
            if (!(share is >= 0 and <= 1)) throw Parameters.Bad(share, "quantiles", "a share", "give shares between 0 and 1");
            Parameters.Finite(value, "quantiles");
            if (shares.Count > 0 && !(share > shares[^1]))
                throw Parameters.Bad(share, "quantiles", "a share", "give shares in ascending order, each once");
            if (values.Count > 0 && value < values[^1])
                throw Parameters.Bad(value, "quantiles", "a value", "give values that do not descend");
            shares.Add(share);
            values.Add(value);
        }
        if (shares.Count == 0)
            throw new InputException("quantiles distribution: there is no point; give at least one share with its value");
        if (shares[0] > 0)
        {
            shares.Insert(0, 0);
            values.Insert(0, values[0]);
        }
        if (shares[^1] < 1)
        {
            shares.Add(1);
            values.Add(values[^1]);
        }
        _shares = [.. shares];
        _values = [.. values];
        double mean = 0;
        for (int i = 1; i < _shares.Length; i++) mean += (_shares[i] - _shares[i - 1]) * SegmentMean(_values[i - 1], _values[i]);
        Mean = mean;
    }

    /// <summary>Closed form over the segments.</summary>
    public double Mean { get; }

    public double Quantile(double share)
    {
        int index = Array.BinarySearch(_shares, share);
        if (index >= 0) return _values[index];
        index = ~index;
        double part = (share - _shares[index - 1]) / (_shares[index] - _shares[index - 1]);
        double low = _values[index - 1];
        double high = _values[index];
        return low > 0 ? low * Math.Pow(high / low, part) : low + ((high - low) * part);
    }

    public double Cdf(double x)
    {
        if (x < _values[0]) return 0;
        // The last point not above x: several points may share a value.
        int index = _values.Length - 1;
        while (_values[index] > x) index--;
        if (index == _values.Length - 1) return 1;
        double low = _values[index];
        double high = _values[index + 1];
        double part = low > 0 ? Math.Log(x / low) / Math.Log(high / low) : (x - low) / (high - low);
        return _shares[index] + (part * (_shares[index + 1] - _shares[index]));
    }

    public double Sample(RandomStream random) => Quantile(random.NextDouble());

    private static double SegmentMean(double low, double high)
    {
        if (low <= 0) return 0.5 * (low + high);
        double log = Math.Log(high / low);
        return log < 1e-9 ? 0.5 * (low + high) : (high - low) / log;
    }
}
