using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Orrery.Engine.Generation;

/// <summary>The acceptance rule of speculative decoding, which leaves the model's distribution as it is.</summary>
/// <remarks>
/// Leviathan, Kalman and Matias 2023, Algorithm 1, and Chen et al. 2023, Algorithm 2 (c): a token x proposed from q is accepted with the probability
/// min(1, p(x) / q(x)); otherwise a token is drawn from max(0, p - q), renormalised. The result is distributed as p, whatever q is:
/// min(p, q) + (1 - sum min(p, q)) * max(0, p - q) / sum max(0, p - q) = p.
/// </remarks>
public static class Rejection
{
    /// <summary>Probabilities that are summed at once to find the neighbourhood of a draw.</summary>
    private const int Block = 256;

    private const int Lanes = 16;

    /// <summary>Whether the proposed token is accepted.</summary>
    /// <param name="target">p, over the vocabulary.</param>
    /// <param name="draft">q, which proposed the token.</param>
    /// <param name="u">Uniform in [0, 1), independent of the proposal.</param>
    public static bool Accepts(ReadOnlySpan<float> target, ReadOnlySpan<float> draft, int token, double u) => u * draft[token] < target[token];

    /// <summary>A token from max(0, p - q).</summary>
    /// <remarks>Where p and q are equal but for rounding nothing remains, and p itself is drawn from: it was to be rejected with a probability of rounding's size.</remarks>
    public static int Residual(ReadOnlySpan<float> target, ReadOnlySpan<float> draft, double u)
    {
        int token = Invert(target, draft, u);
        return token >= 0 ? token : Draw(target, u);
    }

    /// <summary>A token from a distribution.</summary>
    public static int Draw(ReadOnlySpan<float> probabilities, double u) => Invert(probabilities, default, u);

    /// <summary>The token at u of the cumulative sum of max(0, p - q), in the order of the tokens; -1 when the sum is 0.</summary>
    private static int Invert(ReadOnlySpan<float> p, ReadOnlySpan<float> q, double u)
    {
        double total = 0;
        for (int start = 0; start < p.Length; start += Block) total += Sum(p, q, start);
        double place = u * total;
        int found = -1;
        for (int start = 0; start < p.Length; start += Block)
        {
            double sum = Sum(p, q, start);
            if (sum <= 0) continue;
            found = start;
            if (place < sum) break;
            // Rounding may leave the place beyond the last sum: then the last block is taken.
            place -= sum;
        }
        return found < 0 ? -1 : Walk(p, q, found, place);
    }

    private static int Walk(ReadOnlySpan<float> p, ReadOnlySpan<float> q, int start, double place)
    {
        int last = -1;
        for (int token = start; token < Math.Min(start + Block, p.Length); token++)
        {
            float rest = q.IsEmpty ? p[token] : p[token] - q[token];
            if (rest <= 0) continue;
            last = token;
            place -= rest;
            if (place < 0) break;
        }
        return last;
    }

    private static double Sum(ReadOnlySpan<float> p, ReadOnlySpan<float> q, int start)
    {
        int end = Math.Min(start + Block, p.Length);
        ref float pFirst = ref MemoryMarshal.GetReference(p);
        ref float qFirst = ref MemoryMarshal.GetReference(q);
        Vector512<double> sums = default;
        int token = start;
        for (; token <= end - Lanes; token += Lanes)
        {
            Vector512<float> rest = Vector512.LoadUnsafe(ref pFirst, (nuint)token);
            if (!q.IsEmpty) rest = Vector512.Max(rest - Vector512.LoadUnsafe(ref qFirst, (nuint)token), Vector512<float>.Zero);
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(rest);
            sums += low + high;
        }
        double sum = Vector512.Sum(sums);
        for (; token < end; token++) sum += Math.Max(0f, q.IsEmpty ? p[token] : p[token] - q[token]);
        return sum;
    }
}
