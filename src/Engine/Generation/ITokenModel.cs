namespace Orrery.Engine.Generation;

/// <summary>What a generator asks of a model: sequences that it can extend, score and shorten.</summary>
public interface ITokenModel
{
    /// <summary>Tokens that the model scores.</summary>
    int VocabularySize { get; }

    /// <summary>Tokens that a sequence can hold, prompt and answer together.</summary>
    int ContextLength { get; }

    /// <summary>An empty sequence.</summary>
    ITokenSequence CreateSequence();
}

/// <summary>The state of one sequence in a model. Used by one thread at a time.</summary>
public interface ITokenSequence : IDisposable
{
    /// <summary>Tokens it holds.</summary>
    int Length { get; }

    /// <summary>Appends tokens and computes the scores of what follows the last <paramref name="scoredTokens"/> of them.</summary>
    /// <param name="tokens">At least one; with those held no more than the context.</param>
    /// <param name="scoredTokens">From 0 to the number of tokens.</param>
    void Extend(ReadOnlySpan<int> tokens, int scoredTokens);

    /// <summary>Scores of the token that follows the given one of the scored tokens; valid until the next <see cref="Extend"/>.</summary>
    /// <param name="row">0 = the first of the scored tokens of the last <see cref="Extend"/>.</param>
    ReadOnlySpan<float> Logits(int row);

    /// <summary>Keeps the first tokens only.</summary>
    void Truncate(int length);
}
