using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Tokenizers;

/// <summary>Text to tokens and back, as the model file prescribes. May be used from several threads at once.</summary>
public abstract class Tokenizer
{
    private const string ModelKey = "tokenizer.ggml.model";
    private const string Spm = "llama";
    private const string Bpe = "gpt2";

    /// <summary>Kinds of vocabulary that other engines read and this one does not.</summary>
    private static readonly Dictionary<string, string> Unsupported = new(StringComparer.Ordinal)
    {
        ["bert"] = "WordPiece",
        ["t5"] = "unigram",
        ["rwkv"] = "RWKV's trie",
        ["plamo2"] = "PLaMo 2's trie",
        ["gemma4"] = "byte-fallback BPE",
        ["none"] = "no vocabulary",
        ["no_vocab"] = "no vocabulary",
    };

    private readonly VocabularyTable _table;
    private readonly SpecialTextSplitter _splitter;
    private readonly ByteStrings _prints;
    private readonly ConcurrentBag<EncodingScratch> _spares = [];

    private protected Tokenizer(VocabularyTable table, SpecialTokens specials, GgufMetadata metadata, bool addsBos)
    {
        _table = table;
        Bos = specials.Bos;
        Eos = specials.Eos;
        Unknown = specials.Unknown;
        EndOfGeneration = specials.EndOfGeneration;
        AddsBos = Bos is not null && (metadata.Flag("tokenizer.ggml.add_bos_token") ?? addsBos);
        AddsEos = Eos is not null && (metadata.Flag("tokenizer.ggml.add_eos_token") ?? false);
        _splitter = new(table, id => TrimsBefore(metadata, table.Texts[id]), id => TrimsBehind(metadata, table.Texts[id]));
        _prints = new(table.Size);
        for (int id = 0; id < table.Size; id++) _prints.Append(PrintOf(table.Texts[id], table.Kinds[id]));
    }

    /// <summary>Kinds of vocabulary that are read, by their names in files: scored pieces and byte-level pairs.</summary>
    public static IReadOnlyList<string> Kinds { get; } = [Spm, Bpe];

    public int VocabularySize => _table.Size;

    /// <summary>Begins a text; null where the vocabulary has none.</summary>
    public int? Bos { get; }

    /// <summary>Ends a text; null where the vocabulary has none.</summary>
    public int? Eos { get; }

    /// <summary>A model that writes one of these has finished its answer.</summary>
    public IReadOnlySet<int> EndOfGeneration { get; }

    /// <summary>The model was trained on texts that begin with <see cref="Bos"/>.</summary>
    public bool AddsBos { get; }

    /// <summary>The file asks for <see cref="Eos"/> behind a text, as embedding models do; <see cref="Encode"/> leaves that to the caller.</summary>
    public bool AddsEos { get; }

    /// <summary>A text begins with a space that was not in it, and decoding takes it away.</summary>
    internal abstract bool AddsLeadingSpace { get; }

    private protected int? Unknown { get; }

    private protected VocabularyTable Table => _table;

    /// <param name="metadata">Keys of a model file.</param>
    /// <param name="fileName">Its name, for errors.</param>
    /// <exception cref="InputException">No tokenizer, one of an unsupported kind, or a damaged one.</exception>
    public static Tokenizer Read(GgufMetadata metadata, string fileName)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        string model = metadata.Text(ModelKey) ?? throw new InputException($"{fileName}: {ModelKey} is missing, so the file has no tokenizer; use a file that was converted with its tokenizer");
        if (model is not (Spm or Bpe))
        {
            string what = Unsupported.TryGetValue(model, out string? name) ? $"'{model}' ({name})" : $"'{model}'";
            throw new InputException($"{fileName}: the tokenizer {what} is not supported; supported: {Spm} (SentencePiece with scores), {Bpe} (byte-level BPE)");
        }
        VocabularyTable table = VocabularyTable.Read(metadata, fileName);
        SpecialTokens specials = SpecialTokens.Read(metadata, fileName, table, model == Spm);
        return model == Spm ? new SpmTokenizer(table, specials, metadata) : BpeTokenizer.Create(table, specials, metadata, fileName);
    }

    /// <summary>The tokens of a text.</summary>
    /// <param name="text">Any text; halves of surrogate pairs count as U+FFFD.</param>
    /// <param name="addBos">Put <see cref="Bos"/> first, if <see cref="AddsBos"/>.</param>
    /// <param name="parseSpecial">Read control tokens that are written out in the text, such as <c>&lt;|im_end|&gt;</c>. Never for text of strangers.</param>
    public int[] Encode(string text, bool addBos, bool parseSpecial)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!_spares.TryTake(out EncodingScratch? scratch)) scratch = new();
        List<int> ids = scratch.Ids;
        ids.Clear();
        if (addBos && AddsBos) ids.Add(Bos!.Value);
        ReadOnlySpan<byte> utf8 = scratch.Utf8Of(text);
        _splitter.Split(utf8, parseSpecial, scratch.Pieces, scratch.OtherPieces);
        bool first = true;
        foreach (TextPiece piece in scratch.Pieces)
        {
            if (piece.Token >= 0) ids.Add(piece.Token);
            else if (LiteralText.Without(utf8.Slice(piece.Start, piece.Length)) is { IsEmpty: false } plain) EncodeText(plain, first, scratch);
            first = piece.Token >= 0;
        }
        int[] result = [.. ids];
        if (!scratch.IsLarge) _spares.Add(scratch);
        return result;
    }

    /// <summary>Lets texts of control tokens in a text stay text, also where it becomes part of one that is encoded with its control tokens.</summary>
    public string Literal(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return LiteralText.Of(text, _splitter.ControlTexts);
    }

    /// <summary>The bytes that a token prints, which need not be whole characters; none for control tokens.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No token of the vocabulary.</exception>
    public ReadOnlySpan<byte> BytesOf(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabularySize);
        return _prints[id];
    }

    /// <summary>A token that steers and prints nothing.</summary>
    public bool IsSpecial(int id) => _table.Kinds[id] is TokenKind.Control or TokenKind.Unknown;

    public TokenKind KindOf(int id) => _table.Kinds[id];

    /// <summary>A token for people and templates: what it prints or, where it prints nothing, its text in the vocabulary.</summary>
    public string PieceOf(int id)
    {
        ReadOnlySpan<byte> bytes = BytesOf(id);
        return bytes.IsEmpty ? _table.Texts[id] : Encoding.UTF8.GetString(bytes);
    }

    /// <summary>The text of the tokens; bytes that are no UTF-8 become U+FFFD. The space that encoding put before the text is taken away.</summary>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var decoder = new StreamingDecoder(this);
        var text = new StringBuilder();
        foreach (int id in ids) text.Append(decoder.Take(id));
        return text.Append(decoder.Flush()).ToString();
    }

    /// <summary>The id of the token with exactly this text in the vocabulary, or null.</summary>
    public int? IdOf(string token)
    {
        int id = Array.IndexOf(_table.Texts, token);
        return id < 0 ? null : id;
    }

    /// <summary>Appends the tokens of text that holds no special token.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="isFirst">It stands at the beginning or behind a special token.</param>
    /// <param name="scratch">Buffers; the tokens go to its list.</param>
    private protected abstract void EncodeText(ReadOnlySpan<byte> utf8, bool isFirst, EncodingScratch scratch);

    /// <summary>Appends the tokens of one word: the part within which merging happens.</summary>
    private protected abstract void MergeWord(ReadOnlySpan<byte> word, EncodingScratch scratch);

    private protected abstract byte[] PrintOf(string text, TokenKind kind);

    private protected void EncodeWord(ReadOnlySpan<byte> word, EncodingScratch scratch)
    {
        if (word.Length > WordCache.LongestWordBytes)
        {
            MergeWord(word, scratch);
            return;
        }
        if (scratch.Words.TryAppend(word, scratch.Ids)) return;
        int before = scratch.Ids.Count;
        MergeWord(word, scratch);
        scratch.Words.Remember(word, CollectionsMarshal.AsSpan(scratch.Ids)[before..]);
    }

    /// <summary>The value of a text such as <c>&lt;0xE2&gt;</c>, or null.</summary>
    private protected static byte? ByteOf(string text) =>
        text.Length == 6 && text.StartsWith("<0x", StringComparison.Ordinal) && text[5] == '>'
        && byte.TryParse(text.AsSpan(3, 2), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out byte value)
            ? value
            : null;

    // Files do not carry these attributes; both rules are known by the model they belong to (llama.cpp, src/llama-vocab.cpp (b)).
    private static bool TrimsBefore(GgufMetadata metadata, string token) =>
        token == "<mask>" && metadata.Text("tokenizer.ggml.pre") is "jina-v2-de" or "jina-v2-es" or "jina-v2-code";

    private static bool TrimsBehind(GgufMetadata metadata, string token) =>
        token is not ("<unk>" or "<s>" or "<|endoftext|>") && metadata.Text("general.name") is { } name
        && (name.Contains("phi-3", StringComparison.OrdinalIgnoreCase) || name.Contains("phi3", StringComparison.OrdinalIgnoreCase));
}
