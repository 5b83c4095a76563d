using Orrery.Kernel.Statistics;

namespace Orrery.Traffic.Predictors;

/// <summary>Equal bins over [0, longest] tokens: what a classifier of lengths can tell apart (10 over 512 in arXiv 2410.01035).</summary>
public sealed record LengthBins(int Count, int Longest)
{
    public double Width => (double)Longest / Count;

    public double MidpointOf(int bin) => (bin + 0.5) * Width;

    public int BinOf(double tokens) => Math.Clamp((int)(tokens / Width), 0, Count - 1);

    /// <summary>The middle of the bin that holds a length; lengths outside fall into the first or last bin.</summary>
    public double Midpoint(double tokens) => MidpointOf(BinOf(tokens));
}

/// <summary>
/// Belief about the remaining length over bins of w tokens. A generated token moves mass to the next lower bin with probability 1/w:
/// prior(i) = (1 − 1/w)·q(i) + (1/w)·q(i+1); a look multiplies by the classifier's output and normalizes; the estimate is Σ q(i)·middle(i).
/// The lowest bin keeps its mass: a request that goes on is there still.
/// </summary>
/// <remarks>
/// Source: Shahout et al., arXiv 2410.01035 (b). The classifier's output is modelled as a normal curve around a noisy estimate, cut into
/// bins; its deviation is the error of one look (d).
/// </remarks>
public sealed class BinPosterior
{
    private readonly LengthBins _bins;
    private readonly double _deviation;
    private readonly double[] _belief;
    private readonly double[] _look;

    /// <param name="deviation">Standard deviation of one look, in tokens, above 0.</param>
    public BinPosterior(LengthBins bins, double deviation)
    {
        _bins = bins;
        _deviation = deviation;
        _belief = new double[bins.Count];
        _look = new double[bins.Count];
        Array.Fill(_belief, 1.0 / bins.Count);
    }

    public ReadOnlySpan<double> Belief => _belief;

    /// <summary>Takes in a look at an estimate, after so many tokens since the one before.</summary>
    /// <returns>The smoothed estimate in tokens.</returns>
    public double Look(double estimate, int elapsedTokens)
    {
        double below = 0;
        for (int i = 0; i < _look.Length; i++)
        {
            double upTo = i == _look.Length - 1 ? 1 : SpecialFunctions.NormalCdf((((i + 1) * _bins.Width) - estimate) / _deviation);
            _look[i] = upTo - below;
            below = upTo;
        }
        return Update(_look, elapsedTokens);
    }

    /// <summary>Takes in a classifier's output.</summary>
    /// <param name="look">Probability of each bin.</param>
    /// <param name="elapsedTokens">Tokens generated since the look before.</param>
    public double Update(ReadOnlySpan<double> look, int elapsedTokens)
    {
        for (int token = 0; token < elapsedTokens; token++) Age();
        double sum = 0;
        for (int i = 0; i < _belief.Length; i++) sum += _belief[i] * look[i];
        // A look that contradicts the belief entirely replaces it.
        for (int i = 0; i < _belief.Length; i++) _belief[i] = sum > 0 ? _belief[i] * look[i] / sum : look[i];
        double mean = 0;
        for (int i = 0; i < _belief.Length; i++) mean += _belief[i] * _bins.MidpointOf(i);
        return mean;
    }

    private void Age()
    {
        double moves = 1 / _bins.Width;
        _belief[0] += moves * (_belief.Length > 1 ? _belief[1] : 0);
        for (int i = 1; i < _belief.Length; i++)
            _belief[i] = ((1 - moves) * _belief[i]) + (moves * (i + 1 < _belief.Length ? _belief[i + 1] : 0));
    }
}
