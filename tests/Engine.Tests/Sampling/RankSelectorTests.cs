using Orrery.Engine.Sampling;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Sampling;

public sealed class RankSelectorTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(65)]
    [InlineData(3000)]
    public void A_place_is_where_a_full_sort_puts_it(int count)
    {
        RandomStream random = RandomStream.Root(11).Split(count);
        var selector = new RankSelector(count);
        foreach (string shape in Scores.Shapes.Where(shape => shape != "masked"))
        {
            float[] scores = Scores.Make(shape, count, 3);
            long[] weights = [.. scores.Select(_ => (long)random.NextInt(4))];
            weights[0]++;
            int[] order = [.. Enumerable.Range(0, count).OrderByDescending(i => scores[i]).ThenBy(i => i)];
            foreach (bool weighted in new[] { false, true })
            {
                ReadOnlySpan<long> given = weighted ? weights : default;
                selector.Load(scores, given);
                long total = weighted ? weights.Sum() : count;
                for (int trial = 0; trial < 20; trial++)
                {
                    long target = trial == 0 ? 0 : trial == 1 ? total - 1 : random.NextInt((int)total);
                    long sum = 0;
                    int place = -1;
                    while (sum <= target) sum += weighted ? weights[order[++place]] : order[++place] * 0 + 1;
                    int found = selector.Find(scores, given, target, out long through);
                    Assert.Equal(order[place], found);
                    Assert.Equal(sum, through);
                }
            }
        }
    }

    [Fact]
    public void Values_that_crowd_together_at_every_scale_are_told_apart()
    {
        // Every cut of the range leaves most of them in one bucket.
        float[] scores = [.. Enumerable.Range(0, 2000).Select(i => MathF.Pow(0.95f, i))];
        var selector = new RankSelector(scores.Length);
        selector.Load(scores, default);
        foreach (int place in new[] { 0, 1, 700, 1500, 1999 }) Assert.Equal(place, selector.Find(scores, default, place, out _));
    }

    [Fact]
    public void A_key_sorts_by_falling_score_then_index()
    {
        float[] scores = [-0f, 0f, 1f, -1f, float.MaxValue, float.MinValue, 1e-45f, -1e-45f];
        int[] sorted = [.. scores.Select((score, i) => RankKey.Of(score, i)).Order().Select(RankKey.IndexOf)];
        Assert.Equal([4, 2, 6, 0, 1, 7, 3, 5], sorted);
    }
}
