using System.Globalization;
using System.Text;

namespace Orrery.Engine.Tokenizers.Splitting;

/// <summary>
/// A text as code points, each with one byte that says what it is: an ASCII code point is itself, other white space is a vertical tab, and the
/// rest is the first letter of its Unicode general category. Patterns then test membership with one bit of 256.
/// Categories are those of the framework's Unicode tables.
/// </summary>
internal sealed class CodePointText
{
    public const byte OtherSpace = 0x0B;
    public const byte Number = 0x81;
    public const byte Letter = 0x82;
    public const byte Punctuation = 0x83;
    public const byte Mark = 0x84;
    public const byte SymbolSign = 0x85;

    /// <summary>Anything else beyond ASCII: control, format, private use, unassigned.</summary>
    public const byte Rest = 0x80;

    private int[] _points = [];
    private byte[] _classes = [];

    /// <summary>Code points.</summary>
    public int Count { get; private set; }

    /// <summary>Each code point takes one byte in UTF-8.</summary>
    public bool IsAscii { get; private set; }

    public ReadOnlySpan<int> Points => _points.AsSpan(0, Count);

    public ReadOnlySpan<byte> Classes => _classes.AsSpan(0, Count);

    /// <summary>The memory of the pattern matcher, kept here so that it is allocated once per text and not per piece.</summary>
    public Stack<(int At, int Position, int Lowest)> Ways { get; } = new();

    /// <param name="utf8">Well-formed UTF-8.</param>
    public void Load(ReadOnlySpan<byte> utf8)
    {
        if (_points.Length < utf8.Length)
        {
            int capacity = Math.Max(utf8.Length, 2 * _points.Length);
            _points = new int[capacity];
            _classes = new byte[capacity];
        }
        int count = 0;
        int position = 0;
        while (position < utf8.Length)
        {
            byte first = utf8[position];
            if (first < 0x80)
            {
                _points[count] = first;
                _classes[count++] = first;
                position++;
                continue;
            }
            Rune.DecodeFromUtf8(utf8[position..], out Rune rune, out int consumed);
            _points[count] = rune.Value;
            _classes[count++] = ClassOf(rune.Value);
            position += consumed;
        }
        Count = count;
        IsAscii = count == utf8.Length;
    }

    /// <summary>Bytes of UTF-8 of the code points from <paramref name="start"/> up to <paramref name="end"/>.</summary>
    public int ByteLength(int start, int end)
    {
        if (IsAscii) return end - start;
        int bytes = end - start;
        foreach (int point in _points.AsSpan(start, end - start))
        {
            if (point >= 0x80) bytes += point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
        }
        return bytes;
    }

    /// <summary>The class byte of one code point.</summary>
    public static byte ClassOf(int point)
    {
        if (point < 0x80) return (byte)point;
        switch (CharUnicodeInfo.GetUnicodeCategory(point))
        {
            case UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
                or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter:
                return Letter;
            case UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber:
                return Number;
            case UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark:
                return Mark;
            case UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
                or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation
                or UnicodeCategory.OtherPunctuation:
                return Punctuation;
            case UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol:
                return SymbolSign;
            case UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator:
                return OtherSpace;
            default:
                const int nextLine = 0x85;
                return point == nextLine ? OtherSpace : Rest;
        }
    }
}
