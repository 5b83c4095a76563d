using Orrery.Engine.Sampling;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Sampling;

public sealed class SamplerTests
{
    public static TheoryData<string> Shapes() => [.. Scores.Shapes];

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Selection_draws_and_distributes_as_a_full_sort_does(string shape)
    {
        SamplingOptions[] rules =
        [
            new(), new() { Temperature = 0.3f }, new() { Temperature = 5f },
            new() { TopK = 1 }, new() { TopK = 40 }, new() { TopK = 700 }, new() { TopK = 100_000 },
            new() { TopP = 0.95f }, new() { TopP = 0.5f, Temperature = 2f }, new() { TopP = 1e-6f }, new() { TopP = 0.999999f },
            new() { MinP = 0.05f }, new() { MinP = 1f }, new() { MinP = 1e-9f, TopP = 0.9f },
            new() { Temperature = 0.7f, TopK = 50, TopP = 0.9f, MinP = 0.02f },
        ];
        foreach (int vocabulary in new[] { 3, 100, 1024, 5003 })
        {
            float[] scores = Scores.Make(shape, vocabulary, 17);
            var probabilities = new float[vocabulary];
            foreach (SamplingOptions rule in rules)
            {
                SamplingOptions options = rule with { Seed = 99 };
                var sampler = new Sampler(options, vocabulary);
                List<(int Token, long Weight)> kept = SortingReference.Kept(scores, options);
                for (int position = 0; position < 12; position++)
                {
                    Assert.Equal(SortingReference.Draw(kept, sampler.Uniform(position, DrawPurpose.Token)), sampler.Next(scores, position));
                }
                sampler.Distribution(scores, null, probabilities);
                double total = kept.Sum(entry => entry.Weight);
                var expected = new float[vocabulary];
                foreach ((int token, long weight) in kept) expected[token] = (float)(weight / total);
                Assert.Equal(expected, probabilities);
            }
        }
    }

    [Fact]
    public void Ties_are_broken_by_the_lower_token()
    {
        float[] scores = [1, 3, 3, 3, 0];
        Assert.Equal(1, new Sampler(new() { Temperature = 0 }, 5).Next(scores, 0));
        var probabilities = new float[5];
        new Sampler(new() { TopK = 2 }, 5).Distribution(scores, null, probabilities);
        Assert.Equal([0, 0.5f, 0.5f, 0, 0], probabilities);
        // Four equal tokens: half of the probability is exactly two of them.
        new Sampler(new() { TopP = 0.5f }, 4).Distribution([2, 2, 2, 2], null, probabilities.AsSpan(0, 4));
        Assert.Equal([0.5f, 0.5f, 0, 0], probabilities[..4]);
    }

    [Fact]
    public void A_draw_depends_on_seed_and_position_only()
    {
        float[] scores = Scores.Make("flat", 1000, 2);
        var options = new SamplingOptions { Seed = 5 };
        int[] forwards = [.. Enumerable.Range(0, 50).Select(position => new Sampler(options, 1000).Next(scores, position))];
        var one = new Sampler(options, 1000);
        int[] backwards = [.. Enumerable.Range(0, 50).Reverse().Select(position => one.Next(scores, position)).Reverse()];
        Assert.Equal(forwards, backwards);
        var other = new Sampler(options with { Seed = 6 }, 1000);
        Assert.NotEqual(forwards, Enumerable.Range(0, 50).Select(position => other.Next(scores, position)));
    }

    [Theory]
    [InlineData(1f, 0, 1f, 0f)]
    [InlineData(0.6f, 8, 0.8f, 0.01f)]
    public void Draws_follow_the_distribution(float temperature, int topK, float topP, float minP)
    {
        const int vocabulary = 12;
        const int draws = 40_000;
        float[] scores = Scores.Make("flat", vocabulary, 8);
        var sampler = new Sampler(new() { Temperature = temperature, TopK = topK, TopP = topP, MinP = minP, Seed = 4 }, vocabulary);
        var probabilities = new float[vocabulary];
        sampler.Distribution(scores, null, probabilities);
        var counts = new long[vocabulary];
        for (int position = 0; position < draws; position++) counts[sampler.Next(scores, position)]++;
        Assert.True(ChiSquare.PValue(counts, probabilities) > 1e-4);
    }

    [Fact]
    public void Log_probabilities_are_those_of_the_raw_scores()
    {
        float[] scores = Scores.Make("flat", 3000, 21);
        double normaliser = Math.Log(scores.Sum(score => Math.Exp(score)));
        var options = new SamplingOptions { Temperature = 0.5f, TopK = 3, LogitBias = new Dictionary<int, float> { [7] = 50 }, Logprobs = 5 };
        var sampler = new Sampler(options, 3000);
        Assert.Equal(7, sampler.Next(scores, 0));
        sampler.Report(scores, 7);
        Assert.Equal(7, sampler.Chosen.Token);
        Assert.Equal(scores[7] - normaliser, sampler.Chosen.Logprob, 1e-5);
        int[] likeliest = [.. Enumerable.Range(0, 3000).OrderByDescending(token => scores[token]).Take(5)];
        Assert.Equal(likeliest, sampler.Likeliest.ToArray().Select(entry => entry.Token));
        foreach (TokenLogprob entry in sampler.Likeliest) Assert.Equal(scores[entry.Token] - normaliser, entry.Logprob, 1e-5);
    }

    [Fact]
    public void A_mask_leaves_only_what_it_allows()
    {
        float[] scores = Scores.Make("peaked", 200, 3);
        int[] allowed = [3, 64, 130, 199];
        foreach (SamplingOptions options in new SamplingOptions[] { new(), new() { Temperature = 0 }, new() { TopK = 40 }, new() { TopP = 0.5f, MinP = 0.1f } })
        {
            var sampler = new Sampler(options, 200);
            for (int position = 0; position < 20; position++) Assert.Contains(sampler.Next(scores, position, new FixedMask(allowed)), allowed);
        }
        var nothing = new Sampler(new(), 200);
        Assert.Throws<InputException>(() => nothing.Next(scores, 0, new FixedMask([])));
    }

    [Fact]
    public void Nothing_is_allocated_per_token()
    {
        const int vocabulary = 4000;
        foreach (SamplingOptions options in new SamplingOptions[]
        {
            new(), new() { Temperature = 0, Logprobs = 20 }, new() { TopK = 40, TopP = 0.9f, Logprobs = 0 },
            new() { TopP = 0.99f, MinP = 1e-4f }, new() { TopK = 2000 }, new() { RepetitionPenalty = 1.2f, FrequencyPenalty = 0.1f, PenaltyWindow = 64 },
        })
        {
            foreach (string shape in new[] { "flat", "peaked", "ties" })
            {
                float[] scores = Scores.Make(shape, vocabulary, 1);
                var sampler = new Sampler(options, vocabulary);
                var probabilities = new float[vocabulary];
                void Work(int position)
                {
                    int token = sampler.Next(scores, position);
                    sampler.Accept(token);
                    if (options.Logprobs is not null) sampler.Report(scores, token);
                    sampler.Distribution(scores, null, probabilities);
                }
                for (int position = 0; position < 40; position++) Work(position);
                long before = GC.GetAllocatedBytesForCurrentThread();
                for (int position = 40; position < 140; position++) Work(position);
                Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
            }
        }
    }

    [Fact]
    public void Scores_that_are_no_numbers_are_not_sampled()
    {
        var sampler = new Sampler(new(), 3);
        Assert.Throws<InvalidOperationException>(() => sampler.Next([1, float.NaN, 2], 0));
        Assert.Throws<InvalidOperationException>(() => sampler.Next([1, float.PositiveInfinity, 2], 0));
        Assert.Throws<ArgumentException>(() => sampler.Next([1, 2], 0));
    }

    [Fact]
    public void Options_outside_their_range_are_named()
    {
        (SamplingOptions Options, string[] Words)[] cases =
        [
            (new() { Temperature = -1 }, ["temperature", "-1", "between 0 and 100"]),
            (new() { Temperature = float.NaN }, ["temperature", "NaN"]),
            (new() { TopK = -3 }, ["top_k", "-3", "at least 0"]),
            (new() { TopP = 0 }, ["top_p", "above 0 and at most 1"]),
            (new() { TopP = 1.5f }, ["top_p", "1.5"]),
            (new() { MinP = 2 }, ["min_p", "between 0 and 1"]),
            (new() { RepetitionPenalty = 0 }, ["repetition_penalty", "above 0"]),
            (new() { PresencePenalty = 3 }, ["presence_penalty", "between -2 and 2"]),
            (new() { FrequencyPenalty = -2.5f }, ["frequency_penalty", "-2.5"]),
            (new() { PenaltyWindow = -1 }, ["penalty_window"]),
            (new() { Logprobs = 21 }, ["logprobs", "21", "between 0 and 20"]),
            (new() { LogitBias = new Dictionary<int, float> { [10] = 1 } }, ["logit_bias", "10", "0 to 9"]),
            (new() { LogitBias = new Dictionary<int, float> { [3] = 101 } }, ["logit_bias", "3", "101"]),
            (new() { Stop = [""] }, ["stop", "at least one character"]),
        ];
        foreach ((SamplingOptions options, string[] words) in cases)
        {
            string message = Assert.Throws<InputException>(() => new Sampler(options, 10)).Message;
            foreach (string word in words) Assert.Contains(word, message, StringComparison.Ordinal);
        }
    }
}
