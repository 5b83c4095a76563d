using System.Text;
using Orrery.Engine.Gguf;
using Orrery.Engine.Tokenizers.Splitting;
using Orrery.Kernel;

namespace Orrery.Engine.Tokenizers;

/// <summary>
/// Byte-level BPE: the text is cut into words (<see cref="PreTokenizer"/>), each word starts as its bytes, and neighbours merge in the order of the merge list.
/// Source: Radford et al. 2019, section 2.2 (b).
/// </summary>
internal sealed class BpeTokenizer : Tokenizer
{
    private const string PreKey = "tokenizer.ggml.pre";

    private readonly PreTokenizer _pre;
    private readonly MergeTable _merges;

    private BpeTokenizer(VocabularyTable table, SpecialTokens specials, GgufMetadata metadata, PreTokenizer pre, MergeTable merges)
        : base(table, specials, metadata, pre.AddsBos)
    {
        _pre = pre;
        _merges = merges;
    }

    internal override bool AddsLeadingSpace => false;

    /// <exception cref="InputException">No merges, or an unknown pre-tokeniser. A missing name means 'default', as older files have it.</exception>
    public static BpeTokenizer Create(VocabularyTable table, SpecialTokens specials, GgufMetadata metadata, string file)
    {
        PreTokenizer pre = PreTokenizers.Find(metadata.Text(PreKey) is { Length: > 0 } name ? name : PreTokenizers.Default, file);
        return new(table, specials, metadata, pre, MergeTable.Read(metadata, file, table));
    }

    private protected override void EncodeText(ReadOnlySpan<byte> utf8, bool isFirst, EncodingScratch scratch)
    {
        CodePointText text = scratch.Text;
        text.Load(utf8);
        _pre.Split(text, scratch.Ends, scratch.OtherEnds);
        int point = 0;
        int at = 0;
        foreach (int end in scratch.Ends)
        {
            int length = text.ByteLength(point, end);
            EncodeWord(utf8.Slice(at, length), scratch);
            point = end;
            at += length;
        }
    }

    private protected override void MergeWord(ReadOnlySpan<byte> word, EncodingScratch scratch)
    {
        if (_pre.IgnoresMerges && _merges.TokenOf(word) is var whole and >= 0)
        {
            scratch.Ids.Add(whole);
            return;
        }
        PairMerger merger = scratch.Merger;
        merger.Clear();
        for (int i = 0; i < word.Length; i++) merger.Add(_merges.SymbolOf(word[i]), i + 1);
        merger.Merge(new Pairs(_merges), word);
        for (int symbol = 0; symbol < merger.Count; symbol = merger.After(symbol))
        {
            int id = merger.IdOf(symbol);
            if (id < VocabularySize)
            {
                scratch.Ids.Add(id);
                continue;
            }
            // A merge made something that is no token: its bytes stand for it.
            foreach (byte value in merger.BytesOf(symbol, word))
            {
                int single = _merges.SymbolOf(value);
                if (single < VocabularySize) scratch.Ids.Add(single);
                else if (Unknown is { } unknown) scratch.Ids.Add(unknown);
            }
        }
    }

    private protected override byte[] PrintOf(string text, TokenKind kind) => kind switch
    {
        TokenKind.Normal => ByteAlphabet.Print(text),
        TokenKind.UserDefined => Encoding.UTF8.GetBytes(text),
        TokenKind.Byte => ByteOf(text) is { } value ? [value] : ByteAlphabet.Print(text),
        _ => [],
    };

    private readonly struct Pairs(MergeTable merges) : IPairs
    {
        public bool TryMerge(ReadOnlySpan<byte> text, int left, int right, int start, int end, out uint rank, out int merged) =>
            merges.TryMerge(left, right, out rank, out merged);
    }
}
