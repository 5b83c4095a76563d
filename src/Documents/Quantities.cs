using System.Globalization;
using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>
/// Reads and prints numbers with units: <c>250ms</c>, <c>80GB</c>, <c>16GiB</c>, <c>989TFLOP/s</c>, <c>20/s</c>, <c>$3.67</c>.
/// </summary>
/// <remarks>Symbols are case-sensitive, because mW and MW differ by nine orders of magnitude.</remarks>
public static class Quantities
{
    /// <summary>Longest number that <see cref="Format"/> calls short enough to prefer its unit.</summary>
    private const int ShortNumber = 6;

    /// <summary>A right example: <c>250ms</c>.</summary>
    public static string Example(Quantity kind) => QuantityUnits.Of(kind).Example;

    /// <summary>The kind in words, with its article: <c>a time</c>.</summary>
    public static string Noun(Quantity kind) => QuantityUnits.Of(kind).Noun;

    /// <summary>The symbols that <see cref="Format"/> uses, large to small; aliases are left out.</summary>
    public static IReadOnlyList<string> Symbols(Quantity kind) =>
        [.. QuantityUnits.Of(kind).Units.Where(unit => !unit.IsAlias).Select(unit => unit.Symbol)];

    /// <summary>A regular expression (ECMA 262, as JSON schema wants it) that the texts of a kind match.</summary>
    public static string Pattern(Quantity kind)
    {
        const string number = @"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?";
        string units = string.Join('|', QuantityUnits.Of(kind).Units.Select(unit => unit.Symbol));
        return kind switch
        {
            Quantity.Number => $"^{number}$",
            Quantity.Money => $@"^(\${number}|{number} *({units}))$",
            _ => $"^{number} *({units})$",
        };
    }

    /// <summary>
    /// Reads a quantity of the wanted kind. <paramref name="siValue"/> is in the plain unit that <see cref="Quantity"/> states. On failure
    /// <paramref name="problem"/> is the end of a sentence, without its full stop.
    /// </summary>
    public static bool TryParse(string text, Quantity kind, out double siValue, out string? problem)
    {
        ArgumentNullException.ThrowIfNull(text);
        siValue = 0;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        QuantityUnits units = QuantityUnits.Of(kind);
        bool dollarSign = kind == Quantity.Money && rest.StartsWith("$");
        if (dollarSign) rest = rest[1..];
        int numberLength = Numbers.PrefixLength(rest);
        if (numberLength == 0)
        {
            problem = $"expected {units.Noun} such as {units.Example}, not '{Shorten(text)}'";
            return false;
        }
        if (!Numbers.TryNumber(rest[..numberLength], out double number))
        {
            problem = $"'{Shorten(text)}' is too large to be a number";
            return false;
        }
        string symbol = rest[numberLength..].Trim().ToString();
        if (dollarSign && symbol.Length == 0) symbol = "USD";
        return TryConvert(number, symbol, text, kind, out siValue, out problem);
    }

    /// <summary>Text with a unit of fitting size, such that <see cref="TryParse"/> gives back exactly the same double.</summary>
    /// <exception cref="ArgumentOutOfRangeException">NaN or infinite.</exception>
    public static string Format(double siValue, Quantity kind)
    {
        if (!double.IsFinite(siValue)) throw new ArgumentOutOfRangeException(nameof(siValue), siValue, "a quantity must be finite");
        if (kind == Quantity.Number) return Numbers.Text(siValue);
        if (kind == Quantity.Money) return siValue < 0 ? Numbers.Text(siValue) + "USD" : "$" + Numbers.Text(siValue);
        string? longText = null;
        UnitSymbol plain = QuantityUnits.Of(kind).Units.First(unit => unit is { Multiplier: 1, Divisor: 1 });
        if (siValue == 0) return Numbers.Text(siValue) + plain.Symbol;
        foreach (UnitSymbol unit in QuantityUnits.Of(kind).Units)
        {
            double number = Shortest(unit, siValue);
            if (unit.IsAlias || Math.Abs(number) < 1 || unit.ToPlain(number) != siValue) continue;
            string text = Numbers.Text(number);
            if (text.Length <= ShortNumber) return text + unit.Symbol;
            longText ??= text + unit.Symbol;
        }
        return longText ?? Numbers.Text(siValue) + plain.Symbol;
    }

    /// <summary>For readers, not for reading back: the value in the largest unit of which there is at least one, rounded to some digits.</summary>
    /// <exception cref="ArgumentOutOfRangeException">NaN or infinite.</exception>
    public static string Rounded(double siValue, Quantity kind, int digits)
    {
        double size = Math.Abs(siValue);
        UnitSymbol? unit = QuantityUnits.Of(kind).Units.FirstOrDefault(candidate => !candidate.IsAlias && candidate.FromPlain(size) >= 1);
        if (unit is null || kind == Quantity.Money || !double.IsFinite(siValue)) return Format(Digits(siValue), kind);
        return Numbers.Text(Digits(unit.FromPlain(siValue))) + unit.Symbol;

        double Digits(double value) => double.Parse(value.ToString("G" + Numbers.Text(digits), CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    /// <summary>0.01144 s is 11.44 ms although 0.01144 × 1000 is 11.440000000000001: of the numbers that read back alike, the shorter.</summary>
    private static double Shortest(UnitSymbol unit, double siValue)
    {
        double number = unit.FromPlain(siValue);
        double shorter = double.Parse(number.ToString("G15", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return unit.ToPlain(shorter) == siValue ? shorter : number;
    }

    private static bool TryConvert(double number, string symbol, string text, Quantity kind, out double siValue, out string? problem)
    {
        siValue = 0;
        problem = null;
        QuantityUnits units = QuantityUnits.Of(kind);
        if (kind == Quantity.Number)
        {
            siValue = number;
            if (symbol.Length > 0) problem = $"expected a number without a unit such as {units.Example}, not '{Shorten(text)}'";
            return problem is null;
        }
        if (symbol.Length == 0)
        {
            problem = $"'{Shorten(text)}' has no unit; write {units.Noun} such as {units.Example}";
            return false;
        }
        UnitSymbol? unit = units.Units.FirstOrDefault(candidate => candidate.Symbol == symbol);
        if (unit is null)
        {
            problem = UnknownUnit(symbol, units);
            return false;
        }
        siValue = unit.ToPlain(number);
        if (!double.IsFinite(siValue)) problem = $"'{Shorten(text)}' is too large to be {units.Noun}";
        return problem is null;
    }

    private static string UnknownUnit(string symbol, QuantityUnits units)
    {
        if (symbol is "Tb/s" or "Gb/s" or "Mb/s" or "Gbps" or "Mbps" or "Tbps")
            return $"'{symbol}' could mean bits or bytes; write {symbol[0]}bit/s or {symbol[0]}B/s";
        string[] known = [.. units.Units.Where(unit => !unit.IsAlias).Select(unit => unit.Symbol)];
        return $"'{Shorten(symbol)}' is no unit of {units.Noun[(units.Noun.IndexOf(' ') + 1)..]} (example: {units.Example})"
            + Names.Suggest(symbol, known);
    }

    /// <summary>User text inside an error: one line, at most 60 characters.</summary>
    internal static string Shorten(string text)
    {
        const int longest = 60;
        string line = text.ReplaceLineEndings(" ");
        return line.Length <= longest ? line : line[..(longest - 1)] + "…";
    }
}
