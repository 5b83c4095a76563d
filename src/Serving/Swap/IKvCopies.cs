using Orrery.Serving.Sequences;

namespace Orrery.Serving.Swap;

/// <summary>
/// Moves the KV that <see cref="KvSwap"/> only counts: what a real engine has. Called between steps, when the sequence holds its device blocks;
/// what was asked for is done when the call returns.
/// </summary>
public interface IKvCopies
{
    /// <summary>Copies the KV of tokens [from, to) of a sequence to the host, behind what the host has of it.</summary>
    void Out(Sequence sequence, int fromToken, int toToken);

    /// <summary>Copies all computed tokens of a sequence from the host into the blocks that it holds now.</summary>
    void In(Sequence sequence);

    /// <summary>The host's copy is worth no more than the first <see cref="Sequence.HostTokens"/> tokens; at 0 it is forgotten.</summary>
    void Drop(Sequence sequence);
}
