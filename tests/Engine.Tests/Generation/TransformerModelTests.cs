using Orrery.Engine.Attention;
using Orrery.Engine.Generation;
using Orrery.Engine.Gguf;
using Orrery.Engine.Models;
using Orrery.Engine.Sampling;
using Orrery.Engine.Shipped;
using Orrery.Kernel;

namespace Orrery.Engine.Tests.Generation;

public sealed class TransformerModelTests : IDisposable
{
    private const int Context = 128;
    private readonly Transformer _transformer;
    private readonly ModelText _text;
    private readonly int[] _prompt;

    public TransformerModelTests()
    {
        using GgufFile file = ShippedModel.Open();
        _text = new(file);
        // Small batches, so that prompts go in pieces.
        _transformer = Transformer.Load(file, new() { Threads = 2, MaxBatchTokens = 16 });
        _prompt = _text.Prompt("And the LORD spake unto Moses, saying, Speak unto the children of Israel, and the LORD spake unto Moses,", parseSpecial: false);
        Assert.True(_prompt.Length > 20);
    }

    public void Dispose() => _transformer.Dispose();

    [Fact]
    public void Scores_do_not_depend_on_how_the_tokens_came()
    {
        using TransformerModel model = Make(sequences: 2);
        using ITokenSequence whole = model.CreateSequence();
        using ITokenSequence pieces = model.CreateSequence();
        whole.Extend(_prompt, 7);
        for (int i = 0; i < _prompt.Length; i++)
        {
            pieces.Extend(_prompt.AsSpan(i, 1), 1);
            int row = i - (_prompt.Length - 7);
            if (row >= 0) Assert.True(whole.Logits(row).SequenceEqual(pieces.Logits(0)));
        }
        // What is taken back leaves no trace.
        whole.Truncate(_prompt.Length - 5);
        whole.Extend([9, 8, 7], 0);
        whole.Truncate(_prompt.Length - 5);
        whole.Extend(_prompt.AsSpan(_prompt.Length - 5), 1);
        Assert.Equal(_prompt.Length, whole.Length);
        Assert.True(whole.Logits(0).SequenceEqual(pieces.Logits(0)));
    }

    [Theory]
    [InlineData(0f)]
    [InlineData(0.8f)]
    public void Drafts_do_not_change_the_answer(float temperature)
    {
        using TransformerModel model = Make(sequences: 2);
        var options = new SamplingOptions { Temperature = temperature, TopK = 40, Seed = 3 };
        string plain = Answer(new PlainDecoding(model, new(options, model.VocabularySize), null, _text.Tokenizer.EndOfGeneration), out _);
        var lookup = new SpeculativeDecoding(model, new PromptLookup(4), new(options, model.VocabularySize), null, _text.Tokenizer.EndOfGeneration);
        Assert.Equal(plain, Answer(lookup, out GenerationStatistics looked));
        Assert.True(looked.Proposed > 0);
        // A model that drafts for itself is always right.
        var drafter = new DraftModel(model, model.VocabularySize, options, 4);
        string drafted = Answer(new SpeculativeDecoding(model, drafter, new(options, model.VocabularySize), null, _text.Tokenizer.EndOfGeneration), out GenerationStatistics own);
        Assert.Equal(own.Proposed, own.Accepted);
        Assert.True(own.Rounds < own.Tokens / 3);
        if (temperature == 0f) Assert.Equal(plain, drafted);
    }

    [Fact]
    public void A_full_memory_and_a_long_context_are_told()
    {
        using TransformerModel model = Make(sequences: 1);
        using ITokenSequence one = model.CreateSequence();
        one.Extend(new int[Context], 1);
        using ITokenSequence other = model.CreateSequence();
        Assert.Contains("full", Assert.Throws<InputException>(() => other.Extend([1], 1)).Message, StringComparison.Ordinal);
        Assert.Contains("129 tokens", Assert.Throws<InputException>(() => new TransformerModel(_transformer, KvType.F16, 129)).Message, StringComparison.Ordinal);
    }

    private TransformerModel Make(int sequences) => new(_transformer, KvType.F16, Context, sequences);

    private string Answer(ITokenSource source, out GenerationStatistics statistics)
    {
        using var generator = new Generator(source, new TokenText(_text.Tokenizer, continues: true, showsSpecial: false), [], _text.Tokenizer.EndOfGeneration, 40);
        string answer = string.Concat(generator.Run(_prompt).Select(piece => piece.Text));
        statistics = generator.Statistics;
        return answer;
    }
}
