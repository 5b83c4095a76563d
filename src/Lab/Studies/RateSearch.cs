namespace Orrery.Lab.Studies;

/// <summary>
/// Finds by probing the rate at which goals begin to be missed: doubling or halving until there is a bracket, then bisection of its
/// logarithm, then one look on either side of it.
/// </summary>
/// <remarks>
/// The bracket is always read off the whole list of probes: its upper end is the lowest rate that missed, its lower end the highest that met
/// below it. So a look that contradicts what was believed (goals need not be monotone in the rate) moves the bracket down by itself: the
/// answer never lies above a rate that is known to miss.
/// </remarks>
internal static class RateSearch
{
    /// <summary>How far doubling and halving go from the start: about a million times up and a thousand times down.</summary>
    private const double HighestFactor = 1 << 20;

    private const double LowestFactor = 1.0 / (1 << 10);

    /// <summary>How far beside the bracket the two looks are made.</summary>
    private const double LookAside = 1.25;

    /// <summary>Rates are products of a few doubles: equal ones agree to far more digits than this.</summary>
    private const double Rounding = 1e-9;

    /// <param name="probe">One run at a rate; null when it was interrupted.</param>
    /// <param name="start">First rate.</param>
    /// <param name="firstStep">First factor of the search for a bracket; it is squared every time up to 2.</param>
    public static CapacitySearch Find(
        ulong seed, Func<double, CapacityProbe?> probe, double start, double tolerance, int mostProbes, double firstStep = 2)
    {
        var probes = new List<CapacityProbe>();
        double step = firstStep;
        double next = start;
        CapacityEnd end;
        while (true)
        {
            if (probes.Count >= mostProbes)
            {
                end = CapacityEnd.OutOfProbes;
                break;
            }
            if (probe(next) is not { } made)
            {
                end = CapacityEnd.Interrupted;
                break;
            }
            probes.Add(made);
            (double low, double high) = Bracket(probes);
            if (double.IsInfinity(high) && low >= start * HighestFactor)
            {
                end = CapacityEnd.Unbounded;
                break;
            }
            if (low == 0 && high <= start * LowestFactor)
            {
                end = CapacityEnd.None;
                break;
            }
            if (double.IsInfinity(high)) (next, step) = (low * step, Widen(step));
            else if (low == 0) (next, step) = (high / step, Widen(step));
            else if (high > low * (1 + tolerance)) next = Math.Sqrt(low * high);
            else if (!HasLooked(probes, low / LookAside, 1 / LookAside)) next = low / LookAside;
            else if (!HasLooked(probes, high * LookAside, LookAside)) next = high * LookAside;
            else
            {
                end = CapacityEnd.Found;
                break;
            }
        }
        (double lowest, double highest) = Bracket(probes);
        // Looks that the limit on probes forbade do not spoil a bracket that is narrow enough.
        if (end == CapacityEnd.OutOfProbes && lowest > 0 && highest <= lowest * (1 + tolerance)) end = CapacityEnd.Found;
        bool isMonotone = !probes.Any(made => made.IsMet && made.RequestsPerSecond > highest);
        return new(seed, lowest, highest, end, isMonotone, probes);
    }

    private static double Widen(double step) => Math.Min(2, step * step);

    private static (double Low, double High) Bracket(List<CapacityProbe> probes)
    {
        double high = probes.Where(made => !made.IsMet).Select(made => made.RequestsPerSecond).DefaultIfEmpty(double.PositiveInfinity).Min();
        double low = probes.Where(made => made.IsMet && made.RequestsPerSecond < high).Select(made => made.RequestsPerSecond).DefaultIfEmpty(0).Max();
        return (low, high);
    }

    /// <summary>A probe at least as far aside as wanted, and less than another step further.</summary>
    private static bool HasLooked(List<CapacityProbe> probes, double wanted, double step) => probes.Any(made =>
        made.RequestsPerSecond / wanted is var aside
        && (step > 1 ? aside >= 1 - Rounding && aside <= step : aside <= 1 + Rounding && aside >= step));
}
