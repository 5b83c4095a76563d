namespace Orrery.Live.Calibration;

/// <summary>Seconds over a count, straight between knots and beyond the last; from nothing at 0 to the first.</summary>
/// <param name="Knots">Rising, the first at least 1.</param>
/// <param name="Seconds">At each knot.</param>
public sealed record TimeCurve(IReadOnlyList<int> Knots, IReadOnlyList<double> Seconds)
{
    public double At(double count)
    {
        if (count <= 0) return 0;
        (int low, double share) = Locate(Knots, count);
        return low + 1 < Knots.Count ? ((1 - share) * Seconds[low]) + (share * Seconds[low + 1]) : Seconds[low];
    }

    /// <summary>The knot below a positive count, and the share of the way to the next: beyond 1 after the last, which keeps the last slope; 0 before the first.</summary>
    internal static (int Low, double Share) Locate(IReadOnlyList<int> knots, double count)
    {
        if (knots.Count == 1 || count <= knots[0]) return (0, 0);
        int low = 0;
        while (low < knots.Count - 2 && knots[low + 1] <= count) low++;
        return (low, (count - knots[low]) / (knots[low + 1] - knots[low]));
    }
}
