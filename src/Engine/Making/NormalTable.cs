using Orrery.Kernel.Random;

namespace Orrery.Engine.Making;

/// <summary>Normal numbers by table: 65536 quantiles, four draws from one random word.</summary>
/// <remarks>A billion weights are drawn for one model, and a logarithm each would take longer than all else. The table ends at 4.3 standard deviations.</remarks>
internal static class NormalTable
{
    private const int Size = 1 << 16;
    private const int DrawsPerWord = 4;

    /// <summary>Where the integration of the density starts, in standard deviations, and its step.</summary>
    private const double Edge = 6;

    private const double Step = 1e-5;
    private static readonly float[] Quantiles = Build();

    public static void Fill(RandomStream random, float mean, float deviation, Span<float> values)
    {
        float[] table = Quantiles;
        int i = 0;
        while (i < values.Length)
        {
            ulong word = random.NextUInt64();
            int end = Math.Min(i + DrawsPerWord, values.Length);
            for (; i < end; i++)
            {
                values[i] = mean + deviation * table[(int)(word & (Size - 1))];
                word >>= 16;
            }
        }
    }

    /// <summary>The number below which lies (k + 1/2) / 65536 of the distribution, for each k: the trapezoidal sum of the density.</summary>
    private static float[] Build()
    {
        float[] table = new float[Size];
        double below = 0;
        double density = Density(-Edge);
        int next = 0;
        for (double x = -Edge; next < Size / 2; x += Step)
        {
            double following = Density(x + Step);
            below += (density + following) / 2 * Step;
            density = following;
            for (; next < Size / 2 && below >= (next + 0.5) / Size; next++)
            {
                table[next] = (float)x;
                table[Size - 1 - next] = (float)-x;
            }
        }
        return table;
    }

    private static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
}
