using Orrery.Kernel.Random;

namespace Orrery.World.Profiles;

/// <summary>
/// A few profiles that differ from a given one as the true device may: eight draws whose factors have exactly the stated variances and
/// correlations, so that the mean square of anything nearly linear in the logarithms of the factors is exact.
/// </summary>
/// <remarks>
/// The rows of an orthogonal two-level array (Plackett and Burman 1946; here a Sylvester-Hadamard matrix of order 8) times the Cholesky
/// factor of the covariance. Which kind gets which column, and with which sign, is drawn.
/// </remarks>
public static class ProfileDraws
{
    /// <summary>Draws, the order of the array.</summary>
    public const int Count = 8;

    /// <summary>Independent errors: the columns of the array besides the constant one.</summary>
    private const int Kinds = Count - 1;

    /// <param name="spread">Standard deviations.</param>
    /// <param name="random">Decides which kind gets which column.</param>
    public static IReadOnlyList<ProfileFactors> Of(ProfileSpread spread, RandomStream random)
    {
        ArgumentNullException.ThrowIfNull(spread);
        ArgumentNullException.ThrowIfNull(random);
        double[] own = [spread.Matrices, spread.Vectors, spread.Prefill, spread.Decode, spread.Experts, spread.Collectives, spread.Cpu];
        double[] common = [spread.Device, spread.Device, spread.Device, spread.Device, spread.Device, spread.Device, 0];
        double[,] root = Cholesky(own, common);
        (int Column, int Sign)[] columns = Columns(random);
        ProfileFactors[] draws = new ProfileFactors[Count];
        double[] factors = new double[Kinds];
        for (int draw = 0; draw < Count; draw++)
        {
            for (int kind = 0; kind < Kinds; kind++)
            {
                double logarithm = 0;
                for (int i = 0; i <= kind; i++) logarithm += root[kind, i] * columns[i].Sign * Hadamard(draw, columns[i].Column);
                factors[kind] = Math.Exp(logarithm);
            }
            draws[draw] = new()
            {
                Matrices = factors[0],
                Vectors = factors[1],
                Prefill = factors[2],
                Decode = factors[3],
                Mixed = factors[3],
                Experts = factors[4],
                Collectives = factors[5],
                Cpu = factors[6],
            };
        }
        return draws;
    }

    /// <summary>±1: the parity of the common bits of row and column.</summary>
    private static int Hadamard(int row, int column) => int.IsEvenInteger(int.PopCount(row & column)) ? 1 : -1;

    private static (int Column, int Sign)[] Columns(RandomStream random)
    {
        (int Column, int Sign)[] columns = new (int, int)[Kinds];
        for (int i = 0; i < Kinds; i++) columns[i] = (i + 1, random.NextInt(2) == 0 ? 1 : -1);
        for (int i = Kinds - 1; i > 0; i--)
        {
            int other = random.NextInt(i + 1);
            (columns[i], columns[other]) = (columns[other], columns[i]);
        }
        return columns;
    }

    /// <summary>Lower factor of diag(own²) + common · commonᵀ; a kind without error has a row of zeros where it shares nothing either.</summary>
    private static double[,] Cholesky(double[] own, double[] common)
    {
        double[,] lower = new double[Kinds, Kinds];
        for (int row = 0; row < Kinds; row++)
        {
            for (int column = 0; column <= row; column++)
            {
                double rest = (common[row] * common[column]) + (row == column ? own[row] * own[row] : 0);
                for (int i = 0; i < column; i++) rest -= lower[row, i] * lower[column, i];
                if (row == column) lower[row, row] = Math.Sqrt(Math.Max(0, rest));
                else lower[row, column] = lower[column, column] > 0 ? rest / lower[column, column] : 0;
            }
        }
        return lower;
    }
}
