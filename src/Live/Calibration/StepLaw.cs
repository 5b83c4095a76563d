using Orrery.World.Models;

namespace Orrery.Live.Calibration;

/// <summary>
/// The time of a step on the engine: t(rows) + t(sampled rows) + a · contexts of decodes + b · query-key pairs of prompts + c · tokens that prompts read.
/// Weights are read once per step and shared by all rows, so the first part depends on their number alone; attention runs sequence by sequence,
/// so its parts add up.
/// </summary>
/// <param name="Rows">Everything that is done for each row of every layer: products, norms, positions; with what a step costs at all.</param>
/// <param name="Sampled">The vocabulary projection, and the last layer's rest, which only rows that are sampled go through.</param>
/// <param name="ContextSeconds">Of one token attended by one decode in one layer.</param>
/// <param name="PairSeconds">Of one query-key pair of a prompt in one layer.</param>
/// <param name="KvTokenSeconds">Of one token that a prompt's attention reads in one layer.</param>
public sealed record StepLaw(TimeCurve Rows, TimeCurve Sampled, double ContextSeconds, double PairSeconds, double KvTokenSeconds)
{
    /// <summary>Relative errors beyond this count linearly (Huber), so that steps another process fell upon do not decide (d).</summary>
    private const double Outlier = 0.05;

    private const int Rounds = 4;

    /// <summary>Sweeps of the solver: far more than the few dozen coefficients need.</summary>
    private const int Sweeps = 4000;

    /// <summary>Seconds of a step.</summary>
    public double Seconds(StepPoint point, ModelSpec model)
    {
        ArgumentNullException.ThrowIfNull(point);
        StepFeatures features = StepFeatures.Of(point, model);
        return Rows.At(point.Tokens) + Sampled.At(point.Sampled)
            + (ContextSeconds * features.Context) + (PairSeconds * features.Pairs) + (KvTokenSeconds * features.KvTokens);
    }

    /// <summary>
    /// The law that comes nearest to measured steps: least squares of relative errors over coefficients of zero or more. Rows have a knot at every
    /// length of an unfinished prompt that was measured, for there nothing is sampled; sampled rows at every number of decodes.
    /// </summary>
    /// <param name="samples">Prompts that are not finished, and decodes, among them.</param>
    /// <param name="model">Its layers and windows.</param>
    /// <exception cref="ArgumentException">A kind of step is missing.</exception>
    public static StepLaw Fit(IReadOnlyList<StepSample> samples, ModelSpec model)
    {
        ArgumentNullException.ThrowIfNull(samples);
        ArgumentNullException.ThrowIfNull(model);
        int[] rows = [.. samples.Where(sample => sample.Point.Sampled == 0).Select(sample => sample.Point.Tokens).Distinct().Order()];
        int[] sampled = [.. samples.Where(sample => sample.Point.Kind == StepKind.Decode).Select(sample => sample.Point.Sampled).Distinct().Order()];
        if (rows.Length == 0 || sampled.Length == 0) throw new ArgumentException("a fit needs unfinished prompts and decodes", nameof(samples));
        int attention = rows.Length + sampled.Length;
        double[][] design = [.. samples.Select(sample => Row(sample))];
        double[] scale = [.. Enumerable.Range(0, attention + 3).Select(column => Math.Sqrt(design.Sum(row => row[column] * row[column])))];
        double[] found = new double[attention + 3];
        for (int round = 0; round < Rounds; round++)
        {
            double[] weights = [.. design.Select(row => Weight(row, found, round))];
            found = Solve(design, weights, scale);
        }
        return new(
            new(rows, found[..rows.Length]), new(sampled, found[rows.Length..attention]), found[attention], found[attention + 1], found[attention + 2]);

        // Relative: every step weighs the same, whatever it takes.
        double[] Row(StepSample sample)
        {
            var row = new double[attention + 3];
            Put(rows, sample.Point.Tokens, 0);
            if (sample.Point.Sampled > 0) Put(sampled, sample.Point.Sampled, rows.Length);
            StepFeatures features = StepFeatures.Of(sample.Point, model);
            (row[attention], row[attention + 1], row[attention + 2]) = (features.Context, features.Pairs, features.KvTokens);
            for (int i = 0; i < row.Length; i++) row[i] /= sample.Seconds;
            return row;

            void Put(int[] knots, int count, int offset)
            {
                (int low, double share) = TimeCurve.Locate(knots, count);
                row[offset + low] += 1 - share;
                if (share != 0) row[offset + low + 1] += share;
            }
        }
    }

    private static double Weight(double[] row, double[] found, int round)
    {
        if (round == 0) return 1;
        double miss = Math.Abs(row.Zip(found, (a, x) => a * x).Sum() - 1);
        return miss <= Outlier ? 1 : Outlier / miss;
    }

    /// <summary>Weighted least squares of the design against ones over coefficients of zero or more, one coefficient after the other until nothing moves.</summary>
    private static double[] Solve(double[][] design, double[] weights, double[] scale)
    {
        int columns = scale.Length;
        var normal = new double[columns, columns];
        var right = new double[columns];
        for (int r = 0; r < design.Length; r++)
        {
            for (int i = 0; i < columns; i++)
            {
                if (design[r][i] == 0) continue;
                double a = weights[r] * design[r][i] / scale[i];
                right[i] += a;
                for (int j = 0; j < columns; j++)
                    if (scale[j] > 0) normal[i, j] += a * design[r][j] / scale[j];
            }
        }
        var x = new double[columns];
        for (int sweep = 0; sweep < Sweeps; sweep++)
        {
            double moved = 0;
            for (int i = 0; i < columns; i++)
            {
                if (normal[i, i] == 0) continue;
                double gradient = right[i];
                for (int j = 0; j < columns; j++) gradient -= normal[i, j] * x[j];
                double next = Math.Max(0, x[i] + (gradient / normal[i, i]));
                moved = Math.Max(moved, Math.Abs(next - x[i]));
                x[i] = next;
            }
            if (moved < Smallest) break;
        }
        for (int i = 0; i < columns; i++) x[i] = scale[i] > 0 ? x[i] / scale[i] : 0;
        return x;
    }

    /// <summary>Of scaled coefficients, which are about one: less is rounding.</summary>
    private const double Smallest = 1e-13;
}
