namespace Orrery.Lab.Calibration;

/// <summary>Minimises a function of few positive constants, one after the other, by golden-section search in their logarithm. Deterministic.</summary>
/// <remarks>Golden section: Kiefer 1953. Right where the function has one valley per constant; elsewhere it ends in a valley near the start.</remarks>
public static class CoordinateDescent
{
    private const double Golden = 0.6180339887498949;

    /// <param name="start">Where to begin, within the bounds.</param>
    /// <param name="bounds">Smallest and largest value of each constant, both positive.</param>
    /// <param name="loss">What to minimise.</param>
    /// <param name="sweeps">Passes over all constants.</param>
    /// <param name="evaluations">Evaluations per constant and pass.</param>
    public static double[] Minimise(
        IReadOnlyList<double> start, IReadOnlyList<(double Least, double Most)> bounds, Func<IReadOnlyList<double>, double> loss, int sweeps, int evaluations)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentNullException.ThrowIfNull(bounds);
        ArgumentNullException.ThrowIfNull(loss);
        double[] best = [.. start];
        double least = loss(best);
        double reach = 1;
        for (int sweep = 0; sweep < sweeps; sweep++)
        {
            for (int i = 0; i < best.Length; i++)
            {
                double span = reach * Math.Log(bounds[i].Most / bounds[i].Least) / 2;
                double low = Math.Max(Math.Log(bounds[i].Least), Math.Log(best[i]) - span);
                double high = Math.Min(Math.Log(bounds[i].Most), Math.Log(best[i]) + span);
                double[] trial = [.. best];
                (double x, double value) = Section(low, high, evaluations, y =>
                {
                    trial[i] = Math.Exp(y);
                    return loss(trial);
                });
                if (value >= least) continue;
                least = value;
                best[i] = Math.Exp(x);
            }
            reach /= 2;
        }
        return best;
    }

    private static (double X, double Value) Section(double low, double high, int evaluations, Func<double, double> loss)
    {
        double a = high - (Golden * (high - low));
        double b = low + (Golden * (high - low));
        double atA = loss(a);
        double atB = loss(b);
        for (int i = 2; i < evaluations; i++)
        {
            if (atA <= atB)
            {
                high = b;
                (b, atB) = (a, atA);
                a = high - (Golden * (high - low));
                atA = loss(a);
            }
            else
            {
                low = a;
                (a, atA) = (b, atB);
                b = low + (Golden * (high - low));
                atB = loss(b);
            }
        }
        return atA <= atB ? (a, atA) : (b, atB);
    }
}
