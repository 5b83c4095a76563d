using System.Globalization;
using Orrery.Kernel.Statistics;

namespace Orrery.Lab.Claims;

/// <summary>Figures of claims as people read them, on pages and terminals alike.</summary>
public static class ClaimFigures
{
    private const int Digits = 3;
    private const int SpreadDigits = 2;
    private const int MostDecimals = 9;

    /// <summary>The mean and half its interval's width: <c>1.36 ± 0.021 s</c>. A width that the mean's digits do not show is 0; one seed has none.</summary>
    /// <param name="figure">Null where there is none.</param>
    /// <param name="unit">After the number; empty for none.</param>
    /// <param name="missing">What stands for no figure.</param>
    public static string Text(ConfidenceInterval? figure, string unit, string missing)
    {
        if (figure is not { } value) return missing;
        string spread = "";
        if (double.IsFinite(value.HalfWidth))
        {
            // A mean of zero has no last digit to compare with.
            bool isBelow = value.Mean != 0 && value.HalfWidth < 0.5 * Math.Pow(10, -Decimals(value.Mean, Digits));
            spread = " ± " + (isBelow ? "0" : Number(value.HalfWidth, SpreadDigits));
        }
        return $"{Number(value.Mean)}{spread} {unit}".TrimEnd();
    }

    /// <summary>With this many significant digits and no exponent: <c>0.0123</c>, <c>12.3</c>, <c>12,345</c>.</summary>
    public static string Number(double value, int digits)
    {
        if (!double.IsFinite(value)) return "-";
        int decimals = Decimals(value, digits);
        string text = Math.Round(value, decimals).ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        text = text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
        return text == "-0" ? "0" : text;
    }

    /// <inheritdoc cref="Number(double, int)"/>
    public static string Number(double value) => Number(value, Digits);

    /// <summary><c>≤ 2</c>, <c>1.5–2</c>, <c>any</c>.</summary>
    public static string Range(ClaimRange range) => (double.IsInfinity(range.Low), double.IsInfinity(range.High)) switch
    {
        (true, true) => "any",
        (true, false) => $"≤ {Number(range.High)}",
        (false, true) => $"≥ {Number(range.Low)}",
        _ => range.Low == range.High ? Number(range.Low) : $"{Number(range.Low)}–{Number(range.High)}",
    };

    private static int Decimals(double value, int digits) =>
        value == 0 ? 0 : Math.Clamp(digits - 1 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, MostDecimals);
}
