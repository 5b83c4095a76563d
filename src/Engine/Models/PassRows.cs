using Orrery.Engine.Attention;

namespace Orrery.Engine.Models;

/// <summary>Which token each row of a pass is, and what of it is wanted.</summary>
internal sealed class PassRows(int most)
{
    private readonly AttentionSpan[] _spans = new AttentionSpan[most];
    private readonly BatchSequence[] _sequences = new BatchSequence[most];
    private readonly int[] _sequenceOf = new int[most];
    private readonly LoraAdapter?[] _adapters = new LoraAdapter?[most];
    private readonly int[] _wanted = new int[most];
    private readonly int[] _tokens = new int[most];
    private int[] _pages = new int[KvStore.PageTokens];
    private int _pageCount;
    private int _sequenceCount;

    /// <summary>Rows that go on through the layers.</summary>
    public int Count { get; private set; }

    public int WantedCount { get; private set; }

    public bool HasAdapters { get; private set; }

    public ReadOnlySpan<int> Pages => _pages.AsSpan(0, _pageCount);

    public int TokenOf(int row) => _tokens[row];

    public LoraAdapter? AdapterOf(int row) => _adapters[row];

    /// <summary>Row of the batch that gives a row of the result.</summary>
    public int WantedRow(int index) => _wanted[index];

    public int PositionOf(int row)
    {
        ref readonly BatchSequence sequence = ref _sequences[_sequenceOf[row]];
        return sequence.FirstPosition + row - sequence.FirstRow;
    }

    public ReadOnlySpan<int> PagesOf(int row)
    {
        ref readonly BatchSequence sequence = ref _sequences[_sequenceOf[row]];
        return _pages.AsSpan(sequence.PageOffset, sequence.PageCount);
    }

    public void Take(ForwardBatch batch)
    {
        (Count, WantedCount, HasAdapters, _sequenceCount, _pageCount) = (batch.Tokens, 0, false, batch.Sequences, batch.Pages.Length);
        if (_pages.Length < _pageCount) _pages = new int[Math.Max(_pageCount, 2 * _pages.Length)];
        batch.Pages.CopyTo(_pages);
        batch.TokenIds.CopyTo(_tokens);
        batch.Ranges.CopyTo(_sequences);
        for (int i = 0; i < _sequenceCount; i++)
        {
            BatchSequence sequence = _sequences[i];
            for (int row = 0; row < sequence.Rows; row++)
            {
                _sequenceOf[sequence.FirstRow + row] = i;
                _adapters[sequence.FirstRow + row] = sequence.Adapter;
                if (row >= sequence.FirstWanted) _wanted[WantedCount++] = sequence.FirstRow + row;
            }
            HasAdapters |= sequence.Adapter is not null;
        }
    }

    /// <summary>What attention has to answer: all rows, or in the last layer only those that are wanted.</summary>
    public ReadOnlySpan<AttentionSpan> Spans(int window, bool onlyWanted)
    {
        int count = 0;
        for (int i = 0; i < _sequenceCount; i++)
        {
            BatchSequence sequence = _sequences[i];
            int first = onlyWanted ? sequence.FirstWanted : 0;
            if (first == sequence.Rows) continue;
            _spans[count++] = new AttentionSpan(sequence.FirstRow + first, sequence.Rows - first, sequence.FirstPosition + first, sequence.PageOffset, sequence.PageCount, window);
        }
        return _spans.AsSpan(0, count);
    }

    /// <summary>From here on only the wanted rows go on; row i is then the i-th of them.</summary>
    public void KeepWanted()
    {
        for (int i = 0; i < WantedCount; i++) _adapters[i] = _adapters[_wanted[i]];
        Count = WantedCount;
    }

    /// <summary>Lets go of the adapters, which belong to the caller.</summary>
    public void Release() => Array.Clear(_adapters);
}
