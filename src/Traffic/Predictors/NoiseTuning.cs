using Orrery.Kernel;
using Orrery.Kernel.Statistics;

namespace Orrery.Traffic.Predictors;

/// <summary>
/// Output lengths that a published error was measured on: log-normal, moved into [1, longest]. An absolute error means nothing without
/// the lengths it belongs to, so noise is tuned on these and then applied to whatever arrives.
/// </summary>
/// <param name="Median">Tokens.</param>
/// <param name="Sigma">Deviation of the logarithm.</param>
/// <param name="Longest">Tokens.</param>
public readonly record struct ReferenceLengths(double Median, double Sigma, int Longest)
{
    /// <summary>Length below which a share of the requests lies.</summary>
    public double Quantile(double share) => Math.Clamp(Median * Math.Exp(Sigma * SpecialFunctions.NormalQuantile(share)), 1, Longest);
}

/// <summary>Finds the spread of a noise model that has a given mean absolute error: bisection over quadratures.</summary>
internal static class NoiseTuning
{
    private const int LengthNodes = 64;
    private const int AgeNodes = 16;
    private const int NormalNodes = 41;
    private const double WidestNormal = 5;
    private const int Halvings = 30;

    /// <summary>σ of r = clip(O·exp(σN), 1, longest).</summary>
    /// <exception cref="InputException">No spread gives that error.</exception>
    public static double FirstSpread(ReferenceLengths lengths, double meanError)
    {
        const double widest = 6;
        return Solve(spread => FirstError(lengths, spread), meanError, widest, "outputLength");
    }

    /// <summary>k of R = clip(O − t + k·(O − t)/O·N, 1, longest), averaged over every token of every request.</summary>
    /// <exception cref="InputException">No scale gives that error.</exception>
    public static double RemainingScale(ReferenceLengths lengths, double meanError)
    {
        const double widestShare = 20;
        return Solve(scale => RemainingError(lengths, scale), meanError, widestShare * lengths.Longest, "remaining");
    }

    private static double FirstError(ReferenceLengths lengths, double spread)
    {
        double sum = 0;
        for (int i = 0; i < LengthNodes; i++)
        {
            double length = lengths.Quantile((i + 0.5) / LengthNodes);
            sum += OverNormal(z => Math.Abs(Math.Clamp(length * Math.Exp(spread * z), 1, lengths.Longest) - length));
        }
        return sum / LengthNodes;
    }

    private static double RemainingError(ReferenceLengths lengths, double scale)
    {
        double sum = 0;
        double tokens = 0;
        for (int i = 0; i < LengthNodes; i++)
        {
            double length = lengths.Quantile((i + 0.5) / LengthNodes);
            for (int j = 0; j < AgeNodes; j++)
            {
                double share = (j + 0.5) / AgeNodes;
                double left = share * length;
                sum += length * OverNormal(z => Math.Abs(Math.Clamp(left + (scale * share * z), 1, lengths.Longest) - left));
                tokens += length;
            }
        }
        return sum / tokens;
    }

    private static double OverNormal(Func<double, double> f)
    {
        double sum = 0;
        double weights = 0;
        for (int i = 0; i < NormalNodes; i++)
        {
            double z = WidestNormal * ((2.0 * i / (NormalNodes - 1)) - 1);
            double weight = Math.Exp(-0.5 * z * z);
            sum += weight * f(z);
            weights += weight;
        }
        return sum / weights;
    }

    private static double Solve(Func<double, double> error, double target, double widest, string which)
    {
        if (target == 0) return 0;
        if (error(widest) < target)
            throw new InputException(
                $"predictors: {which}: no noise has a mean error of {target} tokens on the reference lengths; lower meanError or make the lengths longer");
        double low = 0;
        double high = widest;
        for (int i = 0; i < Halvings; i++)
        {
            double middle = 0.5 * (low + high);
            if (error(middle) < target) low = middle;
            else high = middle;
        }
        return 0.5 * (low + high);
    }
}
