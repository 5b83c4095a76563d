using System.Globalization;
using System.Text;

namespace Orrery.Engine.Templates;

/// <summary>Strings as Python sees them: counted and cut by code point, white space with the four separators, order by code point.</summary>
internal static class PythonText
{
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    public static int Length(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')) return text.Length;
        int length = 0;
        for (int at = 0; at < text.Length; at += SizeAt(text, at)) length++;
        return length;
    }

    /// <summary>The character at a place counted in code points; null behind the end.</summary>
    public static string? CharacterAt(string text, long place)
    {
        int at = 0;
        if (!text.AsSpan().ContainsAnyInRange('\ud800', '\udfff')) at = (int)Math.Min(place, text.Length);
        else
        {
            for (; place > 0 && at < text.Length; place--) at += SizeAt(text, at);
        }
        return at < text.Length ? text.Substring(at, SizeAt(text, at)) : null;
    }

    public static int[] CodePoints(string text)
    {
        int[] codePoints = new int[Length(text)];
        int at = 0;
        for (int i = 0; i < codePoints.Length && at < text.Length; i++)
        {
            int size = SizeAt(text, at);
            codePoints[i] = size == 2 ? char.ConvertToUtf32(text[at], text[at + 1]) : text[at];
            at += size;
        }
        return codePoints;
    }

    public static string FromCodePoints(IReadOnlyList<int> codePoints)
    {
        var text = new StringBuilder(codePoints.Count);
        foreach (int codePoint in codePoints)
        {
            // Half a pair may stand alone in text that came in so.
            if (codePoint <= char.MaxValue) text.Append((char)codePoint);
            else text.Append(char.ConvertFromUtf32(codePoint));
        }
        return text.ToString();
    }

    /// <summary>The characters as strings of one code point each.</summary>
    public static List<string> Characters(string text)
    {
        var characters = new List<string>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            int size = SizeAt(text, i);
            characters.Add(text.Substring(i, size));
            i += size - 1;
        }
        return characters;
    }

    public static int Compare(string a, string b)
    {
        for (int i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            if (a[i] == b[i]) continue;
            bool isFirstPair = char.IsSurrogate(a[i]);
            bool isSecondPair = char.IsSurrogate(b[i]);
            return isFirstPair == isSecondPair ? a[i].CompareTo(b[i]) : isFirstPair ? 1 : -1;
        }
        return a.Length.CompareTo(b.Length);
    }

    public static string Strip(string text, string? characters, bool left = true, bool right = true)
    {
        int from = 0;
        int to = text.Length;
        while (left && from < to && Goes(text[from])) from++;
        while (right && to > from && Goes(text[to - 1])) to--;
        return text[from..to];

        bool Goes(char c) => characters is null ? IsSpace(c) : characters.Contains(c, StringComparison.Ordinal);
    }

    /// <summary>Splits at white space, without empty parts.</summary>
    public static List<string> SplitAtSpace(string text, long most)
    {
        var parts = new List<string>();
        int at = 0;
        while (true)
        {
            while (at < text.Length && IsSpace(text[at])) at++;
            if (at == text.Length) return parts;
            if (most >= 0 && parts.Count >= most)
            {
                parts.Add(Strip(text[at..], null, left: false));
                return parts;
            }
            int from = at;
            while (at < text.Length && !IsSpace(text[at])) at++;
            parts.Add(text[from..at]);
        }
    }

    public static string Capitalize(string text) =>
        text.Length == 0 ? text : text[..1].ToUpperInvariant() + text[1..].ToLowerInvariant();

    /// <summary>Every letter that follows no letter in upper case, the others in lower case (the method of strings).</summary>
    public static string Title(string text) => TitleAfter(text, static c => !char.IsLetter(c));

    /// <summary>Upper case after white space, '-' and opening brackets only (the filter).</summary>
    public static string TitleWords(string text) => TitleAfter(text, static c => IsSpace(c) || c is '-' or '(' or '{' or '[' or '<');

    /// <summary>The shortest digits that read back as the same number, in Python's form: <c>1.0</c>, <c>1e-05</c>, <c>1e+16</c>.</summary>
    public static string Of(double number)
    {
        if (double.IsNaN(number)) return "nan";
        if (double.IsInfinity(number)) return number > 0 ? "inf" : "-inf";
        if (number == 0) return double.IsNegative(number) ? "-0.0" : "0.0";
        string shortest = Math.Abs(number).ToString("E16", CultureInfo.InvariantCulture);
        string roundTrip = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        int exponent = int.Parse(shortest.AsSpan(shortest.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        int mark = roundTrip.IndexOf('E', StringComparison.Ordinal);
        string digits = (mark < 0 ? roundTrip : roundTrip[..mark]).Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        if (mark >= 0) exponent = int.Parse(roundTrip.AsSpan(mark + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        string sign = number < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
        {
            string fraction = digits.Length > 1 ? "." + digits[1..] : "";
            return $"{sign}{digits[0]}{fraction}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        if (exponent < 0) return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        if (digits.Length <= exponent + 1) return $"{sign}{digits.PadRight(exponent + 1, '0')}.0";
        return $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    private static int SizeAt(string text, int at) => char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;

    private static string TitleAfter(string text, Func<char, bool> opens)
    {
        var title = new StringBuilder(text.Length);
        bool isOpen = true;
        foreach (char c in text)
        {
            title.Append(isOpen ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c));
            isOpen = opens(c);
        }
        return title.ToString();
    }
}
