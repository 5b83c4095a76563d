using Orrery.Engine.Sampling;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Tests.Sampling;

public sealed class PenaltyTests
{
    [Fact]
    public void Penalties_follow_their_formulas()
    {
        // Raw probabilities under a plain distribution show the adjusted scores: ln p(i) - ln p(j) is their difference.
        float[] scores = [2f, -1f, 0.5f, 0f, 1f];
        var options = new SamplingOptions { RepetitionPenalty = 1.5f, FrequencyPenalty = 0.4f, PresencePenalty = 0.3f };
        var sampler = new Sampler(options, 5);
        sampler.AcceptPrompt([0, 1]);
        sampler.Accept(0);
        sampler.Accept(2);
        sampler.Accept(2);
        double[] expected = [(2 / 1.5) - 0.4 - 0.3, -1 * 1.5, (0.5 / 1.5) - 0.8 - 0.3, 0, 1];
        var probabilities = new float[5];
        sampler.Distribution(scores, null, probabilities);
        for (int token = 0; token < 5; token++) Assert.Equal(expected[token] - expected[4], Math.Log(probabilities[token] / probabilities[4]), 1e-5);
    }

    [Fact]
    public void A_bias_acts_before_the_penalties()
    {
        var options = new SamplingOptions { RepetitionPenalty = 2f, LogitBias = new Dictionary<int, float> { [0] = 3 } };
        var sampler = new Sampler(options, 2);
        sampler.Accept(0);
        var probabilities = new float[2];
        sampler.Distribution([1, 0], null, probabilities);
        Assert.Equal((1 + 3) / 2.0, Math.Log(probabilities[0] / probabilities[1]), 1e-5);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void A_history_counts_its_window_and_finds_the_way_back(int window)
    {
        RandomStream random = RandomStream.Root(3).Split(window);
        var history = new TokenHistory(window, 4);
        var truth = new List<(int Token, bool Generated)>();
        for (int step = 0; step < 400; step++)
        {
            if (random.NextInt(3) == 0 && truth.Count > 0)
            {
                int back = 1 + random.NextInt(Math.Min(5, truth.Count));
                history.RemoveLast(back);
                truth.RemoveRange(truth.Count - back, back);
            }
            else
            {
                truth.Add((random.NextInt(6), random.NextInt(2) == 0));
                history.Add(truth[^1].Token, truth[^1].Generated);
            }
            IEnumerable<(int Token, bool Generated)> inside = window == 0 ? truth : truth.TakeLast(window);
            Dictionary<int, TokenCounts> expected = inside.GroupBy(entry => entry.Token)
                .ToDictionary(group => group.Key, group => new TokenCounts(group.Count(), group.Count(entry => entry.Generated)));
            Assert.Equal(truth.Count, history.Tokens);
            Assert.Equal(expected.OrderBy(pair => pair.Key), history.Counts.OrderBy(pair => pair.Key));
        }
    }
}
