using System.Globalization;
using Orrery.Lab.Results;

namespace Orrery.Lab.Studies;

/// <summary>How the figures of one column are written: one unit and one number of decimals for all, so that they can be read down.</summary>
/// <param name="Unit">After the header; empty for plain counts.</param>
/// <param name="Factor">Plain unit to shown unit.</param>
/// <param name="Decimals">Digits after the point.</param>
public readonly record struct FigureScale(string Unit, double Factor, int Decimals)
{
    private const int MostDecimals = 3;
    private const double MillisecondsPerSecond = 1e3;
    private const double Percent = 100;

    /// <summary>A scale on which all of the values can be told apart and read.</summary>
    public static FigureScale For(MeasureUnit unit, IReadOnlyCollection<double> values)
    {
        double[] sizes = [.. values.Where(double.IsFinite).Select(Math.Abs)];
        double largest = sizes.DefaultIfEmpty(0).Max();
        (string name, double factor) = unit switch
        {
            MeasureUnit.Seconds => largest < 1 ? ("ms", MillisecondsPerSecond) : ("s", 1),
            MeasureUnit.PerSecond => ("/s", 1.0),
            MeasureUnit.Share => ("%", Percent),
            MeasureUnit.JoulesPerToken => ("J/token", 1.0),
            MeasureUnit.Joules => largest < 1e6 ? ("kJ", 1e-3) : ("MJ", 1e-6),
            MeasureUnit.Grams => largest < 1e3 ? ("g", 1.0) : ("kg", 1e-3),
            MeasureUnit.Litres => ("L", 1.0),
            MeasureUnit.Dollars => ("$", 1.0),
            _ => ("", 1.0),
        };
        if (unit == MeasureUnit.Count) return new(name, factor, 0);
        if (unit == MeasureUnit.Share) return new(name, factor, 1);
        double smallest = sizes.Where(size => size > 0).DefaultIfEmpty(0).Min() * factor;
        // Three digits of the largest; two of the smallest as far as the decimals go.
        double shown = largest * factor;
        int wanted = Math.Max(2 - Magnitude(shown), 1 - Magnitude(smallest));
        // Beside thousands a figure of a few units keeps two digits, so that small figures can be told apart.
        int most = shown >= 1000 ? Math.Clamp(1 - Magnitude(smallest), 0, MostDecimals - 1) : shown >= 1 ? MostDecimals - 1 : MostDecimals;
        return new(name, factor, Math.Clamp(wanted, 0, most));
    }

    public string Text(double value) => (value * Factor).ToString("N" + Decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static int Magnitude(double size) => size > 0 ? (int)Math.Floor(Math.Log10(size)) : 0;
}
