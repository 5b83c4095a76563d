using System.Globalization;

namespace Orrery.Documents;

/// <summary>Plain decimal numbers, the same in every culture: no group separators, no hexadecimal, no NaN and no infinity.</summary>
internal static class Numbers
{
    /// <summary>Length of the number that <paramref name="text"/> starts with; 0 when it starts with none.</summary>
    public static int PrefixLength(ReadOnlySpan<char> text)
    {
        int at = SkipSign(text, 0);
        int whole = SkipDigits(text, at);
        int digits = whole - at;
        at = whole;
        if (at < text.Length && text[at] == '.')
        {
            int fraction = SkipDigits(text, at + 1);
            digits += fraction - at - 1;
            at = fraction;
        }
        if (digits == 0) return 0;
        if (at < text.Length && text[at] is 'e' or 'E')
        {
            int exponent = SkipSign(text, at + 1);
            int end = SkipDigits(text, exponent);
            // "1EB" is an exabyte: the letter belongs to the number only when digits follow.
            if (end > exponent) at = end;
        }
        return at;
    }

    public static bool LooksNumeric(ReadOnlySpan<char> text) => text.Length > 0 && PrefixLength(text) == text.Length;

    /// <summary>
    /// False for anything that is not a number and for one too large for a double (then <paramref name="value"/> is infinite).
    /// </summary>
    public static bool TryNumber(ReadOnlySpan<char> text, out double value)
    {
        value = 0;
        return LooksNumeric(text)
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value)
            && double.IsFinite(value);
    }

    public static bool LooksWhole(ReadOnlySpan<char> text)
    {
        int start = SkipSign(text, 0);
        return start < text.Length && SkipDigits(text, start) == text.Length;
    }

    public static bool TryWhole(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        return LooksWhole(text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>The shortest text that reads back to the same double.</summary>
    public static string Text(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static int SkipSign(ReadOnlySpan<char> text, int at) => at < text.Length && text[at] is '+' or '-' ? at + 1 : at;

    private static int SkipDigits(ReadOnlySpan<char> text, int at)
    {
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return at;
    }
}
