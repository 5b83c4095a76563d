using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Engine.Tests.Sampling;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Generation;

public sealed class RejectionTests
{
    private const int Vocabulary = 6;
    private const int Draws = 20_000;

    /// <summary>60 pairs are tested; a true hypothesis falls below this once in 1600 runs of the test (and seeds are fixed).</summary>
    private const double Implausible = 1e-5;

    [Fact]
    public void The_outcome_is_distributed_as_the_target_whatever_the_draft()
    {
        foreach ((float[] target, float[] draft, int pair) in Pairs())
        {
            double p = PValue(target, draft, pair, Right);
            Assert.True(p > Implausible, $"pair {pair}: p = {p}");
        }
    }

    [Fact]
    public void The_test_tells_wrong_rules_from_the_right_one()
    {
        // Drawing from p after a rejection, accepting by p alone, or comparing the wrong way round.
        Func<float[], float[], int, double, double, int>[] wrong =
        [
            (target, draft, token, accept, rest) => Rejection.Accepts(target, draft, token, accept) ? token : Rejection.Draw(target, rest),
            (target, draft, token, accept, rest) => accept < target[token] ? token : Rejection.Residual(target, draft, rest),
            (target, draft, token, accept, rest) => accept * target[token] < draft[token] ? token : Rejection.Residual(target, draft, rest),
        ];
        foreach (Func<float[], float[], int, double, double, int> rule in wrong)
        {
            Assert.Contains(Pairs(), pair => PValue(pair.Target, pair.Draft, pair.Pair, rule) < Implausible);
        }
    }

    [Fact]
    public void The_share_accepted_is_what_the_distributions_have_in_common()
    {
        // Leviathan et al. 2023, corollary 3.6: the expected acceptance is sum min(p, q).
        foreach ((float[] target, float[] draft, int pair) in Pairs().Take(8))
        {
            RandomStream random = RandomStream.Root((ulong)pair);
            double common = target.Zip(draft, Math.Min).Sum();
            int accepted = Enumerable.Range(0, Draws)
                .Count(_ => Rejection.Accepts(target, draft, Rejection.Draw(draft, random.NextDouble()), random.NextDouble()));
            double deviation = Math.Sqrt(common * (1 - common) / Draws);
            Assert.InRange(accepted / (double)Draws, common - (5 * deviation), common + (5 * deviation));
        }
    }

    [Fact]
    public void Equal_distributions_leave_nothing_to_reject()
    {
        float[] p = [0.25f, 0.5f, 0.25f];
        for (int token = 0; token < 3; token++) Assert.True(Rejection.Accepts(p, p, token, 0.999999));
        Assert.Equal(1, Rejection.Residual(p, p, 0.5));
    }

    [Fact]
    public void A_draw_is_the_inverse_of_the_cumulative_sum_at_every_size()
    {
        foreach (int size in new[] { 1, 15, 256, 257, 1000, 3001 })
        {
            RandomStream random = RandomStream.Root(6).Split(size);
            float[] p = [.. Enumerable.Range(0, size).Select(_ => random.NextInt(3) == 0 ? 0f : (float)random.NextDouble())];
            float[] q = [.. Enumerable.Range(0, size).Select(_ => random.NextInt(3) == 0 ? 0f : (float)random.NextDouble())];
            p[0] = 2;
            for (int trial = 0; trial < 50; trial++)
            {
                double u = trial == 0 ? 0 : trial == 1 ? 1 - 1e-16 : random.NextDouble();
                Assert.Equal(Inverse(p, u), Rejection.Draw(p, u));
                Assert.Equal(Inverse([.. p.Zip(q, (a, b) => Math.Max(0, a - b))], u), Rejection.Residual(p, q, u));
            }
        }
    }

    private static int Inverse(float[] weights, double u)
    {
        double place = u * weights.Sum(weight => (double)weight);
        int token = Array.FindIndex(weights, weight => (place -= weight) < 0);
        return token >= 0 ? token : Array.FindLastIndex(weights, weight => weight > 0);
    }

    private static int Right(float[] target, float[] draft, int token, double accept, double rest) =>
        Rejection.Accepts(target, draft, token, accept) ? token : Rejection.Residual(target, draft, rest);

    private static double PValue(float[] target, float[] draft, int pair, Func<float[], float[], int, double, double, int> rule)
    {
        RandomStream random = RandomStream.Root(77).Split(pair);
        var counts = new long[Vocabulary];
        for (int i = 0; i < Draws; i++)
        {
            int proposed = Rejection.Draw(draft, random.NextDouble());
            counts[rule(target, draft, proposed, random.NextDouble(), random.NextDouble())]++;
        }
        return ChiSquare.PValue(counts, target);
    }

    /// <summary>Distributions near and far, sharp and flat, cut by top-k, and certain ones.</summary>
    private static IEnumerable<(float[] Target, float[] Draft, int Pair)> Pairs()
    {
        SamplingOptions[] shapes = [new(), new() { Temperature = 0.3f }, new() { TopK = 3 }, new() { TopP = 0.6f }, new() { Temperature = 0 }];
        for (int pair = 0; pair < 60; pair++)
        {
            var target = new float[Vocabulary];
            var draft = new float[Vocabulary];
            SamplingOptions targetShape = shapes[pair % shapes.Length];
            new Sampler(targetShape, Vocabulary).Distribution(Scores.Make("flat", Vocabulary, (ulong)pair), null, target);
            ulong draftSeed = pair % 3 == 0 ? (ulong)pair : (ulong)(1000 + pair);
            new Sampler(shapes[pair / shapes.Length % shapes.Length], Vocabulary).Distribution(Scores.Make("flat", Vocabulary, draftSeed), null, draft);
            yield return (target, draft, pair);
        }
    }
}
