using System.Text;

namespace Orrery.Engine.Tokenizers;

/// <summary>
/// GPT-2's way to write any bytes as text: 188 printable bytes of Latin-1 are themselves, the other 68 are the letters from U+0100 on, in order.
/// Source: Radford et al. 2019, section 2.2, and the published encoder (b).
/// </summary>
internal static class ByteAlphabet
{
    private const int FirstStandIn = 0x100;
    private static readonly char[] Letters = Build();
    private static readonly short[] Bytes = Invert(Letters);

    public static char LetterOf(byte value) => Letters[value];

    /// <summary>Writes the bytes that a token's text stands for; false where a letter is outside the alphabet (the text then is no byte string).</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes)
    {
        for (int i = 0; i < text.Length; i++)
        {
            int value = text[i] < Bytes.Length ? Bytes[text[i]] : -1;
            if (value < 0) return false;
            bytes[i] = (byte)value;
        }
        return true;
    }

    /// <summary>The bytes that a token prints: letters outside the alphabet stand for themselves.</summary>
    public static byte[] Print(string text)
    {
        var bytes = new List<byte>(text.Length);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (Rune rune in text.EnumerateRunes())
        {
            int value = rune.Value < Bytes.Length ? Bytes[rune.Value] : -1;
            if (value >= 0) bytes.Add((byte)value);
            else bytes.AddRange(utf8[..rune.EncodeToUtf8(utf8)]);
        }
        return [.. bytes];
    }

    private static char[] Build()
    {
        char[] letters = new char[256];
        int standIns = 0;
        for (int value = 0; value < letters.Length; value++)
        {
            bool prints = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE and <= 0xFF;
            letters[value] = (char)(prints ? value : FirstStandIn + standIns++);
        }
        return letters;
    }

    private static short[] Invert(char[] letters)
    {
        short[] bytes = new short[letters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < letters.Length; value++) bytes[letters[value]] = (short)value;
        return bytes;
    }
}
