using System.Globalization;
using Orrery.Kernel;

namespace Orrery.Documents;

/// <summary>Numbers written as one text with commas between them, for options that take one per member of a group.</summary>
public static class NumberList
{
    /// <summary>Reads so many numbers; an empty text stands for all ones, and a single number for a list of it.</summary>
    /// <param name="text">Such as <c>2, 1, 0.5</c>.</param>
    /// <param name="option">Its name, for errors.</param>
    /// <param name="count">How many are needed.</param>
    /// <param name="min">Smallest that is allowed.</param>
    /// <exception cref="InputException">Another number of them, or one that is no number or out of range.</exception>
    public static double[] Parse(string text, string option, int count, double min = 0)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Trim().Length == 0) return [.. Enumerable.Repeat(1.0, count)];
        string[] parts = text.Split(',');
        double[] values = [.. parts.Select(part => Read(part.Trim(), option, min))];
        if (values.Length == 1) return [.. Enumerable.Repeat(values[0], count)];
        return values.Length == count
            ? values
            : throw new InputException($"{option}: '{Quantities.Shorten(text)}' has {values.Length} numbers, and {count} are needed; write one for each, or leave the option out");
    }

    private static double Read(string part, string option, double min) =>
        double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) && double.IsFinite(value) && value >= min
            ? value
            : throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{option}: '{Quantities.Shorten(part)}' is no number of at least {min}; write numbers with commas between them, such as 2, 1, 1"));
}
