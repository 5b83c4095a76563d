using Orrery.Engine.Sampling;

namespace Orrery.Engine.Generation;

/// <summary>Makes the tokens of an answer, one or several at a time.</summary>
public interface ITokenSource : IDisposable
{
    /// <summary>The most tokens that one round can bring.</summary>
    int TokensPerRound { get; }

    /// <summary>Tokens that the sequence can hold, prompt and answer together.</summary>
    int ContextLength { get; }

    /// <summary>Whether the mask allows nothing more than the end after the tokens of the last round.</summary>
    bool IsGrammarComplete { get; }

    /// <summary>What the rounds so far did.</summary>
    GenerationStatistics Statistics { get; }

    /// <summary>Takes the prompt. Nothing is computed yet.</summary>
    /// <exception cref="Kernel.InputException">The prompt is empty, has unknown tokens, or leaves no room in the context.</exception>
    void Start(ReadOnlySpan<int> prompt);

    /// <summary>Computes the next tokens; the last of them is the first that ends the generation, if there is one.</summary>
    /// <param name="tokens">At least <see cref="TokensPerRound"/> long.</param>
    /// <param name="limit">The most tokens wanted, at least 1.</param>
    /// <returns>How many tokens, at least 1.</returns>
    int Next(Span<ChosenToken> tokens, int limit);
}

/// <summary>A token of the answer.</summary>
/// <param name="Token">Its number.</param>
/// <param name="Logprob">Its raw log-probability; 0 unless log-probabilities are wanted.</param>
/// <param name="Likeliest">The likeliest tokens in its place; null unless wanted.</param>
public readonly record struct ChosenToken(int Token, float Logprob, TokenLogprob[]? Likeliest);

/// <summary>Counts of a generation.</summary>
/// <param name="Rounds">Forward passes of the model over tokens of the answer, the one over the prompt included.</param>
/// <param name="Tokens">Tokens of the answer.</param>
/// <param name="Proposed">Tokens that a draft proposed.</param>
/// <param name="Accepted">Those of them that the model accepted.</param>
public readonly record struct GenerationStatistics(long Rounds, long Tokens, long Proposed, long Accepted)
{
    /// <summary>Accepted of proposed; 0 when nothing was proposed.</summary>
    public double AcceptanceRate => Proposed == 0 ? 0 : (double)Accepted / Proposed;
}
