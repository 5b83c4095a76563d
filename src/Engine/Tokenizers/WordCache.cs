namespace Orrery.Engine.Tokenizers;

/// <summary>Remembers the tokens of short words, because text repeats them. Bounded: when it is full it starts anew.</summary>
internal sealed class WordCache
{
    /// <summary>Longer words hardly come back.</summary>
    public const int LongestWordBytes = 48;

    private const int Words = 1 << 14;
    private const int Slots = 4 * Words;
    private readonly int[] _slots = new int[Slots];
    private readonly List<(int First, int Count)> _tokens = [];
    private readonly List<int> _ids = [];
    private ByteStrings _words = new(Words);

    /// <summary>Appends the tokens of the word if they are known.</summary>
    public bool TryAppend(ReadOnlySpan<byte> word, List<int> ids)
    {
        for (int slot = Slot(word); ; slot = (slot + 1) % Slots)
        {
            int entry = _slots[slot] - 1;
            if (entry < 0) return false;
            if (!_words[entry].SequenceEqual(word)) continue;
            (int first, int count) = _tokens[entry];
            for (int i = first; i < first + count; i++) ids.Add(_ids[i]);
            return true;
        }
    }

    /// <summary>Remembers a word that is not known yet.</summary>
    public void Remember(ReadOnlySpan<byte> word, ReadOnlySpan<int> ids)
    {
        if (word.Length > LongestWordBytes) return;
        if (_words.Count == Words)
        {
            Array.Clear(_slots);
            _tokens.Clear();
            _ids.Clear();
            _words = new(Words);
        }
        int slot = Slot(word);
        while (_slots[slot] != 0) slot = (slot + 1) % Slots;
        _slots[slot] = _words.Append(word) + 1;
        _tokens.Add((_ids.Count, ids.Length));
        _ids.AddRange(ids);
    }

    private static int Slot(ReadOnlySpan<byte> word) => (int)(ByteStrings.Hash(word) % Slots);
}
