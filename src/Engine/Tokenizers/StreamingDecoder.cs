using System.Text;

namespace Orrery.Engine.Tokenizers;

/// <summary>Tokens to text as they come: holds back the beginning of a character until its rest arrives. All parts together are <see cref="Tokenizer.Decode"/> of all tokens.</summary>
public sealed class StreamingDecoder
{
    private readonly Tokenizer _tokenizer;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private char[] _buffer = new char[64];
    private bool _trims;

    /// <param name="tokenizer">Whose tokens.</param>
    /// <param name="continues">The text goes on behind other text, so that its first space is its own. Otherwise the space that encoding puts before a text is taken away.</param>
    public StreamingDecoder(Tokenizer tokenizer, bool continues = false)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _trims = tokenizer.AddsLeadingSpace && !continues;
    }

    /// <summary>Takes one token.</summary>
    /// <returns>The text that is complete by it, often empty. What cannot become UTF-8 any more is U+FFFD.</returns>
    public string Append(int id) => Take(id).ToString();

    /// <summary>As <see cref="Append"/>, without a string: the text is valid until the next call.</summary>
    public ReadOnlySpan<char> Take(int id)
    {
        ReadOnlySpan<byte> bytes = _tokenizer.BytesOf(id);
        if (bytes.IsEmpty) return [];
        if (_trims && bytes[0] == ' ') bytes = bytes[1..];
        _trims = false;
        return Decode(bytes, flush: false);
    }

    /// <summary>Ends the text: a character that is still incomplete becomes U+FFFD. The decoder may then take a new text that continues.</summary>
    public string Flush() => Decode([], flush: true).ToString();

    private ReadOnlySpan<char> Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        // An incomplete character from before may add one replacement.
        int most = Encoding.UTF8.GetMaxCharCount(bytes.Length);
        if (_buffer.Length < most) _buffer = new char[most];
        return _buffer.AsSpan(0, _decoder.GetChars(bytes, _buffer, flush));
    }
}
