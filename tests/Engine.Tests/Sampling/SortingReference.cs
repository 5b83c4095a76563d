using Orrery.Engine.Sampling;

namespace Orrery.Engine.Tests.Sampling;

/// <summary>The rules by a full sort, in as few words as possible: the truth that the selecting sampler is held against.</summary>
internal static class SortingReference
{
    /// <summary>What is kept, likeliest first, with its integer weights.</summary>
    public static List<(int Token, long Weight)> Kept(float[] scores, SamplingOptions options)
    {
        float max = scores.Max();
        float floor = options.MinP > 0 ? Math.Min(max, (float)(max + (options.Temperature * Math.Log(options.MinP)))) : float.MinValue;
        List<(int Token, long Weight)> sorted =
        [
            .. Enumerable.Range(0, scores.Length)
                .Where(token => scores[token] >= floor)
                .OrderByDescending(token => scores[token]).ThenBy(token => token)
                .Select(token => (token, ScoreVectors.Weight(scores[token], max, 1f / options.Temperature))),
        ];
        if (options.TopK > 0) sorted = [.. sorted.Take(options.TopK)];
        if (options.TopP >= 1f) return sorted;
        long total = sorted.Sum(entry => entry.Weight);
        long sum = 0;
        int count = 0;
        while (count == 0 || sum < (double)options.TopP * total) sum += sorted[count++].Weight;
        return [.. sorted.Take(count)];
    }

    public static int Draw(List<(int Token, long Weight)> kept, double u)
    {
        long target = (long)((UInt128)(ulong)(u * (1L << 53)) * (ulong)kept.Sum(entry => entry.Weight) >> 53);
        long sum = 0;
        foreach ((int token, long weight) in kept)
        {
            sum += weight;
            if (sum > target) return token;
        }
        throw new InvalidOperationException("the weights do not reach their own sum");
    }
}
