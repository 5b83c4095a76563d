namespace Orrery.World.Cost;

/// <summary>A list of operators that run one after the other on the same rows, with their times.</summary>
internal sealed class LinearTimes
{
    private readonly Func<long, OperatorTime>[] _operators;
    private readonly RowCache<OperatorTime> _times;

    public LinearTimes(IReadOnlyList<LinearOperator> operators, OperatorPrices prices)
    {
        _operators = [.. operators.Select(prices.Linear)];
        _times = new(Sum);
        foreach (LinearOperator op in operators)
        {
            WeightBytes += op.WeightBytes;
            BytesPerRow += op.BytesPerRow;
        }
        // Prices without launches are not asked: a size that no step has must not count as met.
        Launch = prices.Kernel > 0 ? Sum(1).Launch : 0;
    }

    /// <summary>Launch time of all kernels, in nanoseconds, where it stands beside their times.</summary>
    public double Launch { get; }

    public double WeightBytes { get; }

    public double BytesPerRow { get; }

    /// <summary>Time of all operators for so many rows, launches included.</summary>
    public OperatorTime At(long rows) => _times.At(rows);

    private OperatorTime Sum(long rows)
    {
        OperatorTime sum = default;
        foreach (Func<long, OperatorTime> time in _operators) sum += time(rows);
        return sum;
    }
}
