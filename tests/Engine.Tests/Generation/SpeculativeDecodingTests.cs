using System.Collections.Frozen;
using Orrery.Engine.Generation;
using Orrery.Engine.Sampling;
using Orrery.Engine.Tests.Sampling;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Generation;

public sealed class SpeculativeDecodingTests
{
    private static readonly FrozenSet<int> NoEnd = FrozenSet<int>.Empty;
    private static readonly int[] Prompt = [1, 2, 3, 1, 2];

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(9)]
    public void Greedy_answers_are_those_of_plain_decoding(int draftTokens)
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var model = new ToyModel(8, 3, seed);
            var options = new SamplingOptions { Temperature = 0, RepetitionPenalty = 1.3f, FrequencyPenalty = 0.2f, PenaltyWindow = 6, Seed = seed };
            int[] plain = Answer(new PlainDecoding(model, new(options, 8), null, NoEnd), 60);
            foreach (ITokenModel small in new[] { ToyModel.Noisy(model, 5, 0.5), new ToyModel(8, 1, 99) })
            {
                using var source = new SpeculativeDecoding(model, new DraftModel(small, 8, options, draftTokens), new(options, 8), null, NoEnd);
                Assert.Equal(plain, Answer(source, 60));
                Assert.InRange(source.Statistics.Accepted, 1, source.Statistics.Proposed);
                Assert.True(source.Statistics.Rounds < 60);
            }
        }
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(1f)]
    public void Prompt_lookup_gives_the_plain_answer_for_every_seed(float temperature)
    {
        long accepted = 0;
        for (ulong seed = 0; seed < 30; seed++)
        {
            var model = new ToyModel(6, 2, seed, sharpness: 2);
            var options = new SamplingOptions { Temperature = temperature, TopP = 0.9f, PresencePenalty = 0.1f, Seed = seed };
            int[] plain = Answer(new PlainDecoding(model, new(options, 6), null, NoEnd), 80);
            using var source = new SpeculativeDecoding(model, new PromptLookup(5), new(options, 6), null, NoEnd);
            Assert.Equal(plain, Answer(source, 80));
            accepted += source.Statistics.Accepted;
        }
        Assert.True(accepted > 200, $"{accepted} accepted");
    }

    [Theory]
    [InlineData("near")]
    [InlineData("far")]
    [InlineData("lookup")]
    public void Sampled_answers_are_distributed_as_the_model_says(string kind)
    {
        // The joint distribution of the first four tokens, from the model's own numbers.
        const int vocabulary = 3;
        const int length = 4;
        const int answers = 15_000;
        var model = new ToyModel(vocabulary, 2, 12);
        ITokenModel small = kind == "near" ? ToyModel.Noisy(model, 3, 0.4) : new ToyModel(vocabulary, 1, 4, 1.5);
        var options = new SamplingOptions { Temperature = 0.9f, TopP = 0.93f };
        float[] expected = Joint(model, options, length);
        var counts = new long[expected.Length];
        long accepted = 0;
        for (int seed = 0; seed < answers; seed++)
        {
            SamplingOptions seeded = options with { Seed = (ulong)seed };
            IDrafter drafter = kind == "lookup" ? new PromptLookup(3, 2) : new DraftModel(small, vocabulary, seeded, 3);
            using var source = new SpeculativeDecoding(model, drafter, new(seeded, vocabulary), null, NoEnd);
            int[] answer = Answer(source, length, [0, 1, 2, 0]);
            counts[Index(answer, vocabulary)]++;
            accepted += source.Statistics.Accepted;
        }
        Assert.True(accepted > answers / 4, $"{accepted} accepted");
        double p = ChiSquare.PValue(counts, expected);
        Assert.True(p > 1e-4, $"p = {p}");
    }

    [Fact]
    public void The_same_seed_gives_the_same_answer_and_every_sequence_is_given_back()
    {
        var model = new ToyModel(8, 2, 1);
        var small = new ToyModel(8, 1, 2);
        var options = new SamplingOptions { Seed = 3 };
        int[][] answers = new int[2][];
        for (int i = 0; i < 2; i++)
        {
            using var source = new SpeculativeDecoding(model, new DraftModel(small, 8, options, 4), new(options, 8), null, NoEnd);
            answers[i] = Answer(source, 40);
        }
        Assert.Equal(answers[0], answers[1]);
        Assert.Equal(0, model.Open + small.Open);
    }

    [Fact]
    public void A_grammar_holds_through_drafts()
    {
        var model = new ToyModel(8, 2, 1);
        var options = new SamplingOptions { Seed = 3 };
        foreach (bool lookup in new[] { false, true })
        {
            IDrafter drafter = lookup ? new PromptLookup(4) : new DraftModel(new ToyModel(8, 1, 2), 8, options, 4);
            using var source = new SpeculativeDecoding(model, drafter, new(options, 8), new AlternatingMask(12, end: 7), new HashSet<int> { 7 });
            int[] answer = Answer(source, 40);
            Assert.Equal(12, answer.Length);
            for (int i = 0; i < 12; i++) Assert.Equal(i % 2, answer[i] % 2);
            Assert.True(source.IsGrammarComplete);
        }
    }

    [Fact]
    public void Drafts_stay_within_the_context()
    {
        var model = new ToyModel(8, 2, 1, context: 32);
        var options = new SamplingOptions { Temperature = 0 };
        using var source = new SpeculativeDecoding(model, new DraftModel(new ToyModel(8, 2, 1, context: 20), 8, options, 6), new(options, 8), null, NoEnd);
        using var plain = new PlainDecoding(model, new(options, 8), null, NoEnd);
        Assert.Equal(Answer(plain, 27), Answer(source, 27));
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("draft")]
    [InlineData("lookup")]
    public void Nothing_is_allocated_per_token(string kind)
    {
        var model = new FixedModel(Scores.Make("flat", 500, 1));
        var options = new SamplingOptions { TopP = 0.9f, RepetitionPenalty = 1.1f, PenaltyWindow = 32 };
        var sampler = new Sampler(options, 500);
        using ITokenSource source = kind switch
        {
            "plain" => new PlainDecoding(model, sampler, null, NoEnd),
            "draft" => new SpeculativeDecoding(model, new DraftModel(model, 500, options, 4), sampler, null, NoEnd),
            _ => new SpeculativeDecoding(model, new PromptLookup(4), sampler, null, NoEnd),
        };
        source.Start(Prompt);
        var round = new ChosenToken[source.TokensPerRound];
        for (int i = 0; i < 300; i++) source.Next(round, 5);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) source.Next(round, 5);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void A_draft_model_must_share_the_vocabulary()
    {
        string message = Assert.Throws<InputException>(() => new DraftModel(new ToyModel(7, 1, 1), 8, new(), 4)).Message;
        Assert.Contains("7 tokens and the model 8", message, StringComparison.Ordinal);
        Assert.Throws<InputException>(() => new DraftModel(new ToyModel(8, 1, 1), 8, new(), 0));
        Assert.Throws<InputException>(() => new PromptLookup(3, 65));
    }

    [Fact]
    public void Lookup_repeats_what_followed_the_longest_latest_match()
    {
        var lookup = new PromptLookup(3, 2);
        var proposal = new int[8];
        int count = lookup.Propose([5, 6, 1, 5, 6, 2, 9, 6, 3, 4, 5, 6], proposal, null);
        Assert.Equal([2, 9, 6], proposal[..count]);
        Assert.Equal(0, lookup.Propose([1, 2, 3], proposal, null));
        Assert.Equal(0, lookup.Propose([1], proposal, null));
        count = lookup.Propose([7, 7], proposal, null);
        Assert.Equal([7], proposal[..count]);
    }

    private static int[] Answer(ITokenSource source, int length, int[]? prompt = null)
    {
        source.Start(prompt ?? Prompt);
        var round = new ChosenToken[source.TokensPerRound];
        var answer = new List<int>();
        while (answer.Count < length)
        {
            int count = source.Next(round, length - answer.Count);
            answer.AddRange(round[..count].Select(chosen => chosen.Token));
            if (source.IsGrammarComplete) break;
        }
        return [.. answer];
    }

    private static int Index(int[] answer, int vocabulary) => answer.Aggregate(0, (index, token) => (index * vocabulary) + token);

    private static float[] Joint(ToyModel model, SamplingOptions options, int length)
    {
        var sampler = new Sampler(options, model.VocabularySize);
        var joint = new float[(int)Math.Pow(model.VocabularySize, length)];
        void Visit(int[] tokens, double probability)
        {
            if (tokens.Length == length + 4)
            {
                joint[Index(tokens[4..], model.VocabularySize)] = (float)probability;
                return;
            }
            var next = new float[model.VocabularySize];
            sampler.Distribution(model.Logits(tokens), null, next);
            for (int token = 0; token < next.Length; token++) Visit([.. tokens, token], probability * next[token]);
        }
        Visit([0, 1, 2, 0], 1);
        return joint;
    }
}
