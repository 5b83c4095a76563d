using System.Globalization;

namespace Orrery.Kernel.Units;

/// <summary>Prints a quantity with a decimal prefix: <c>3.35 TB/s</c>.</summary>
public static class UnitText
{
    private static readonly string[] Prefixes = ["", "k", "M", "G", "T", "P", "E"];

    public static string Scaled(double value, string symbol)
    {
        int index = 0;
        double scaled = value;
        while (Math.Abs(scaled) >= 1000 && index < Prefixes.Length - 1)
        {
            scaled /= 1000;
            index++;
        }
        return string.Create(CultureInfo.InvariantCulture, $"{scaled:0.###} {Prefixes[index]}{symbol}");
    }
}
