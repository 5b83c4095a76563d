using System.Globalization;
using System.Text;

namespace Orrery.Engine.Templates;

/// <summary>Escapes of string literals, with Python's meaning: an unknown escape keeps its backslash.</summary>
internal static class StringEscapes
{
    public static string Resolve(ReadOnlySpan<char> literal, SourcePlace place)
    {
        if (!literal.Contains('\\')) return literal.ToString();
        var text = new StringBuilder(literal.Length);
        for (int i = 0; i < literal.Length; i++)
        {
            if (literal[i] != '\\' || i + 1 >= literal.Length)
            {
                text.Append(literal[i]);
                continue;
            }
            char c = literal[++i];
            switch (c)
            {
                case '\n': break;
                case '\\' or '\'' or '"': text.Append(c); break;
                case 'n': text.Append('\n'); break;
                case 't': text.Append('\t'); break;
                case 'r': text.Append('\r'); break;
                case 'a': text.Append('\a'); break;
                case 'b': text.Append('\b'); break;
                case 'f': text.Append('\f'); break;
                case 'v': text.Append('\v'); break;
                case 'x': i = Hex(literal, i, 2, text, place); break;
                case 'u': i = Hex(literal, i, 4, text, place); break;
                case 'U': i = Hex(literal, i, 8, text, place); break;
                case >= '0' and <= '7': i = Octal(literal, i, text); break;
                default: text.Append('\\').Append(c); break;
            }
        }
        return text.ToString();
    }

    private static int Hex(ReadOnlySpan<char> literal, int at, int digits, StringBuilder text, SourcePlace place)
    {
        if (at + digits >= literal.Length
            || !uint.TryParse(literal.Slice(at + 1, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint code)
            || code > 0x10FFFF)
        {
            throw new TemplateFault($"the escape '\\{literal[at]}' wants {digits} hexadecimal digits of a character", place);
        }
        if (code > 0xFFFF) text.Append(char.ConvertFromUtf32((int)code));
        else text.Append((char)code);
        return at + digits;
    }

    private static int Octal(ReadOnlySpan<char> literal, int at, StringBuilder text)
    {
        int code = 0;
        int i = at;
        while (i < literal.Length && i < at + 3 && literal[i] is >= '0' and <= '7') code = (code * 8) + (literal[i++] - '0');
        text.Append((char)code);
        return i - 1;
    }
}
