using System.Globalization;
using Orrery.Engine.Gguf;
using Orrery.Kernel;

namespace Orrery.Engine.Tokenizers;

/// <summary>Which tokens begin and end texts. From the keys of the file and, where converters left keys out, from the well-known texts of such tokens.</summary>
/// <remarks>The lists of texts and the corrections of kinds follow llama.cpp, src/llama-vocab.cpp (b): files in the wild were made for its reading.</remarks>
internal sealed class SpecialTokens
{
    private const string Prefix = "tokenizer.ggml.";

    private static readonly string[] EndOfTurnTexts =
        ["<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|end_of_text|>", "<EOT>", "_<EOT>", "[EOT]", "<｜end▁of▁sentence｜>", "<end_of_utterance>"];

    private static readonly string[] EndOfMessageTexts = ["<|eom_id|>"];

    private static readonly string[] EndTexts =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<|eom_id|>", "<EOT>", "_<EOT>",
        "[EOT]", "[EOS]", "<|end_of_text|>", "<end_of_utterance>", "<eos>", "<｜end▁of▁sentence｜>",
    ];

    /// <summary>Tokens of filling in the middle; a model that writes padding or goes on to the next file has ended its text.</summary>
    private static readonly (string Key, bool Ends, string[] Texts)[] FillTexts =
    [
        ("fim_pre_token_id", false, ["<|fim_prefix|>", "<fim-prefix>", "<fim_prefix>", "<｜fim▁begin｜>", "<PRE>", "▁<PRE>", "<|code_prefix|>"]),
        ("fim_suf_token_id", false, ["<|fim_suffix|>", "<fim-suffix>", "<fim_suffix>", "<｜fim▁hole｜>", "<SUF>", "▁<SUF>", "<|code_suffix|>"]),
        ("fim_mid_token_id", false, ["<|fim_middle|>", "<fim-middle>", "<fim_middle>", "<｜fim▁end｜>", "<MID>", "▁<MID>", "<|code_middle|>"]),
        ("fim_pad_token_id", true, ["<|fim_pad|>", "<fim-pad>", "<fim_pad>", "<PAD>", "[PAD]"]),
        ("fim_rep_token_id", true, ["<|fim_repo|>", "<|repo_name|>", "<fim-repo>", "<REPO>", "<reponame>"]),
        ("fim_sep_token_id", true, ["<|file_sep|>"]),
    ];

    /// <summary>The gpt-oss family writes its channels with these, and a reader must see them.</summary>
    private static readonly string[] VisibleTexts = ["<|channel|>", "<|message|>", "<|start|>", "<|constrain|>"];

    private readonly GgufMetadata _metadata;
    private readonly string _file;
    private readonly VocabularyTable _table;
    private readonly Dictionary<string, int> _known = new(StringComparer.Ordinal);
    private readonly HashSet<int> _ends = [];

    private SpecialTokens(GgufMetadata metadata, string file, VocabularyTable table)
    {
        _metadata = metadata;
        _file = file;
        _table = table;
        HashSet<string> wanted = [.. EndOfTurnTexts, .. EndOfMessageTexts, .. EndTexts, .. VisibleTexts, .. FillTexts.SelectMany(fill => fill.Texts)];
        for (int id = 0; id < table.Size; id++)
        {
            if (wanted.Contains(table.Texts[id])) _known.TryAdd(table.Texts[id], id);
        }
    }

    public int? Bos { get; private set; }

    public int? Eos { get; private set; }

    public int? Unknown { get; private set; }

    public IReadOnlySet<int> EndOfGeneration => _ends;

    /// <summary>Reads the keys and corrects the kinds in the table where the text says that a token is a control token.</summary>
    /// <param name="metadata">The file's keys.</param>
    /// <param name="file">Its name, for errors.</param>
    /// <param name="table">The vocabulary; kinds may change.</param>
    /// <param name="isSpm">SentencePiece has fixed places for unknown, begin and end: 0, 1 and 2.</param>
    /// <exception cref="InputException">An id that is no token of the vocabulary.</exception>
    public static SpecialTokens Read(GgufMetadata metadata, string file, VocabularyTable table, bool isSpm)
    {
        var tokens = new SpecialTokens(metadata, file, table);
        tokens.Bos = tokens.Id("bos_token_id") ?? tokens.Default(isSpm, 1);
        tokens.Eos = tokens.Id("eos_token_id") ?? tokens.Default(isSpm, 2);
        tokens.Unknown = tokens.Id("unknown_token_id") ?? tokens.Default(isSpm, 0);
        tokens.FindEnds();
        tokens.KeepVisible();
        return tokens;
    }

    private void FindEnds()
    {
        foreach ((string key, bool ends, string[] texts) in FillTexts)
        {
            int? fill = Id(key) ?? Find(texts);
            if (ends && fill is { } id) _ends.Add(id);
        }
        int? turn = Id("eot_token_id") ?? Find(EndOfTurnTexts);
        int? message = Id("eom_token_id") ?? Find(EndOfMessageTexts);
        foreach (string text in EndTexts)
        {
            if (Find(text) is { } id) _ends.Add(id);
        }
        foreach (int? end in (ReadOnlySpan<int?>)[Eos, turn, message])
        {
            if (end is { } id) _ends.Add(id);
        }
    }

    private void KeepVisible()
    {
        foreach (string text in VisibleTexts)
        {
            if (_known.TryGetValue(text, out int id)) _table.Kinds[id] = TokenKind.UserDefined;
        }
        // Where a model has tokens for returning and calling, <|end|> closes one message of several.
        bool calls = Ends("<|return|>") && Ends("<|call|>") || Ends("<|flush|>") && (Ends("<|call|>") || Ends("<|calls|>"));
        if (calls && Ends("<|end|>"))
        {
            _ends.Remove(_known["<|end|>"]);
            _table.Kinds[_known["<|end|>"]] = TokenKind.UserDefined;
        }
    }

    private bool Ends(string text) => _known.TryGetValue(text, out int id) && _ends.Contains(id);

    private int? Default(bool isSpm, int id) => isSpm && id < _table.Size ? id : null;

    /// <summary>The first of these texts that is a token, which is a control token by that.</summary>
    private int? Find(params ReadOnlySpan<string> texts)
    {
        foreach (string text in texts)
        {
            if (!_known.TryGetValue(text, out int id)) continue;
            _table.Kinds[id] = TokenKind.Control;
            return id;
        }
        return null;
    }

    private int? Id(string name)
    {
        if (_metadata.Integer(Prefix + name) is not { } id) return null;
        // Converters write the largest 32-bit value, or -1, for "none".
        if (id is -1 or uint.MaxValue) return null;
        return id >= 0 && id < _table.Size
            ? (int)id
            : throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{_file}: {Prefix}{name} is {id}, but the vocabulary has the tokens 0 to {_table.Size - 1}; make the file again"));
    }
}
