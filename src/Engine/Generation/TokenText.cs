using Orrery.Engine.Tokenizers;

namespace Orrery.Engine.Generation;

/// <summary>The text of a tokenizer's tokens as they come.</summary>
public sealed class TokenText : ITextStream
{
    private readonly Tokenizer _tokenizer;
    private readonly StreamingDecoder _decoder;
    private readonly bool _showsSpecial;

    /// <param name="tokenizer">Whose tokens.</param>
    /// <param name="continues">The text goes on behind a prompt, so that a first space belongs to it.</param>
    /// <param name="showsSpecial">Control tokens appear by their names instead of printing nothing.</param>
    public TokenText(Tokenizer tokenizer, bool continues, bool showsSpecial)
    {
        _tokenizer = tokenizer;
        _decoder = new(tokenizer, continues);
        _showsSpecial = showsSpecial;
    }

    /// <inheritdoc/>
    public string Append(int token)
    {
        // Models pad their output to a round number of rows; such a row has no text.
        if (token >= _tokenizer.VocabularySize) return "";
        if (!_showsSpecial || !_tokenizer.IsSpecial(token)) return _decoder.Append(token);
        // What is incomplete before a control token stays so.
        return _decoder.Flush() + _tokenizer.PieceOf(token);
    }

    /// <inheritdoc/>
    public string Flush() => _decoder.Flush();
}
