namespace Orrery.Engine.Grammars;

/// <summary>What each token of a model prints: all that a grammar needs to know of a tokenizer. Shared by all grammars of a model.</summary>
public sealed class TokenVocabulary
{
    /// <param name="bytes">The bytes that each token prints, by id; empty for control tokens, which a grammar never allows.</param>
    /// <param name="endOfGeneration">Tokens that end the generation, whatever they print.</param>
    public TokenVocabulary(byte[][] bytes, IReadOnlySet<int> endOfGeneration)
    {
        ArgumentNullException.ThrowIfNull(bytes);
        ArgumentNullException.ThrowIfNull(endOfGeneration);
        Bytes = bytes;
        EndOfGeneration = endOfGeneration;
        Trie = new TokenTrie(bytes, endOfGeneration);
    }

    public byte[][] Bytes { get; }

    public IReadOnlySet<int> EndOfGeneration { get; }

    public int Count => Bytes.Length;

    internal TokenTrie Trie { get; }
}
