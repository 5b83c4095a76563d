using Orrery.Engine.Sampling;

namespace Orrery.Engine.Generation;

/// <summary>Several tokens per forward pass: a drafter guesses, the model scores all guesses at once and keeps what it would have said itself.</summary>
/// <remarks>
/// The answer is distributed exactly as that of <see cref="PlainDecoding"/>, and greedy answers are the same token for token. A drafter with a
/// distribution is checked by <see cref="Rejection"/>. For a guess that is certain (q is 1 at one token) that rule accepts with the probability p(x)
/// and otherwise draws from p without x: the same as drawing from p and accepting when the draw is x. So the draw of plain decoding is taken,
/// and the answer with prompt look-up equals the plain answer for every seed.
/// </remarks>
public sealed class SpeculativeDecoding : ITokenSource
{
    private readonly AnswerState _answer;
    private readonly ITokenSequence _sequence;
    private readonly IDrafter _drafter;
    private readonly int[] _proposal;
    private readonly int[] _pass;
    private readonly float[] _target;
    private long _rounds;
    private long _tokens;
    private long _proposed;
    private long _accepted;
    private bool _hasBegun;

    /// <param name="model">Scores the tokens.</param>
    /// <param name="drafter">Guesses; disposed of with this.</param>
    /// <param name="sampler">Of this answer alone.</param>
    /// <param name="mask">What a grammar allows; null allows everything.</param>
    /// <param name="endOfGeneration">Tokens that end the answer.</param>
    public SpeculativeDecoding(ITokenModel model, IDrafter drafter, Sampler sampler, ITokenMask? mask, IReadOnlySet<int> endOfGeneration)
    {
        _answer = new(model, sampler, mask, endOfGeneration);
        _drafter = drafter;
        _proposal = new int[drafter.MaxTokens];
        _pass = new int[drafter.MaxTokens + 1];
        _target = new float[model.VocabularySize];
        _sequence = model.CreateSequence();
    }

    /// <inheritdoc/>
    public int TokensPerRound => _drafter.MaxTokens + 1;

    /// <inheritdoc/>
    public int ContextLength => _answer.Model.ContextLength;

    /// <inheritdoc/>
    public bool IsGrammarComplete => _answer.IsGrammarComplete;

    /// <inheritdoc/>
    public GenerationStatistics Statistics => new(_rounds, _tokens, _proposed, _accepted);

    /// <inheritdoc/>
    public void Start(ReadOnlySpan<int> prompt) => _answer.Start(prompt);

    /// <inheritdoc/>
    public int Next(Span<ChosenToken> tokens, int limit)
    {
        int drafted = 0;
        if (_hasBegun)
        {
            // One token comes from the model itself, and a pass must fit into the context.
            int wanted = Math.Min(Math.Min(_drafter.MaxTokens, limit - 1), ContextLength - _answer.Tokens.Length - 1);
            if (wanted > 0) drafted = _drafter.Propose(_answer.Tokens, _proposal.AsSpan(0, wanted), _answer.Mask);
            _pass[0] = _answer.Tokens[^1];
            _proposal.AsSpan(0, drafted).CopyTo(_pass.AsSpan(1));
            _sequence.Extend(_pass.AsSpan(0, drafted + 1), drafted + 1);
        }
        else
        {
            _sequence.Extend(_answer.Tokens, 1);
            _hasBegun = true;
        }
        _rounds++;
        _proposed += drafted;
        int count = Verify(tokens, drafted);
        _tokens += count;
        // The last token of a round has not gone through the model, and what was rejected must leave it.
        _sequence.Truncate(_answer.Tokens.Length - 1);
        return count;
    }

    /// <summary>Gives the memory of the sequence and of the drafter back.</summary>
    public void Dispose()
    {
        _sequence.Dispose();
        _drafter.Dispose();
    }

    private int Verify(Span<ChosenToken> tokens, int drafted)
    {
        int count = 0;
        while (true)
        {
            ReadOnlySpan<float> logits = _sequence.Logits(count);
            int token = count < drafted ? Check(logits, count) : _answer.Sampler.Next(logits, _answer.Tokens.Length, _answer.Mask);
            bool agrees = count < drafted && token == _proposal[count];
            if (agrees) _accepted++;
            tokens[count++] = _answer.Accept(token, logits);
            if (!agrees || _answer.HasEnded) return count;
        }
    }

    /// <summary>The token in the place of a guess: the guess itself when it is accepted.</summary>
    private int Check(ReadOnlySpan<float> logits, int index)
    {
        int position = _answer.Tokens.Length;
        ReadOnlySpan<float> draft = _drafter.Distribution(index);
        Sampler sampler = _answer.Sampler;
        if (draft.IsEmpty) return sampler.Next(logits, position, _answer.Mask);
        sampler.Distribution(logits, _answer.Mask, _target);
        int guess = _proposal[index];
        return Rejection.Accepts(_target, draft, guess, sampler.Uniform(position, DrawPurpose.Accept))
            ? guess
            : Rejection.Residual(_target, draft, sampler.Uniform(position, DrawPurpose.Residual));
    }
}
