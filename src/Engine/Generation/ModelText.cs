using Orrery.Engine.Gguf;
using Orrery.Engine.Grammars;
using Orrery.Engine.Templates;
using Orrery.Engine.Tokenizers;

namespace Orrery.Engine.Generation;

/// <summary>The text side of a model file: its tokenizer and its chat template, without the weights.</summary>
public sealed class ModelText
{
    private const string TemplateKey = "tokenizer.chat_template";

    private readonly string? _templateSource;
    private readonly string _fileName;
    private readonly string? _bosText;
    private readonly string? _eosText;
    private ChatTemplate? _template;
    private TokenVocabulary? _vocabulary;

    /// <exception cref="Kernel.InputException">The file has no tokenizer that can be read.</exception>
    public ModelText(GgufFile file)
    {
        Tokenizer = Tokenizer.Read(file.Metadata, file.Name);
        _templateSource = file.Metadata.Text(TemplateKey);
        _fileName = file.Name;
        _bosText = Tokenizer.Bos is { } bos ? Tokenizer.PieceOf(bos) : null;
        _eosText = Tokenizer.Eos is { } eos ? Tokenizer.PieceOf(eos) : null;
    }

    /// <summary>Text to tokens and back.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>How the model was taught to read conversations; null when the file does not say. Read when first asked for: a text to continue needs none.</summary>
    /// <exception cref="Kernel.InputException">A chat template outside the subset.</exception>
    public ChatTemplate? Template => _templateSource is null ? null : _template ??= ChatTemplate.Parse(_templateSource, _fileName);

    /// <summary>What the tokens print, for grammars; made when first asked for.</summary>
    public TokenVocabulary Vocabulary
    {
        get
        {
            if (_vocabulary is not null) return _vocabulary;
            var bytes = new byte[Tokenizer.VocabularySize][];
            for (int id = 0; id < bytes.Length; id++) bytes[id] = Tokenizer.BytesOf(id).ToArray();
            return _vocabulary = new(bytes, Tokenizer.EndOfGeneration);
        }
    }

    /// <summary>The tokens of a text that the model is to continue.</summary>
    /// <param name="text">The text.</param>
    /// <param name="parseSpecial">Read control tokens that are written out in it; never for text of strangers.</param>
    public int[] Prompt(string text, bool parseSpecial) => Tokenizer.Encode(text, addBos: true, parseSpecial);

    /// <summary>The tokens of a conversation that the model is to answer; ChatML where the file has no template.</summary>
    /// <remarks>Names of control tokens in what users and tools say stay text; the system and the assistant may speak in control tokens.</remarks>
    /// <exception cref="Kernel.InputException">The template refuses the messages.</exception>
    public int[] Chat(IReadOnlyList<ChatMessage> messages, ChatTemplateOptions? options = null)
    {
        string text = (Template ?? ChatTemplate.ChatMl).Render([.. messages.Select(Literal)], (options ?? new()) with { BosToken = _bosText, EosToken = _eosText });
        bool hasBos = _bosText is { Length: > 0 } && text.StartsWith(_bosText, StringComparison.Ordinal);
        return Tokenizer.Encode(text, addBos: !hasBos, parseSpecial: true);
    }

    private ChatMessage Literal(ChatMessage message) => message.Role is "system" or "developer" or "assistant"
        ? message
        : message with
        {
            Content = message.Content is null ? null : Tokenizer.Literal(message.Content),
            Name = message.Name is null ? null : Tokenizer.Literal(message.Name),
            Parts = message.Parts is null ? null : [.. message.Parts.Select(part => part with { Text = part.Text is null ? null : Tokenizer.Literal(part.Text) })],
        };
}
