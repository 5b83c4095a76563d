namespace Orrery.Serving.Speculation;

/// <summary>Output tokens that verifying k proposals yields on average, the target model's own token included.</summary>
/// <remarks>
/// l(α, k) = (1 − α^(k+1)) / (1 − α), and k + 1 at α = 1, where each proposed token is right with probability α independently of the
/// others: the mean of the leading right ones plus the bonus token (SmartSpec, arXiv 2406.14066, c; Leviathan et al., ICML 2023).
/// </remarks>
public static class ExpectedTokens
{
    /// <param name="acceptance">α in [0, 1]: of a token, not of a sequence.</param>
    /// <param name="drafts">k, at least 0.</param>
    public static double Of(double acceptance, int drafts)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(drafts);
        // The sum α⁰ + … + α^k: short, and without the cancellation of the closed form near α = 1.
        double sum = 1;
        double power = 1;
        for (int i = 0; i < drafts; i++) sum += power *= acceptance;
        return sum;
    }
}
