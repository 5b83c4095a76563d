namespace Orrery.Kernel.Statistics;

/// <summary>
/// The confidence interval of a steady-state mean from one long run of dependent observations: means of long batches are nearly
/// independent (Law and Kelton, Simulation Modeling and Analysis, batch means). Memory is fixed: when the batches are used up,
/// neighbours are joined and the batch size doubles.
/// </summary>
/// <remarks>Between <see cref="FewestBatches"/> and twice as many batches once that many observations were seen; a batch still filling is
/// left out of the interval.</remarks>
public sealed class BatchMeans
{
    /// <summary>Batches kept after a doubling. 20 to 30 suffice: more batches narrow the t factor little and make batches shorter
    /// (Schmeiser 1982).</summary>
    public const int FewestBatches = 32;

    private readonly double[] _means = new double[2 * FewestBatches];
    private double _sum;
    private double _filling;
    private long _filled;

    public long Count { get; private set; }

    /// <summary>Complete batches.</summary>
    public int Batches { get; private set; }

    /// <summary>Observations in each complete batch.</summary>
    public long BatchSize { get; private set; } = 1;

    /// <summary>Mean of all observations; zero when empty.</summary>
    public double Mean => Count == 0 ? 0 : _sum / Count;

    public void Add(double value)
    {
        Count++;
        _sum += value;
        _filling += value;
        if (++_filled < BatchSize) return;
        _means[Batches++] = _filling / BatchSize;
        _filling = 0;
        _filled = 0;
        if (Batches < _means.Length) return;
        for (int i = 0; i < FewestBatches; i++) _means[i] = 0.5 * (_means[2 * i] + _means[(2 * i) + 1]);
        Batches = FewestBatches;
        BatchSize *= 2;
    }

    /// <summary>The interval around the mean of the complete batches; infinite below two batches.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The level is not in (0, 1).</exception>
    public ConfidenceInterval Interval(double level = ConfidenceInterval.DefaultLevel)
    {
        Moments moments = new();
        foreach (double mean in _means.AsSpan(0, Batches)) moments.Add(mean);
        return ConfidenceInterval.FromMoments(moments, level);
    }

    /// <summary>
    /// Correlation of neighbouring batch means. Well above 0 (say 0.3) means that batches are still too short and the interval too
    /// narrow: the run needs to be longer. Zero below three batches.
    /// </summary>
    public double Autocorrelation
    {
        get
        {
            if (Batches < 3) return 0;
            double mean = 0;
            for (int i = 0; i < Batches; i++) mean += _means[i] / Batches;
            double variance = 0;
            double covariance = 0;
            for (int i = 0; i < Batches; i++)
            {
                variance += (_means[i] - mean) * (_means[i] - mean);
                if (i > 0) covariance += (_means[i] - mean) * (_means[i - 1] - mean);
            }
            return variance == 0 ? 0 : covariance / variance;
        }
    }
}
