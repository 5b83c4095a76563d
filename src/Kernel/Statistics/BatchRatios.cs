namespace Orrery.Kernel.Statistics;

/// <summary>
/// Confidence intervals of ratios of sums from one long run of dependent observations, such as tokens over seconds: the batches of
/// <see cref="BatchMeans"/> with several columns at once (batch means of the linearised ratio; Law and Kelton, Simulation Modeling and
/// Analysis). The mean of a column is its ratio to a column of ones. Memory is fixed.
/// </summary>
/// <param name="columns">Columns of an observation.</param>
public sealed class BatchRatios(int columns)
{
    private const int MostBatches = 2 * BatchMeans.FewestBatches;

    private readonly double[] _sums = new double[MostBatches * columns];
    private readonly double[] _filling = new double[columns];
    private long _filled;

    /// <summary>Complete batches.</summary>
    public int Batches { get; private set; }

    /// <summary>Observations in each complete batch.</summary>
    public long BatchSize { get; private set; } = 1;

    /// <exception cref="ArgumentException">The observation has another number of columns.</exception>
    public void Add(ReadOnlySpan<double> row)
    {
        if (row.Length != columns) throw new ArgumentException($"an observation has {columns} columns, not {row.Length}", nameof(row));
        for (int i = 0; i < columns; i++) _filling[i] += row[i];
        if (++_filled < BatchSize) return;
        _filling.CopyTo(_sums, Batches++ * columns);
        Array.Clear(_filling);
        _filled = 0;
        if (Batches < MostBatches) return;
        for (int batch = 0; batch < BatchMeans.FewestBatches; batch++)
        {
            for (int i = 0; i < columns; i++)
                _sums[(batch * columns) + i] = _sums[(2 * batch * columns) + i] + _sums[(((2 * batch) + 1) * columns) + i];
        }
        Batches = BatchMeans.FewestBatches;
        BatchSize *= 2;
    }

    /// <summary>Standard error of the ratio of two columns' sums over the ratio itself; null below two batches or where a sum is not above zero.</summary>
    public double? RelativeError(int numerator, int denominator)
    {
        double above = 0;
        double below = 0;
        for (int batch = 0; batch < Batches; batch++)
        {
            above += _sums[(batch * columns) + numerator];
            below += _sums[(batch * columns) + denominator];
        }
        if (Batches < 2 || !(above > 0) || !(below > 0)) return null;
        double squares = 0;
        for (int batch = 0; batch < Batches; batch++)
        {
            double rest = (_sums[(batch * columns) + numerator] / above) - (_sums[(batch * columns) + denominator] / below);
            squares += rest * rest;
        }
        return Math.Sqrt(squares * Batches / (Batches - 1));
    }

    /// <summary>How many standard errors the interval of a ratio reaches to either side: Student's quantile with one degree of freedom less than batches.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The level is not in (0, 1).</exception>
    /// <exception cref="InvalidOperationException">Fewer than two batches.</exception>
    public double Reach(double level)
    {
        ConfidenceInterval.CheckLevel(level);
        if (Batches < 2) throw new InvalidOperationException("an interval needs two batches");
        return SpecialFunctions.StudentQuantile(0.5 + (0.5 * level), Batches - 1);
    }
}
