using Orrery.Engine.Attention;

namespace Orrery.Engine.Models;

/// <summary>After which tokens of a sequence the logits are wanted.</summary>
public enum LogitRows
{
    /// <summary>After none: a piece of a prompt that goes on.</summary>
    None,

    /// <summary>After the last one.</summary>
    Last,

    /// <summary>After every one.</summary>
    All,
}

/// <summary>What goes through the model once: ranges of tokens of several sequences, pieces of prompts and single tokens alike. Reused from step to step.</summary>
public sealed class ForwardBatch
{
    private int[] _tokens = new int[KvStore.PageTokens];
    private int[] _pages = new int[KvStore.PageTokens];
    private BatchSequence[] _sequences = new BatchSequence[1];
    private int _pageCount;

    /// <summary>Tokens of all sequences.</summary>
    public int Tokens { get; private set; }

    /// <summary>Sequences in the batch.</summary>
    public int Sequences { get; private set; }

    /// <summary>Rows of the result.</summary>
    public int WantedRows { get; private set; }

    internal ReadOnlySpan<int> TokenIds => _tokens.AsSpan(0, Tokens);

    internal ReadOnlySpan<BatchSequence> Ranges => _sequences.AsSpan(0, Sequences);

    /// <summary>Page tables of all sequences, one after the other.</summary>
    internal ReadOnlySpan<int> Pages => _pages.AsSpan(0, _pageCount);

    public void Clear()
    {
        Array.Clear(_sequences, 0, Sequences);
        (Tokens, Sequences, WantedRows, _pageCount) = (0, 0, 0, 0);
    }

    /// <summary>Adds the next tokens of a sequence, whose earlier positions are in the store already. Rows of the result come in the order of these calls.</summary>
    /// <param name="tokens">Ids, at least one.</param>
    /// <param name="firstPosition">Position of the first of them.</param>
    /// <param name="pageTable">Page of each sixteen positions of the sequence, up to its last token.</param>
    /// <param name="wanted">After which tokens logits are wanted.</param>
    /// <param name="adapter">Changes this sequence's weights, or null.</param>
    /// <exception cref="ArgumentException">No tokens, a negative position, or too few pages.</exception>
    public void Add(ReadOnlySpan<int> tokens, int firstPosition, ReadOnlySpan<int> pageTable, LogitRows wanted = LogitRows.Last, LoraAdapter? adapter = null)
    {
        if (tokens.IsEmpty) throw new ArgumentException("a sequence needs at least one token", nameof(tokens));
        ArgumentOutOfRangeException.ThrowIfNegative(firstPosition);
        if (((long)firstPosition + tokens.Length + KvStore.PageTokens - 1) / KvStore.PageTokens > pageTable.Length)
            throw new ArgumentException($"{pageTable.Length} pages do not hold {(long)firstPosition + tokens.Length} positions", nameof(pageTable));
        Grow(ref _tokens, Tokens + tokens.Length);
        Grow(ref _pages, _pageCount + pageTable.Length);
        Grow(ref _sequences, Sequences + 1);
        tokens.CopyTo(_tokens.AsSpan(Tokens));
        pageTable.CopyTo(_pages.AsSpan(_pageCount));
        _sequences[Sequences++] = new BatchSequence(Tokens, tokens.Length, firstPosition, _pageCount, pageTable.Length, wanted, adapter);
        Tokens += tokens.Length;
        _pageCount += pageTable.Length;
        WantedRows += wanted switch { LogitRows.None => 0, LogitRows.Last => 1, _ => tokens.Length };
    }

    private static void Grow<T>(ref T[] array, int count)
    {
        if (count > array.Length) Array.Resize(ref array, Math.Max(count, 2 * array.Length));
    }
}

/// <summary>One sequence's rows of a batch.</summary>
internal readonly record struct BatchSequence(int FirstRow, int Rows, int FirstPosition, int PageOffset, int PageCount, LogitRows Wanted, LoraAdapter? Adapter)
{
    /// <summary>First of the rows whose results are wanted; they reach to the last.</summary>
    public int FirstWanted => Wanted switch { LogitRows.None => Rows, LogitRows.Last => Rows - 1, _ => 0 };
}
