namespace Orrery.Kernel.Statistics;

/// <summary>The figures of one distribution as results and reports show them. Quantiles are nearest-rank; see
/// <see cref="QuantileSketch"/>.</summary>
/// <param name="Count">Samples.</param>
/// <param name="Mean">Exact mean.</param>
/// <param name="Std">Standard deviation of the samples (divisor: count).</param>
/// <param name="Min">Smallest sample.</param>
/// <param name="P10">10 % of the samples are not above this.</param>
/// <param name="P25">25 %.</param>
/// <param name="P50">The median.</param>
/// <param name="P75">75 %.</param>
/// <param name="P90">90 %.</param>
/// <param name="P95">95 %.</param>
/// <param name="P99">99 %.</param>
/// <param name="P999">99.9 %.</param>
/// <param name="Max">Largest sample.</param>
public sealed record Summary(
    long Count, double Mean, double Std, double Min, double P10, double P25, double P50, double P75, double P90, double P95, double P99,
    double P999, double Max);
