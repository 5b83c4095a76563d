using Orrery.Engine.Sampling;

namespace Orrery.Engine.Generation;

/// <summary>Guesses the next tokens cheaply, for the model to check in one pass.</summary>
public interface IDrafter : IDisposable
{
    /// <summary>The most tokens that <see cref="Propose"/> gives.</summary>
    int MaxTokens { get; }

    /// <summary>Proposes tokens to follow those given.</summary>
    /// <param name="tokens">Prompt and answer so far; it begins with what the last call was given, less what was rejected of the last proposal.</param>
    /// <param name="proposal">As many tokens as are wanted.</param>
    /// <param name="mask">What a grammar allows; not changed. Null allows everything.</param>
    /// <returns>How many tokens are proposed; 0 when there is no guess.</returns>
    int Propose(ReadOnlySpan<int> tokens, Span<int> proposal, ITokenMask? mask);

    /// <summary>The distribution that a token of the last proposal was drawn from; empty when it was certain.</summary>
    ReadOnlySpan<float> Distribution(int index);
}
