using System.Globalization;
using Orrery.Engine.Sampling;
using Orrery.Kernel;

namespace Orrery.Engine.Generation;

/// <summary>Drafts with a smaller model of the same vocabulary.</summary>
/// <remarks>
/// It samples by the same options as the model that checks it, which makes agreement likely; the answer's distribution does not depend on that.
/// Draws of the same position in a later round repeat: they were independent of everything that the answer has kept.
/// </remarks>
public sealed class DraftModel : IDrafter
{
    private readonly ITokenModel _model;
    private readonly ITokenSequence _sequence;
    private readonly Sampler _sampler;
    private readonly float[] _distributions;
    private readonly List<int> _held = [];
    private int _promptTokens = -1;

    /// <param name="model">The small model.</param>
    /// <param name="vocabulary">Tokens of the model that checks.</param>
    /// <param name="options">Of the answer.</param>
    /// <param name="maxTokens">Tokens proposed per round.</param>
    /// <exception cref="InputException">The vocabularies differ in size, or the number of tokens is outside 1 to 64.</exception>
    public DraftModel(ITokenModel model, int vocabulary, SamplingOptions options, int maxTokens)
    {
        MaxTokens = PromptLookup.Checked("the draft's tokens", maxTokens);
        if (model.VocabularySize != vocabulary)
        {
            throw new InputException(string.Create(CultureInfo.InvariantCulture,
                $"the draft model has {model.VocabularySize} tokens and the model {vocabulary}: a draft model must share the model's tokenizer"));
        }
        _model = model;
        _sampler = new(options with { Logprobs = null }, vocabulary);
        _distributions = GC.AllocateUninitializedArray<float>(vocabulary * maxTokens);
        _sequence = model.CreateSequence();
    }

    /// <inheritdoc/>
    public int MaxTokens { get; }

    /// <inheritdoc/>
    public int Propose(ReadOnlySpan<int> tokens, Span<int> proposal, ITokenMask? mask)
    {
        Follow(tokens);
        ITokenMask? ahead = mask?.Clone();
        int wanted = Math.Min(Math.Min(proposal.Length, MaxTokens), _model.ContextLength - tokens.Length);
        int count = 0;
        while (count < wanted)
        {
            _sequence.Extend(count == 0 ? tokens[_sequence.Length..] : proposal[(count - 1)..count], 1);
            Span<float> distribution = Row(count);
            _sampler.Distribution(_sequence.Logits(0), ahead, distribution);
            int token = Rejection.Draw(distribution, _sampler.Uniform(tokens.Length + count, DrawPurpose.Draft));
            proposal[count++] = token;
            _held.Add(token);
            _sampler.Accept(token);
            // The end of the generation is no token of a grammar: nothing can follow it.
            if (ahead is not null && !ahead.TryAccept(token)) break;
        }
        return count;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<float> Distribution(int index) => Row(index);

    /// <summary>Gives the sequence's memory back.</summary>
    public void Dispose() => _sequence.Dispose();

    /// <summary>Takes back what was rejected of the last proposal and takes in what came instead.</summary>
    private void Follow(ReadOnlySpan<int> tokens)
    {
        if (_promptTokens < 0)
        {
            _promptTokens = tokens.Length;
            _sampler.AcceptPrompt(tokens);
            foreach (int token in tokens) _held.Add(token);
            return;
        }
        int common = _promptTokens;
        while (common < _held.Count && common < tokens.Length && _held[common] == tokens[common]) common++;
        _sampler.TakeBack(_held.Count - common);
        _held.RemoveRange(common, _held.Count - common);
        // The last token is always given anew: its scores are wanted.
        _sequence.Truncate(Math.Min(_sequence.Length, Math.Min(common, tokens.Length - 1)));
        foreach (int token in tokens[common..])
        {
            _held.Add(token);
            _sampler.Accept(token);
        }
    }

    private Span<float> Row(int index) => _distributions.AsSpan(index * _model.VocabularySize, _model.VocabularySize);
}
