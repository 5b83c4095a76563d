namespace Orrery.Engine.Attention;

/// <summary>What an attention layer computes.</summary>
/// <param name="Heads">Query heads, a multiple of the key-value heads; consecutive query heads share one of those.</param>
/// <param name="KvHeads">Key-value heads.</param>
/// <param name="KeySize">Elements of one query and one key.</param>
/// <param name="ValueSize">Elements of one value and of the output of one head.</param>
/// <param name="Scale">Factor of the scores, usually 1/sqrt(key size).</param>
/// <param name="SoftCap">Scores s become cap tanh(s / cap); 0 for none.</param>
public sealed record AttentionShape(int Heads, int KvHeads, int KeySize, int ValueSize, float Scale, float SoftCap = 0);

/// <summary>Consecutive tokens of one sequence whose queries are answered together.</summary>
/// <param name="FirstRow">Row of the first token in the batch.</param>
/// <param name="Rows">Tokens.</param>
/// <param name="FirstPosition">Position of the first token in its sequence; keys and values up to the last one are in the store.</param>
/// <param name="PageOffset">Where the sequence's page table begins in the shared buffer.</param>
/// <param name="PageCount">Pages of the sequence.</param>
/// <param name="Window">Positions that a token sees, its own included; 0 for all. Pages that lie before every window may be gone.</param>
public readonly record struct AttentionSpan(int FirstRow, int Rows, int FirstPosition, int PageOffset, int PageCount, int Window = 0);
