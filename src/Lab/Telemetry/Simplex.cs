namespace Orrery.Lab.Telemetry;

/// <summary>
/// Nelder and Mead 1965: minimises a function of few positive constants in their logarithms, where constants trade against each other and
/// searching one after the other gets stuck. Deterministic.
/// </summary>
internal static class Simplex
{
    /// <param name="start">Within the bounds.</param>
    /// <param name="bounds">Smallest and largest value of each constant.</param>
    /// <param name="edges">First steps, as logarithms.</param>
    /// <param name="loss">What to minimise.</param>
    /// <param name="evaluations">At most about so many.</param>
    public static double[] Minimise(
        IReadOnlyList<double> start, IReadOnlyList<(double Least, double Most)> bounds, IReadOnlyList<double> edges, Func<IReadOnlyList<double>, double> loss, int evaluations)
    {
        int n = start.Count;
        List<(double[] At, double Loss)> corners = [Corner([.. start.Select(value => Math.Log(value))])];
        for (int i = 0; i < n; i++)
        {
            double[] at = [.. corners[0].At];
            at[i] += at[i] + edges[i] <= Math.Log(bounds[i].Most) ? edges[i] : -edges[i];
            corners.Add(Corner(at));
        }
        for (int used = n + 1; used < evaluations; used++)
        {
            // OrderBy is stable, so that equal corners keep their order.
            corners = [.. corners.OrderBy(corner => corner.Loss)];
            double[] worst = corners[n].At;
            double[] middle = [.. Enumerable.Range(0, n).Select(i => corners.Take(n).Average(corner => corner.At[i]))];
            (double[] At, double Loss) reflected = Toward(-1);
            (double[] At, double Loss) taken = reflected;
            if (reflected.Loss < corners[0].Loss)
            {
                used++;
                (double[] At, double Loss) expanded = Toward(-2);
                if (expanded.Loss < reflected.Loss) taken = expanded;
            }
            else if (reflected.Loss >= corners[n - 1].Loss)
            {
                used++;
                taken = reflected.Loss < corners[n].Loss ? Toward(-0.5) : Toward(0.5);
            }
            if (taken.Loss < corners[n].Loss)
            {
                corners[n] = taken;
                continue;
            }
            used += n;
            for (int k = 1; k <= n; k++) corners[k] = Corner([.. corners[k].At.Zip(corners[0].At, (a, best) => (a + best) / 2)]);

            (double[] At, double Loss) Toward(double share) => Corner([.. middle.Zip(worst, (m, w) => m + (share * (w - m)))]);
        }
        return Values(corners.MinBy(corner => corner.Loss).At);

        (double[] At, double Loss) Corner(double[] at)
        {
            for (int i = 0; i < n; i++) at[i] = Math.Clamp(at[i], Math.Log(bounds[i].Least), Math.Log(bounds[i].Most));
            return (at, loss(Values(at)));
        }

        static double[] Values(double[] at) => [.. at.Select(value => Math.Exp(value))];
    }
}
