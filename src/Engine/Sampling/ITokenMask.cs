namespace Orrery.Engine.Sampling;

/// <summary>Which tokens may come next: a sampler asks before it chooses and tells what it chose.</summary>
/// <remarks>A mask belongs to one sequence and is used by one thread at a time; what clones share is read-only or locked inside.</remarks>
public interface ITokenMask
{
    /// <summary>Sets the bits of the tokens that may come next.</summary>
    /// <param name="bits">One bit a token (token t is bit t % 64 of word t / 64), all clear on entry; at least (vocabulary + 63) / 64 words.</param>
    /// <remarks>
    /// At least one bit is set, unless the vocabulary cannot spell what must follow. Allocates nothing for a state that was asked before.
    /// Tokens that end the generation are among the allowed exactly when <see cref="IsComplete"/>.
    /// </remarks>
    void Allowed(Span<ulong> bits);

    /// <summary>Moves past one token.</summary>
    /// <returns>False, and nothing has changed, when the token is not allowed here.</returns>
    bool TryAccept(int token);

    /// <summary>True when what was accepted so far may stand as it is: the generation may end here (it may also go on).</summary>
    bool IsComplete { get; }

    /// <summary>A mask in the same state that goes its own way from here: speculative decoding tries tokens on a clone.</summary>
    ITokenMask Clone();
}
