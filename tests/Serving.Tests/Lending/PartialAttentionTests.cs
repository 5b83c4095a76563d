using Orrery.Kernel.Random;
using Orrery.Serving.Lending;

namespace Orrery.Serving.Tests.Lending;

/// <summary>Attention over parts of the tokens, combined, is attention over all of them.</summary>
public sealed class PartialAttentionTests
{
    private const double Tolerance = 1e-5;

    [Fact]
    public void AnySplitInAnyOrderAndGroupingEqualsTheWhole()
    {
        for (int seed = 0; seed < 200; seed++)
        {
            RandomStream random = RandomStream.Root((ulong)seed);
            int d = 1 + random.NextInt(64);
            int width = 1 + random.NextInt(64);
            int tokens = 1 + random.NextInt(300);
            // Large scores: without the subtraction of the maximum the exponentials would overflow.
            float size = random.NextInt(3) switch { 0 => 0.1f, 1 => 1f, _ => 12f };
            float[] query = Numbers(random, d, size);
            float[] keys = Numbers(random, tokens * d, size);
            float[] values = Numbers(random, tokens * width, 1);
            List<PartialAttention> parts = Split(random, query, keys, values, d, width, tokens);
            while (parts.Count > 1)
            {
                int a = random.NextInt(parts.Count);
                PartialAttention first = parts[a];
                parts.RemoveAt(a);
                int b = random.NextInt(parts.Count);
                parts[b] = first.With(parts[b]);
            }
            float[] whole = PartialAttention.Of(query, keys, values, width).Finish();
            double[] exact = Whole(query, keys, values, d, width, tokens);
            float[] answer = parts[0].Finish();
            for (int i = 0; i < width; i++)
            {
                Assert.True(Math.Abs(answer[i] - whole[i]) <= Tolerance, $"seed {seed}, dimension {i}: {answer[i]} and {whole[i]}");
                // Scores of hundreds are themselves rounded to more than the tolerance in single precision, in whatever pieces.
                if (size <= 1) Assert.True(Math.Abs(answer[i] - exact[i]) <= Tolerance, $"seed {seed}, dimension {i}: {answer[i]} and {exact[i]}");
            }
        }
    }

    [Fact]
    public void APartWithoutTokensChangesNothing()
    {
        PartialAttention one = PartialAttention.Of([1, 2], [0.5f, 0.25f, 1, -1], [3, 4], 1);
        PartialAttention none = PartialAttention.Of([1, 2], [], [], 1);
        Assert.Equal(0, none.Sum);
        Assert.Equal(float.NegativeInfinity, none.Largest);
        Assert.Equal(one.Finish(), one.With(none).Finish());
        Assert.Equal(one.Finish(), none.With(one).Finish());
        Assert.Throws<InvalidOperationException>(() => none.With(PartialAttention.None(1)).Finish());
    }

    [Fact]
    public void SizesThatDoNotFitAreRefused()
    {
        Assert.Throws<ArgumentException>(() => PartialAttention.Of([1, 2], [1, 2, 3], [1], 1));
        Assert.Throws<ArgumentException>(() => PartialAttention.Of([1, 2], [1, 2], [1, 2], 1));
        Assert.Throws<ArgumentException>(() => PartialAttention.None(2).With(PartialAttention.None(3)));
    }

    private static List<PartialAttention> Split(RandomStream random, float[] query, float[] keys, float[] values, int d, int width, int tokens)
    {
        List<PartialAttention> parts = [];
        int from = 0;
        while (from < tokens)
        {
            int to = Math.Min(tokens, from + random.NextInt(1 + (tokens / 3) + 1));
            parts.Add(PartialAttention.Of(query, keys.AsSpan(from * d, (to - from) * d), values.AsSpan(from * width, (to - from) * width), width));
            from = to;
        }
        return parts;
    }

    /// <summary>softmax(q·K / √d)·V in double precision, in one piece.</summary>
    private static double[] Whole(float[] query, float[] keys, float[] values, int d, int width, int tokens)
    {
        double[] scores = new double[tokens];
        for (int t = 0; t < tokens; t++)
            for (int i = 0; i < d; i++) scores[t] += (double)query[i] * keys[(t * d) + i] / Math.Sqrt(d);
        double largest = scores.Max();
        double sum = 0;
        double[] answer = new double[width];
        for (int t = 0; t < tokens; t++)
        {
            double weight = Math.Exp(scores[t] - largest);
            sum += weight;
            for (int i = 0; i < width; i++) answer[i] += weight * values[(t * width) + i];
        }
        for (int i = 0; i < width; i++) answer[i] /= sum;
        return answer;
    }

    private static float[] Numbers(RandomStream random, int count, float size) => [.. Enumerable.Range(0, count).Select(_ => (float)((2 * random.NextDouble()) - 1) * size)];
}
