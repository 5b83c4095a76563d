using Orrery.Engine.Sampling;

namespace Orrery.Engine.Tests.Sampling;

public sealed class ScoreVectorsTests
{
    public static TheoryData<int> Lengths() => [1, 2, 15, 16, 17, 63, 64, 65, 200, 1000, 4099];

    [Fact]
    public void A_weight_is_the_exponential_in_units()
    {
        for (int i = 0; i <= 4000; i++)
        {
            float x = -i / 100f;
            double expected = Math.Exp(x) * ScoreVectors.UnitWeight;
            // Half a unit of rounding and two roundings of a 24-bit fraction.
            Assert.InRange(ScoreVectors.Weight(x, 0, 1), expected - 0.5 - (expected * 1.2e-7), expected + 0.5 + (expected * 1.2e-7));
        }
        Assert.Equal(ScoreVectors.UnitWeight, ScoreVectors.Weight(7, 7, 0.1f));
        Assert.Equal(0, ScoreVectors.Weight(float.NegativeInfinity, 7, 0.1f));
        Assert.Equal(0, ScoreVectors.Weight(-1e30f, 1e30f, 10f));
    }

    [Theory]
    [MemberData(nameof(Lengths))]
    public void Passes_agree_with_plain_loops_at_every_length(int length)
    {
        foreach (string shape in Scores.Shapes)
        {
            float[] scores = Scores.Make(shape, length, 5);
            float max = scores.Max();
            var maxima = new float[(length + ScoreVectors.Block - 1) / ScoreVectors.Block];
            Assert.Equal(max, ScoreVectors.Max(scores, maxima));
            Assert.Equal(scores.Chunk(ScoreVectors.Block).Select(block => block.Max()), maxima);
            Assert.Equal(Array.IndexOf(scores, max), ScoreVectors.IndexOf(scores, max));

            float threshold = max - 3;
            long[] weights = [.. scores.Select(score => ScoreVectors.Weight(score, max, 0.8f))];
            var vector = new long[length];
            ScoreVectors.Weigh(scores, max, 0.8f, vector);
            Assert.Equal(weights, vector);
            Assert.Equal(weights.Where((_, i) => scores[i] >= threshold).Sum(), ScoreVectors.SumWeights(scores, max, 0.8f, threshold));

            var tokens = new int[length];
            var kept = new float[length];
            int count = ScoreVectors.Collect(scores, threshold, tokens, kept);
            int[] expected = [.. Enumerable.Range(0, length).Where(i => scores[i] >= threshold)];
            Assert.Equal(expected, tokens[..count]);
            Assert.Equal(expected.Select(i => scores[i]), kept[..count]);
        }
    }

    [Fact]
    public void Weights_have_the_same_bits_on_every_machine()
    {
        // The value was computed with 512-bit vectors, and again with 256 bits, 128 bits and without any.
        float[] scores = [.. Enumerable.Range(0, 3000).Select(i => -0.0097f * i)];
        long sum = ScoreVectors.SumWeights(scores, 0, 0.77f, float.MinValue);
        Assert.Equal(147_760_458_338_300L, sum);
        // The closed form of the geometric series, within the rounding of single precision.
        Assert.Equal(1 / (1 - Math.Exp(-0.0097 * 0.77)), sum / (double)ScoreVectors.UnitWeight, 1e-4);
    }

    [Fact]
    public void What_is_not_a_number_shows_in_the_maximum()
    {
        foreach (int place in new[] { 0, 17, 70, 99 })
        {
            float[] scores = Scores.Make("flat", 100, 1);
            scores[place] = float.NaN;
            Assert.True(float.IsNaN(ScoreVectors.Max(scores, default)));
        }
    }
}
