namespace Orrery.World.Cost;

/// <summary>Roofline of a list of operators: per operator max(compute, memory), summed. Coefficients in nanoseconds, precomputed.</summary>
internal sealed class LinearTimes
{
    private readonly double[] _computePerRow;
    private readonly double[] _memoryFixed;
    private readonly double[] _memoryPerRow;

    public LinearTimes(IReadOnlyList<LinearOperator> operators, double nanosecondsPerFlop, double nanosecondsPerByte, double kernelNanoseconds)
    {
        _computePerRow = new double[operators.Count];
        _memoryFixed = new double[operators.Count];
        _memoryPerRow = new double[operators.Count];
        int kernels = 0;
        for (int i = 0; i < operators.Count; i++)
        {
            LinearOperator op = operators[i];
            _computePerRow[i] = op.FlopsPerRow * nanosecondsPerFlop;
            _memoryFixed[i] = op.WeightBytes * nanosecondsPerByte;
            _memoryPerRow[i] = op.BytesPerRow * nanosecondsPerByte;
            kernels += op.Kernels;
            WeightBytes += op.WeightBytes;
            BytesPerRow += op.BytesPerRow;
        }
        Launch = kernels * kernelNanoseconds;
    }

    /// <summary>Launch time of all kernels, in nanoseconds.</summary>
    public double Launch { get; }

    public double WeightBytes { get; }

    public double BytesPerRow { get; }

    /// <summary>Time of all operators for so many rows, launches included.</summary>
    public OperatorTime At(double rows)
    {
        double[] perRow = _computePerRow;
        double[] memoryFixed = _memoryFixed;
        double[] memoryPerRow = _memoryPerRow;
        double compute = 0;
        double memory = 0;
        double busy = 0;
        for (int i = 0; i < perRow.Length && i < memoryFixed.Length && i < memoryPerRow.Length; i++)
        {
            double c = rows * perRow[i];
            double m = memoryFixed[i] + (rows * memoryPerRow[i]);
            compute += c;
            memory += m;
            busy += c > m ? c : m;
        }
        return new(compute, memory, busy, Launch);
    }
}

/// <summary>Nanoseconds of a group of operators.</summary>
/// <param name="Compute">Matrix units.</param>
/// <param name="Memory">Device memory.</param>
/// <param name="Busy">Sum over operators of the larger of the two.</param>
/// <param name="Launch">Kernel launches.</param>
internal readonly record struct OperatorTime(double Compute, double Memory, double Busy, double Launch)
{
    public double Elapsed => Busy + Launch;

    public static OperatorTime operator +(OperatorTime a, OperatorTime b) =>
        new(a.Compute + b.Compute, a.Memory + b.Memory, a.Busy + b.Busy, a.Launch + b.Launch);

    public static OperatorTime operator *(int count, OperatorTime a) =>
        new(count * a.Compute, count * a.Memory, count * a.Busy, count * a.Launch);
}
