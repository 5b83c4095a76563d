namespace Orrery.Engine.Generation;

/// <summary>The acceptance rule of speculative decoding, which leaves the model's distribution as it is.</summary>
/// <remarks>
/// Leviathan, Kalman and Matias 2023, Algorithm 1, and Chen et al. 2023, Algorithm 2 (c): a token x proposed from q is accepted with the probability
/// min(1, p(x) / q(x)); otherwise a token is drawn from max(0, p - q), renormalised. The result is distributed as p, whatever q is:
/// min(p, q) + (1 - sum min(p, q)) * max(0, p - q) / sum max(0, p - q) = p.
/// </remarks>
internal static class Rejection
{
    /// <summary>Whether the proposed token is accepted.</summary>
    /// <param name="target">p, over the vocabulary.</param>
    /// <param name="draft">q, which proposed the token.</param>
    /// <param name="u">Uniform in [0, 1), independent of the proposal.</param>
    public static bool Accepts(ReadOnlySpan<float> target, ReadOnlySpan<float> draft, int token, double u) => u * draft[token] < target[token];

    /// <summary>A token from max(0, p - q).</summary>
    /// <remarks>Where p and q are equal but for rounding nothing remains, and p itself is drawn from: it was to be rejected with a probability of rounding's size.</remarks>
    public static int Residual(ReadOnlySpan<float> target, ReadOnlySpan<float> draft, double u)
    {
        double total = 0;
        for (int token = 0; token < target.Length; token++) total += Math.Max(0.0, (double)target[token] - draft[token]);
        if (total <= 0) return Draw(target, u);
        double place = u * total;
        int last = -1;
        for (int token = 0; token < target.Length; token++)
        {
            double rest = (double)target[token] - draft[token];
            if (rest <= 0) continue;
            last = token;
            place -= rest;
            if (place < 0) break;
        }
        return last;
    }

    /// <summary>A token from a distribution.</summary>
    public static int Draw(ReadOnlySpan<float> probabilities, double u)
    {
        double total = 0;
        foreach (float probability in probabilities) total += probability;
        double place = u * total;
        int last = -1;
        for (int token = 0; token < probabilities.Length; token++)
        {
            if (probabilities[token] <= 0) continue;
            last = token;
            place -= probabilities[token];
            if (place < 0) break;
        }
        return last;
    }
}
