namespace Orrery.Engine.Tokenizers;

/// <summary>Says which neighbours may merge.</summary>
internal interface IPairs
{
    /// <param name="text">The word.</param>
    /// <param name="left">Symbol on the left.</param>
    /// <param name="right">Symbol on the right.</param>
    /// <param name="start">First byte of the left symbol.</param>
    /// <param name="end">End of the right symbol.</param>
    /// <param name="rank">Lower merges first.</param>
    /// <param name="merged">The symbol that both become.</param>
    bool TryMerge(ReadOnlySpan<byte> text, int left, int right, int start, int end, out uint rank, out int merged);
}

/// <summary>
/// Merges neighbouring symbols, best rank first and, among equals, leftmost first, until no pair can merge. A heap over a linked list: n log n for a word of n symbols.
/// Both kinds of vocabulary use it; they differ in what ranks a pair.
/// </summary>
internal sealed class PairMerger
{
    private readonly PriorityQueue<Candidate, ulong> _heap = new();
    private Symbol[] _symbols = new Symbol[64];

    private readonly record struct Candidate(int Left, int Right, int End, int Merged);

    private record struct Symbol(int Id, int Start, int End, int Previous, int Next);

    /// <summary>Symbols that were added.</summary>
    public int Count { get; private set; }

    public void Clear() => Count = 0;

    /// <summary>Appends a symbol that covers the bytes up to <paramref name="end"/>.</summary>
    public void Add(int id, int end)
    {
        if (Count == _symbols.Length) Array.Resize(ref _symbols, 2 * Count);
        _symbols[Count] = new(id, Count == 0 ? 0 : _symbols[Count - 1].End, end, Count - 1, Count + 1);
        Count++;
    }

    public void Merge<TPairs>(TPairs pairs, ReadOnlySpan<byte> text)
        where TPairs : struct, IPairs
    {
        _heap.Clear();
        for (int i = 0; i + 1 < Count; i++) Offer(pairs, text, i, i + 1);
        while (_heap.TryDequeue(out Candidate best, out _))
        {
            ref Symbol left = ref _symbols[best.Left];
            // A neighbour has changed since the pair was offered; its new pairs were offered then.
            if (left.Next != best.Right || _symbols[best.Right].End != best.End) continue;
            Symbol right = _symbols[best.Right];
            left.Id = best.Merged;
            left.End = right.End;
            left.Next = right.Next;
            // Makes every pair that begins with the swallowed symbol stale.
            _symbols[best.Right].Next = -1;
            if (right.Next < Count) _symbols[right.Next].Previous = best.Left;
            if (left.Previous >= 0) Offer(pairs, text, left.Previous, best.Left);
            if (left.Next < Count) Offer(pairs, text, best.Left, left.Next);
        }
    }

    /// <summary>The symbol that stands after this one, or <see cref="Count"/>; the first is 0.</summary>
    public int After(int symbol) => _symbols[symbol].Next;

    public int IdOf(int symbol) => _symbols[symbol].Id;

    /// <summary>The bytes that a symbol covers.</summary>
    public ReadOnlySpan<byte> BytesOf(int symbol, ReadOnlySpan<byte> text) => text[_symbols[symbol].Start.._symbols[symbol].End];

    private void Offer<TPairs>(TPairs pairs, ReadOnlySpan<byte> text, int left, int right)
        where TPairs : struct, IPairs
    {
        ref readonly Symbol first = ref _symbols[left];
        ref readonly Symbol second = ref _symbols[right];
        if (pairs.TryMerge(text, first.Id, second.Id, first.Start, second.End, out uint rank, out int merged))
            _heap.Enqueue(new(left, right, second.End, merged), (ulong)rank << 32 | (uint)left);
    }
}
