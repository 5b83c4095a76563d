using System.Numerics;
using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Tokenizers;

/// <summary>The merge list of a byte-level vocabulary over symbol numbers: which two become what, and how early.</summary>
/// <remarks>A symbol is a token of the vocabulary or, beyond its size, a byte string that only the merge list knows.</remarks>
internal sealed class MergeTable
{
    private const string MergesKey = "tokenizer.ggml.merges";
    private const int Bytes = 256;
    private const ulong Mixer = 0x9E3779B97F4A7C15;
    private const ulong Free = ulong.MaxValue;

    private readonly ByteStrings _symbols;
    private readonly int _vocabularySize;
    private readonly int[] _byteSymbols = new int[Bytes];
    private readonly ulong[] _pairs;
    private readonly (uint Rank, int Merged)[] _merges;
    private readonly int _shift;

    private MergeTable(VocabularyTable table, int merges)
    {
        _vocabularySize = table.Size;
        _symbols = new(table.Size + Bytes);
        byte[] bytes = new byte[table.Texts.Max(text => text.Length)];
        foreach (string text in table.Texts)
        {
            // A text outside the byte alphabet is matched as a special token or not at all.
            if (ByteAlphabet.TryDecode(text, bytes)) _symbols.Add(bytes.AsSpan(0, text.Length));
            else _symbols.Append([]);
        }
        for (int value = 0; value < Bytes; value++) _byteSymbols[value] = Intern([(byte)value]);
        int slots = (int)BitOperations.RoundUpToPowerOf2((uint)(2 * Math.Max(merges, 8)));
        _pairs = new ulong[slots];
        Array.Fill(_pairs, Free);
        _merges = new (uint, int)[slots];
        _shift = 64 - BitOperations.Log2((uint)slots);
    }

    /// <exception cref="InputException">The file has no merge list.</exception>
    public static MergeTable Read(GgufMetadata metadata, string file, VocabularyTable table)
    {
        IReadOnlyList<string> merges = metadata.Texts(MergesKey)
            ?? throw new InputException($"{file}: {MergesKey} is missing, so its byte-level vocabulary cannot be used; make the file again with a current converter");
        var result = new MergeTable(table, merges.Count);
        for (int rank = 0; rank < merges.Count; rank++) result.Add(merges[rank], (uint)rank);
        return result;
    }

    public int SymbolOf(byte value) => _byteSymbols[value];

    /// <summary>The token that prints exactly these bytes, or -1.</summary>
    public int TokenOf(ReadOnlySpan<byte> word)
    {
        int symbol = _symbols.Find(word);
        return symbol < _vocabularySize ? symbol : -1;
    }

    public bool TryMerge(int left, int right, out uint rank, out int merged)
    {
        (rank, merged) = _merges[SlotOf(PairOf(left, right), out bool isThere)];
        return isThere;
    }

    private static ulong PairOf(int left, int right) => (ulong)(uint)left << 32 | (uint)right;

    /// <summary>Where the pair is or belongs.</summary>
    private int SlotOf(ulong pair, out bool isThere)
    {
        int mask = _pairs.Length - 1;
        int slot = (int)(pair * Mixer >> _shift);
        while (_pairs[slot] != pair && _pairs[slot] != Free) slot = (slot + 1) & mask;
        isThere = _pairs[slot] == pair;
        return slot;
    }

    /// <summary>Enters a line such as <c>Ġt he</c>. A pair that stands twice keeps its first rank.</summary>
    private void Add(string line, uint rank)
    {
        // The left side may itself begin with the separator, but is never empty.
        int space = line.Length > 1 ? line.IndexOf(' ', 1) : -1;
        if (space < 0) return;
        byte[] bytes = new byte[line.Length - 1];
        int rightLength = line.Length - space - 1;
        if (!ByteAlphabet.TryDecode(line.AsSpan(0, space), bytes) || !ByteAlphabet.TryDecode(line.AsSpan(space + 1), bytes.AsSpan(space))) return;
        if (rightLength == 0) return;
        int left = Intern(bytes.AsSpan(0, space));
        int right = Intern(bytes.AsSpan(space, rightLength));
        int slot = SlotOf(PairOf(left, right), out bool isThere);
        if (isThere) return;
        _pairs[slot] = PairOf(left, right);
        _merges[slot] = (rank, Intern(bytes));
    }

    private int Intern(ReadOnlySpan<byte> symbol)
    {
        int number = _symbols.Find(symbol);
        return number >= 0 ? number : _symbols.Add(symbol);
    }
}
