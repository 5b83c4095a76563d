using System.Text;
using Orrery.Engine.Tokenizers.Splitting;

namespace Orrery.Engine.Tokenizers;

/// <summary>The buffers of one call of <see cref="Tokenizer.Encode"/>, kept from call to call; its word cache belongs to one vocabulary.</summary>
internal sealed class EncodingScratch
{
    /// <summary>Buffers of a text longer than this are given back to the garbage collector.</summary>
    private const int LargestKept = 1 << 20;

    private byte[] _utf8 = [];
    private byte[] _escaped = [];

    public List<int> Ids { get; } = [];

    public List<TextPiece> Pieces { get; } = [];

    public List<TextPiece> OtherPieces { get; } = [];

    public CodePointText Text { get; } = new();

    public List<int> Ends { get; } = [];

    public List<int> OtherEnds { get; } = [];

    public PairMerger Merger { get; } = new();

    public WordCache Words { get; } = new();

    public bool IsLarge => _utf8.Length > LargestKept || Text.Ways.Capacity > LargestKept;

    /// <summary>The text in UTF-8; halves of surrogate pairs become U+FFFD.</summary>
    public ReadOnlySpan<byte> Utf8Of(string text)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        if (_utf8.Length < most) _utf8 = new byte[most];
        return _utf8.AsSpan(0, Encoding.UTF8.GetBytes(text, _utf8));
    }

    /// <summary>The text with every space written as <paramref name="mark"/>.</summary>
    /// <param name="text">UTF-8.</param>
    /// <param name="mark">Stands for a space.</param>
    /// <param name="leading">One more space comes first.</param>
    public ReadOnlySpan<byte> Escape(ReadOnlySpan<byte> text, ReadOnlySpan<byte> mark, bool leading)
    {
        int most = (text.Length + 1) * mark.Length;
        if (_escaped.Length < most) _escaped = new byte[most];
        int length = 0;
        if (leading)
        {
            mark.CopyTo(_escaped);
            length = mark.Length;
        }
        foreach (byte value in text)
        {
            if (value == ' ')
            {
                mark.CopyTo(_escaped.AsSpan(length));
                length += mark.Length;
            }
            else
            {
                _escaped[length++] = value;
            }
        }
        return _escaped.AsSpan(0, length);
    }
}
