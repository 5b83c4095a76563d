namespace Orrery.Lab.Calibration;

/// <summary>Least squares of a handful of coefficients.</summary>
internal static class NonNegativeLeastSquares
{
    /// <summary>Below this a pivot counts as none: the column repeats others.</summary>
    private const double SmallestPivot = 1e-12;

    /// <summary>
    /// Minimises x'Nx − 2r'x over x ≥ 0 by trying every set of coefficients that are not zero: exact, and cheap for the few there are.
    /// </summary>
    /// <param name="normal">N, symmetric, n × n with a small n.</param>
    /// <param name="right">r.</param>
    public static double[] Solve(double[,] normal, double[] right)
    {
        int n = right.Length;
        double[] best = new double[n];
        double least = 0;
        for (int set = 1; set < 1 << n; set++)
        {
            if (OverSet(normal, right, set) is not { } x || x.Any(value => value < 0)) continue;
            double value = 0;
            for (int i = 0; i < n; i++)
            {
                value -= 2 * right[i] * x[i];
                for (int j = 0; j < n; j++) value += x[i] * normal[i, j] * x[j];
            }
            if (value >= least) continue;
            least = value;
            best = x;
        }
        return best;
    }

    /// <summary>The solution over the coefficients of a bit set, the others 0; null where they are not independent.</summary>
    private static double[]? OverSet(double[,] normal, double[] right, int set)
    {
        int[] columns = [.. Enumerable.Range(0, right.Length).Where(i => (set >> i & 1) == 1)];
        int n = columns.Length;
        double[,] a = new double[n, n + 1];
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++) a[i, j] = normal[columns[i], columns[j]];
            a[i, n] = right[columns[i]];
        }
        for (int k = 0; k < n; k++)
        {
            // Symmetric and positive definite: the diagonal will do.
            if (a[k, k] < SmallestPivot) return null;
            for (int i = 0; i < n; i++)
            {
                if (i == k) continue;
                double factor = a[i, k] / a[k, k];
                for (int j = k; j <= n; j++) a[i, j] -= factor * a[k, j];
            }
        }
        double[] x = new double[right.Length];
        for (int i = 0; i < n; i++) x[columns[i]] = a[i, n] / a[i, i];
        return x;
    }
}
