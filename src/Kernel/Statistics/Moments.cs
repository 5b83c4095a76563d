namespace Orrery.Kernel.Statistics;

/// <summary>Count, mean and spread of real numbers in constant memory (Welford 1962; merging after Chan, Golub and LeVeque 1983).</summary>
/// <remarks>Floating point: the last bits depend on the order of adds. Whole numbers belong into a <see cref="QuantileSketch"/>, whose
/// moments are exact.</remarks>
public sealed class Moments
{
    private double _squares;

    public long Count { get; private set; }

    /// <summary>Zero when empty.</summary>
    public double Mean { get; private set; }

    /// <summary>Not a number when empty.</summary>
    public double Min { get; private set; } = double.NaN;

    /// <inheritdoc cref="Min"/>
    public double Max { get; private set; } = double.NaN;

    /// <summary>Unbiased variance (divisor: count − 1); zero below two values.</summary>
    public double SampleVariance => Count < 2 ? 0 : _squares / (Count - 1);

    /// <summary>Square root of <see cref="SampleVariance"/>.</summary>
    public double SampleDeviation => Math.Sqrt(SampleVariance);

    public void Add(double value)
    {
        Count++;
        double difference = value - Mean;
        Mean += difference / Count;
        _squares += difference * (value - Mean);
        // A comparison with the initial NaN is false, so the negated form takes the first value.
        if (!(value >= Min)) Min = value;
        if (!(value <= Max)) Max = value;
    }

    public void Merge(Moments other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (other.Count == 0) return;
        double difference = other.Mean - Mean;
        long count = Count + other.Count;
        _squares += other._squares + (difference * difference * Count * other.Count / count);
        Mean += difference * other.Count / count;
        Min = Count == 0 ? other.Min : Math.Min(Min, other.Min);
        Max = Count == 0 ? other.Max : Math.Max(Max, other.Max);
        Count = count;
    }
}
