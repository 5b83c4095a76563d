using Orrery.Kernel.Statistics;

namespace Orrery.Engine.Tests.Sampling;

/// <summary>Pearson's test of counts against probabilities.</summary>
internal static class ChiSquare
{
    /// <summary>Below this expectation categories are pooled (the usual rule of five).</summary>
    private const double SmallestExpectation = 5;

    /// <summary>The probability of a deviation at least as large under the hypothesis; 0 when something impossible was counted.</summary>
    public static double PValue(long[] counts, float[] probabilities)
    {
        double total = counts.Sum();
        double statistic = 0;
        double pooledCount = 0;
        double pooledExpectation = 0;
        int categories = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            double expectation = probabilities[i] * total;
            if (expectation == 0 && counts[i] > 0) return 0;
            if (expectation < SmallestExpectation)
            {
                pooledCount += counts[i];
                pooledExpectation += expectation;
                continue;
            }
            statistic += (counts[i] - expectation) * (counts[i] - expectation) / expectation;
            categories++;
        }
        if (pooledExpectation >= SmallestExpectation)
        {
            statistic += (pooledCount - pooledExpectation) * (pooledCount - pooledExpectation) / pooledExpectation;
            categories++;
        }
        return categories < 2 ? 1 : SpecialFunctions.GammaUpper((categories - 1) / 2.0, statistic / 2);
    }
}
