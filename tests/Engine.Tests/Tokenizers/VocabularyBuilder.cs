using Orrery.Engine.Gguf;
using Orrery.Engine.Tests.Gguf;
using Orrery.Engine.Tokenizers;

namespace Orrery.Engine.Tests.Tokenizers;

/// <summary>Makes small vocabularies as GGUF images.</summary>
internal sealed class VocabularyBuilder(string model)
{
    private const uint U32Type = 4;
    private const uint I32Type = 5;
    private const uint F32Type = 6;
    private const uint BoolType = 7;
    private const uint TextType = 8;
    private const uint ArrayType = 9;

    private readonly List<(string Text, float Score, TokenKind Kind)> _tokens = [];
    private readonly List<string> _merges = [];
    private readonly List<Action<ImageBuilder>> _values = [image => image.Key("tokenizer.ggml.model", TextType).Text(model)];

    /// <summary>A byte-level vocabulary with the 256 bytes as its first tokens, in the order of their values.</summary>
    public static VocabularyBuilder Bytes(string pre)
    {
        VocabularyBuilder builder = new VocabularyBuilder("gpt2").Text("tokenizer.ggml.pre", pre);
        for (int value = 0; value < 256; value++) builder.Token(ByteAlphabet.LetterOf((byte)value).ToString());
        return builder;
    }

    /// <summary>A SentencePiece vocabulary with unknown, begin, end and the 256 byte tokens from id 3 on.</summary>
    public static VocabularyBuilder Pieces()
    {
        VocabularyBuilder builder = new VocabularyBuilder("llama").Token("<unk>", kind: TokenKind.Unknown).Token("<s>", kind: TokenKind.Control).Token("</s>", kind: TokenKind.Control);
        for (int value = 0; value < 256; value++) builder.Token($"<0x{value:X2}>", kind: TokenKind.Byte);
        return builder;
    }

    public int Count => _tokens.Count;

    public VocabularyBuilder Token(string text, float score = 0, TokenKind kind = TokenKind.Normal)
    {
        _tokens.Add((text, score, kind));
        return this;
    }

    /// <summary>A merge and the token that it makes.</summary>
    public VocabularyBuilder Merge(string left, string right)
    {
        _merges.Add($"{left} {right}");
        return _tokens.Any(token => token.Text == left + right) ? this : Token(left + right);
    }

    public VocabularyBuilder MergeOnly(string left, string right)
    {
        _merges.Add($"{left} {right}");
        return this;
    }

    public VocabularyBuilder Text(string key, string value) => Value(image => image.Key(key, TextType).Text(value));

    public VocabularyBuilder Integer(string key, uint value) => Value(image => image.Key(key, U32Type).U32(value));

    public VocabularyBuilder Flag(string key, bool value) => Value(image => image.Key(key, BoolType).U8(value ? (byte)1 : (byte)0));

    public GgufFile File()
    {
        Array("tokenizer.ggml.tokens", TextType, _tokens.Count, (image, i) => image.Text(_tokens[i].Text));
        Array("tokenizer.ggml.scores", F32Type, _tokens.Count, (image, i) => image.F32(_tokens[i].Score));
        Array("tokenizer.ggml.token_type", I32Type, _tokens.Count, (image, i) => image.U32((uint)_tokens[i].Kind));
        if (_merges.Count > 0) Array("tokenizer.ggml.merges", TextType, _merges.Count, (image, i) => image.Text(_merges[i]));
        ImageBuilder image = ImageBuilder.Header(3, 0, (ulong)_values.Count);
        foreach (Action<ImageBuilder> value in _values) value(image);
        return GgufFile.FromBytes(image.Align().Done(), "small.gguf");
    }

    public Tokenizer Build()
    {
        using GgufFile file = File();
        return Tokenizer.Read(file.Metadata, file.Name);
    }

    private void Array(string key, uint element, int count, Action<ImageBuilder, int> write) => Value(image =>
    {
        image.Key(key, ArrayType).U32(element).U64((ulong)count);
        for (int i = 0; i < count; i++) write(image, i);
    });

    private VocabularyBuilder Value(Action<ImageBuilder> write)
    {
        _values.Add(write);
        return this;
    }
}
