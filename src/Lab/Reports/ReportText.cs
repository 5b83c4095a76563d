using System.Globalization;
using Orrery.Kernel.Experiments;

namespace Orrery.Lab.Reports;

/// <summary>Single figures with a unit near their size; columns of figures use <see cref="Studies.FigureScale"/>.</summary>
internal static class ReportText
{
    public const string Missing = "–";

    /// <summary>Three digits: <c>231 ms</c>, <c>4.2 s</c>, <c>12.5 min</c>.</summary>
    public static string Duration(double seconds) => Math.Abs(seconds) switch
    {
        0 => "0 s",
        < 1e-3 => $"{Digits(seconds * 1e6)} µs",
        < 1 => $"{Digits(seconds * 1e3)} ms",
        < 120 => $"{Digits(seconds)} s",
        < 7200 => $"{Digits(seconds / 60)} min",
        < 172800 => $"{Digits(seconds / 3600)} h",
        _ => $"{Digits(seconds / 86400)} days",
    };

    public static string Duration(double? seconds) => seconds is { } value ? Duration(value) : Missing;

    public static string Share(double share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.#} %");

    /// <summary>With the SI prefix that leaves one to three digits before the point: <c>1.24 MJ</c>.</summary>
    public static string Prefixed(double amount, string unit)
    {
        (double factor, string prefix) = Math.Abs(amount) switch
        {
            >= 1e9 => (1e-9, "G"),
            >= 1e6 => (1e-6, "M"),
            >= 1e3 => (1e-3, "k"),
            0 or >= 1 => (1, ""),
            _ => (1e3, "m"),
        };
        return $"{Digits(amount * factor)} {prefix}{unit}";
    }

    public static string Digits(double value)
    {
        double size = Math.Abs(value);
        string format = size >= ExperimentTable.Large ? "0.###e+0" : size >= 100 ? "#,0" : size >= 10 ? "0.#" : size >= 1 ? "0.##" : "0.###";
        return value.ToString(format, CultureInfo.InvariantCulture);
    }
}
