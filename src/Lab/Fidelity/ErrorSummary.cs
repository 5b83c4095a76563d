using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>How predictions differ from measurements.</summary>
/// <param name="Count">Pairs.</param>
/// <param name="MeanAbsolute">Mean absolute relative error.</param>
/// <param name="MedianAbsolute">Median absolute relative error.</param>
/// <param name="Bias">Median signed relative error: below 0 where predictions are low.</param>
/// <param name="RankCorrelation">Spearman's rank correlation; NaN for fewer than three pairs or where one side is constant.</param>
public readonly record struct ErrorSummary(int Count, double MeanAbsolute, double MedianAbsolute, double Bias, double RankCorrelation)
{
    private const int FewestRanks = 3;

    /// <summary>Sum of absolute errors over the sum of measured values.</summary>
    public double TimeWeighted { get; init; } = double.NaN;

    /// <summary>95th percentile of the absolute relative errors.</summary>
    public double P95 { get; init; } = double.NaN;

    /// <param name="pairs">Measured and predicted values, all positive.</param>
    public static ErrorSummary Of(IReadOnlyList<(double Measured, double Predicted)> pairs)
    {
        ArgumentNullException.ThrowIfNull(pairs);
        if (pairs.Count == 0) return new(0, double.NaN, double.NaN, double.NaN, double.NaN);
        FitErrors errors = new();
        foreach ((double measured, double predicted) in pairs) errors.Add(predicted, measured);
        return Of(errors);
    }

    /// <summary>The same of pairs that were collected.</summary>
    public static ErrorSummary Of(FitErrors errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        if (errors.Count == 0) return new(0, double.NaN, double.NaN, double.NaN, double.NaN);
        (double Measured, double Predicted)[] pairs = [.. errors.Pairs];
        FitError stated = errors.Summary();
        double median = Median([.. pairs.Select(pair => Math.Abs((pair.Predicted / pair.Measured) - 1))]);
        return new(pairs.Length, stated.Mape, median, stated.Bias, Spearman(pairs)) { TimeWeighted = stated.TimeWeightedMape, P95 = stated.P95 };
    }

    /// <summary>Means of several errors, each counting the same however many pairs it is over.</summary>
    public static ErrorSummary Mean(IReadOnlyList<ErrorSummary> errors)
    {
        ArgumentNullException.ThrowIfNull(errors);
        return new(
            errors.Sum(e => e.Count), errors.Average(e => e.MeanAbsolute), errors.Average(e => e.MedianAbsolute), errors.Average(e => e.Bias),
            errors.Average(e => e.RankCorrelation))
        {
            TimeWeighted = errors.Average(e => e.TimeWeighted),
            P95 = errors.Average(e => e.P95),
        };
    }

    /// <summary>Median; the mean of the middle two of an even number.</summary>
    internal static double Median(IReadOnlyCollection<double> values) => FitErrors.Quantile([.. values], 0.5);

    /// <summary>Pearson's correlation of mean ranks.</summary>
    private static double Spearman(IReadOnlyList<(double Measured, double Predicted)> pairs)
    {
        if (pairs.Count < FewestRanks) return double.NaN;
        double[] x = Ranks([.. pairs.Select(pair => pair.Measured)]);
        double[] y = Ranks([.. pairs.Select(pair => pair.Predicted)]);
        double mean = (pairs.Count + 1) / 2.0;
        double xy = 0;
        double xx = 0;
        double yy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            xy += (x[i] - mean) * (y[i] - mean);
            xx += (x[i] - mean) * (x[i] - mean);
            yy += (y[i] - mean) * (y[i] - mean);
        }
        return xy / Math.Sqrt(xx * yy);
    }

    private static double[] Ranks(double[] values)
    {
        int[] order = [.. Enumerable.Range(0, values.Length)];
        Array.Sort([.. values], order);
        double[] ranks = new double[values.Length];
        for (int i = 0; i < order.Length;)
        {
            int end = i + 1;
            while (end < order.Length && values[order[end]].Equals(values[order[i]])) end++;
            for (int j = i; j < end; j++) ranks[order[j]] = (i + 1 + end) / 2.0;
            i = end;
        }
        return ranks;
    }
}
