using Orrery.Engine.Sampling;

namespace Orrery.Engine.Generation;

/// <summary>One token per forward pass.</summary>
public sealed class PlainDecoding : ITokenSource
{
    private readonly AnswerState _answer;
    private readonly ITokenSequence _sequence;
    private long _rounds;

    /// <param name="model">Scores the tokens.</param>
    /// <param name="sampler">Of this answer alone.</param>
    /// <param name="mask">What a grammar allows; null allows everything.</param>
    /// <param name="endOfGeneration">Tokens that end the answer.</param>
    public PlainDecoding(ITokenModel model, Sampler sampler, ITokenMask? mask, IReadOnlySet<int> endOfGeneration)
    {
        _answer = new(model, sampler, mask, endOfGeneration);
        _sequence = model.CreateSequence();
    }

    /// <inheritdoc/>
    public int TokensPerRound => 1;

    /// <inheritdoc/>
    public int ContextLength => _answer.Model.ContextLength;

    /// <inheritdoc/>
    public bool IsGrammarComplete => _answer.IsGrammarComplete;

    /// <inheritdoc/>
    public GenerationStatistics Statistics => new(_rounds, _rounds, 0, 0);

    /// <inheritdoc/>
    public void Start(ReadOnlySpan<int> prompt) => _answer.Start(prompt);

    /// <inheritdoc/>
    public int Next(Span<ChosenToken> tokens, int limit)
    {
        _sequence.Extend(_answer.Tokens[_sequence.Length..], 1);
        ReadOnlySpan<float> logits = _sequence.Logits(0);
        int token = _answer.Sampler.Next(logits, _answer.Tokens.Length, _answer.Mask);
        tokens[0] = _answer.Accept(token, logits);
        _rounds++;
        return 1;
    }

    /// <summary>Gives the sequence's memory back.</summary>
    public void Dispose() => _sequence.Dispose();
}
