using System.Globalization;
using System.Text;
using Orrery.Engine.Gguf;

namespace Orrery.Engine.Tokenizers;

/// <summary>
/// SentencePiece vocabularies of the merging kind: neighbours merge while their union is a token, best score first; characters without a token become bytes.
/// Spaces are written U+2581. Sources: Kudo and Richardson 2018 and the SentencePiece model format (b).
/// </summary>
internal sealed class SpmTokenizer : Tokenizer
{
    private const char Mark = '\u2581';
    private const int Bytes = 256;

    private readonly ByteStrings _tokens;
    private readonly uint[] _ranks;
    private readonly int[] _byteTokens = new int[Bytes];
    private readonly bool _splitsAtMarks;

    public SpmTokenizer(VocabularyTable table, SpecialTokens specials, GgufMetadata metadata)
        : base(table, specials, metadata, addsBos: true)
    {
        AddsLeadingSpace = metadata.Flag("tokenizer.ggml.add_space_prefix") ?? true;
        _tokens = new(table.Size);
        foreach (string text in table.Texts) _tokens.Add(Encoding.UTF8.GetBytes(text));
        _ranks = [.. table.Scores.Take(table.Size).Select(RankOf)];
        for (int value = 0; value < Bytes; value++)
        {
            int id = _tokens.Find(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>")));
            if (id < 0) id = _tokens.Find([(byte)value]);
            _byteTokens[value] = id >= 0 ? id : Unknown ?? -1;
        }
        _splitsAtMarks = !table.Texts.Any(HasInnerMark);
    }

    internal override bool AddsLeadingSpace { get; }

    private static ReadOnlySpan<byte> MarkBytes => "\u2581"u8;

    private protected override void EncodeText(ReadOnlySpan<byte> utf8, bool isFirst, EncodingScratch scratch)
    {
        ReadOnlySpan<byte> text = scratch.Escape(utf8, MarkBytes, AddsLeadingSpace && isFirst);
        if (!_splitsAtMarks)
        {
            EncodeWord(text, scratch);
            return;
        }
        // No token reaches over the place before a mark that follows another character, so no merge does either: the words are independent.
        while (!text.IsEmpty)
        {
            int marks = 0;
            while (text[marks..].StartsWith(MarkBytes)) marks += MarkBytes.Length;
            int rest = text[marks..].IndexOf(MarkBytes);
            int end = rest < 0 ? text.Length : marks + rest;
            EncodeWord(text[..end], scratch);
            text = text[end..];
        }
    }

    private protected override void MergeWord(ReadOnlySpan<byte> word, EncodingScratch scratch)
    {
        PairMerger merger = scratch.Merger;
        merger.Clear();
        for (int at = 0; at < word.Length;)
        {
            at += word[at] switch { < 0x80 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
            merger.Add(-1, at);
        }
        merger.Merge(new Pairs(_tokens, _ranks), word);
        for (int symbol = 0; symbol < merger.Count; symbol = merger.After(symbol))
        {
            ReadOnlySpan<byte> bytes = merger.BytesOf(symbol, word);
            int id = merger.IdOf(symbol);
            if (id < 0) id = _tokens.Find(bytes);
            if (id >= 0)
            {
                scratch.Ids.Add(id);
                continue;
            }
            foreach (byte value in bytes)
            {
                if (_byteTokens[value] >= 0) scratch.Ids.Add(_byteTokens[value]);
            }
        }
    }

    private protected override byte[] PrintOf(string text, TokenKind kind) => kind switch
    {
        TokenKind.Normal => Encoding.UTF8.GetBytes(text.Replace(Mark, ' ')),
        TokenKind.UserDefined => Encoding.UTF8.GetBytes(text),
        TokenKind.Byte => ByteOf(text) is { } value ? [value] : [],
        _ => [],
    };

    /// <summary>Turns scores into ranks: the higher the score, the lower the rank, equal for equal scores.</summary>
    private static uint RankOf(float score)
    {
        const uint sign = 0x80000000;
        // Adding zero makes minus zero plus zero.
        uint bits = BitConverter.SingleToUInt32Bits(score + 0f);
        uint rising = (bits & sign) != 0 ? ~bits : bits | sign;
        return ~rising;
    }

    private static bool HasInnerMark(string text)
    {
        int first = text.AsSpan().IndexOfAnyExcept(Mark);
        return first >= 0 && text.AsSpan(first).Contains(Mark);
    }

    private readonly struct Pairs(ByteStrings tokens, uint[] ranks) : IPairs
    {
        public bool TryMerge(ReadOnlySpan<byte> text, int left, int right, int start, int end, out uint rank, out int merged)
        {
            merged = tokens.Find(text[start..end]);
            rank = merged < 0 ? 0 : ranks[merged];
            return merged >= 0;
        }
    }
}
