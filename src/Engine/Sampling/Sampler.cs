using Orrery.Kernel;
using Orrery.Kernel.Random;

namespace Orrery.Engine.Sampling;

/// <summary>Chooses the next token of one sequence from the model's scores.</summary>
/// <remarks>
/// Steps, in the order of vLLM's V1 sampler (its documentation of vllm.v1.sample.sampler, b):
/// <list type="number">
/// <item>log-probabilities are taken from the raw scores: temperature 1, before bias, mask and penalties. That is vLLM's default
/// (<c>raw_logprobs</c>); OpenAI's documentation does not say what acts on its figures first (c).</item>
/// <item>tokens that the mask (a grammar) does not allow are struck out; the logit bias is added;</item>
/// <item>penalties: repetition over prompt and answer, then frequency and presence over the answer;</item>
/// <item>temperature 0 takes the highest score, ties by the lower token; otherwise scores are divided by the temperature;</item>
/// <item>min-p, then top-k, then top-p of what is left, renormalised after each;</item>
/// <item>a draw by inversion of the cumulative distribution in falling order, with a number that depends on seed and position only.</item>
/// </list>
/// llama.cpp's default chain differs in its end: penalties, top-k, top-p, min-p, and the temperature last (its server's documentation, b), so
/// its top-p and min-p act on the distribution of temperature 1. Nothing is allocated per token, except when the history that penalties look back
/// over outgrows its capacity (it doubles). Not for use by two threads at once.
/// </remarks>
public sealed class Sampler
{
    private const int DefaultHistoryTokens = 1024;

    private readonly SamplingOptions _options;
    private readonly SamplingBuffers _buffers;
    private readonly HeadRules _rules;
    private readonly (int Token, float Bias)[] _biases;
    private readonly TokenHistory? _history;
    private readonly RandomStream _draws;
    private readonly TokenLogprob[] _likeliest;
    private readonly int[] _likeliestTokens;
    private int _likeliestCount;

    /// <param name="options">Checked here.</param>
    /// <param name="vocabulary">Tokens that the model scores.</param>
    /// <param name="buffers">Working memory shared with other samplers of the same thread; null takes its own.</param>
    /// <param name="expectedTokens">Of the whole sequence, so that the history of penalties needs no more memory later.</param>
    /// <exception cref="InputException">An option is outside its range.</exception>
    public Sampler(SamplingOptions options, int vocabulary, SamplingBuffers? buffers = null, int expectedTokens = DefaultHistoryTokens)
    {
        options.Validate(vocabulary);
        _options = options;
        _buffers = buffers ?? new(vocabulary);
        if (_buffers.Vocabulary != vocabulary) throw new ArgumentException("the buffers are of another vocabulary", nameof(buffers));
        _rules = new(options.Temperature, options.TopK, options.TopP, options.MinP);
        _biases = [.. options.LogitBias.Select(entry => (entry.Key, entry.Value))];
        if (options.HasPenalties) _history = new(options.PenaltyWindow, expectedTokens);
        _draws = RandomStream.Root(options.Seed).Split("sampling");
        _likeliest = new TokenLogprob[options.Logprobs ?? 0];
        _likeliestTokens = new int[options.Logprobs ?? 0];
    }

    /// <summary>The options it was made with.</summary>
    public SamplingOptions Options => _options;

    /// <summary>Tokens that the model scores.</summary>
    public int Vocabulary => _buffers.Vocabulary;

    /// <summary>The token of the last <see cref="Report"/>, with its raw log-probability.</summary>
    public TokenLogprob Chosen { get; private set; }

    /// <summary>The likeliest tokens at the last <see cref="Report"/>, likeliest first; valid until the next.</summary>
    public ReadOnlySpan<TokenLogprob> Likeliest => _likeliest.AsSpan(0, _likeliestCount);

    /// <summary>Chooses the token at a position.</summary>
    /// <param name="logits">The model's scores, one per token; unchanged.</param>
    /// <param name="position">Of the token in the sequence: with the seed it decides the draw.</param>
    /// <param name="mask">What a grammar allows here; null allows everything.</param>
    /// <exception cref="InputException">The mask allows nothing: the vocabulary cannot spell what the grammar requires.</exception>
    /// <exception cref="InvalidOperationException">A score is infinite or not a number.</exception>
    public int Next(ReadOnlySpan<float> logits, long position, ITokenMask? mask = null)
    {
        ReadOnlySpan<float> scores = Adjust(logits, mask);
        return _options.IsGreedy ? Likely(scores) : _buffers.Head.Draw(scores, _rules, Uniform(position, DrawPurpose.Token));
    }

    /// <summary>The distribution that <see cref="Next"/> draws from.</summary>
    /// <param name="probabilities">Gets one number per token; they sum to 1 within rounding.</param>
    public void Distribution(ReadOnlySpan<float> logits, ITokenMask? mask, Span<float> probabilities)
    {
        ReadOnlySpan<float> scores = Adjust(logits, mask);
        if (!_options.IsGreedy)
        {
            _buffers.Head.Distribution(scores, _rules, probabilities);
            return;
        }
        probabilities.Clear();
        probabilities[Likely(scores)] = 1f;
    }

    /// <summary>A number in [0, 1) that depends on the seed, the position and the purpose only.</summary>
    public double Uniform(long position, DrawPurpose purpose) => _draws.Keyed(position, (long)purpose);

    /// <summary>Tells that these tokens stand before the answer.</summary>
    public void AcceptPrompt(ReadOnlySpan<int> tokens)
    {
        if (_history is null) return;
        foreach (int token in tokens) _history.Add(token, generated: false);
    }

    /// <summary>Tells that the token now belongs to the answer.</summary>
    public void Accept(int token) => _history?.Add(token, generated: true);

    /// <summary>Takes back the last tokens told, as when a draft is rejected.</summary>
    public void TakeBack(int tokens) => _history?.RemoveLast(tokens);

    /// <summary>Computes <see cref="Chosen"/> and <see cref="Likeliest"/> for a token chosen from these scores.</summary>
    public void Report(ReadOnlySpan<float> logits, int token)
    {
        float max = ScoreVectors.Max(logits, default);
        Head.ThrowUnlessFinite(max);
        double sum = ScoreVectors.SumWeights(logits, max, 1f, float.MinValue) / (double)ScoreVectors.UnitWeight;
        double normaliser = max + Math.Log(sum);
        Chosen = new(token, (float)(logits[token] - normaliser));
        _likeliestCount = _likeliest.Length == 0 ? 0 : _buffers.Head.Top(logits, Math.Min(_likeliest.Length, Vocabulary), _likeliestTokens);
        for (int i = 0; i < _likeliestCount; i++)
        {
            _likeliest[i] = new(_likeliestTokens[i], (float)(logits[_likeliestTokens[i]] - normaliser));
        }
    }

    private static int Likely(ReadOnlySpan<float> scores)
    {
        float max = ScoreVectors.Max(scores, default);
        Head.ThrowUnlessFinite(max);
        return ScoreVectors.IndexOf(scores, max);
    }

    private ReadOnlySpan<float> Adjust(ReadOnlySpan<float> logits, ITokenMask? mask)
    {
        if (logits.Length != Vocabulary) throw new ArgumentException($"{logits.Length} scores for a vocabulary of {Vocabulary}", nameof(logits));
        if (mask is null && _biases.Length == 0 && _history is null) return logits;
        Span<float> scores = _buffers.Scores;
        logits.CopyTo(scores);
        if (mask is not null)
        {
            Array.Clear(_buffers.Mask);
            mask.Allowed(_buffers.Mask);
            if (!_buffers.Mask.AsSpan().ContainsAnyExcept(0UL)) throw new InputException("the model's vocabulary has no token for what the grammar requires next");
            SamplingBuffers.Forbid(_buffers.Mask, scores);
        }
        foreach ((int token, float bias) in _biases) scores[token] += bias;
        if (_history is not null) Penalise(scores);
        return scores;
    }

    private void Penalise(Span<float> scores)
    {
        foreach ((int token, TokenCounts counts) in _history!.Counts)
        {
            float score = scores[token];
            score = score > 0f ? score / _options.RepetitionPenalty : score * _options.RepetitionPenalty;
            if (counts.Generated > 0)
            {
                // mu[j] - c[j] * alpha_frequency - 1(c[j] > 0) * alpha_presence: the OpenAI API's documentation of both (b).
                score -= (counts.Generated * _options.FrequencyPenalty) + _options.PresencePenalty;
            }
            scores[token] = score;
        }
    }
}
