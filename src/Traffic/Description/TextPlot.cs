using System.Text;

namespace Orrery.Traffic.Description;

/// <summary>Plots as plain text lines, without colours or control codes.</summary>
public static class TextPlot
{
    private const string Eighths = " ▁▂▃▄▅▆▇█";

    /// <summary>Bit of a Braille cell's dot, by row (from the top) and column (Unicode block U+2800).</summary>
    private static readonly int[,] DotBits = { { 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 } };

    /// <summary>
    /// One line of bars, from zero to the highest value; resampled by means to at most <paramref name="width"/> characters.
    /// </summary>
    public static string Sparkline(IReadOnlyList<double> values, int width = 60)
    {
        double[] columns = Resample(values, Math.Min(width, values.Count));
        double highest = columns.Length == 0 ? 0 : columns.Max();
        var text = new StringBuilder(columns.Length);
        foreach (double value in columns)
        {
            // A value above zero never vanishes.
            int level = highest > 0 ? (int)Math.Round(value / highest * 8) : 0;
            text.Append(Eighths[value > 0 ? Math.Max(1, level) : 0]);
        }
        return text.ToString();
    }

    /// <summary>
    /// A filled curve of Braille dots (two columns and four rows a character), with the highest value and zero at the left.
    /// </summary>
    /// <param name="values">Non-negative values at equal distances.</param>
    /// <param name="width">Characters of the plot itself.</param>
    /// <param name="height">Lines.</param>
    /// <param name="label">How the scale is written.</param>
    public static IReadOnlyList<string> Braille(
        IReadOnlyList<double> values, int width = 60, int height = 6, Func<double, string>? label = null)
    {
        label ??= value => value.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture);
        double[] columns = Resample(values, width * 2);
        double highest = columns.Length == 0 ? 0 : columns.Max();
        string top = label(highest);
        string bottom = label(0);
        int margin = Math.Max(top.Length, bottom.Length);
        var lines = new List<string>(height);
        for (int line = 0; line < height; line++)
        {
            var text = new StringBuilder();
            text.Append((line == 0 ? top : line == height - 1 ? bottom : "").PadLeft(margin)).Append(line == 0 || line == height - 1 ? '┤' : '│');
            for (int cell = 0; cell < (columns.Length + 1) / 2; cell++) text.Append((char)(0x2800 + Cell(columns, cell, line, height, highest)));
            lines.Add(text.ToString());
        }
        return lines;
    }

    /// <summary>A histogram with one line per class: label, bar, share.</summary>
    /// <param name="classes">Label and weight of each class.</param>
    /// <param name="width">Characters of the longest bar.</param>
    public static IReadOnlyList<string> Bars(IReadOnlyList<(string Label, double Weight)> classes, int width = 40)
    {
        double sum = classes.Sum(c => c.Weight);
        double highest = classes.Count == 0 ? 0 : classes.Max(c => c.Weight);
        int margin = classes.Count == 0 ? 0 : classes.Max(c => c.Label.Length);
        return [.. classes.Select(c =>
        {
            int eighths = highest > 0 ? (int)Math.Round(c.Weight / highest * width * 8) : 0;
            string bar = new string('█', eighths / 8) + (eighths % 8 == 0 ? "" : "▏▎▍▌▋▊▉"[(eighths % 8) - 1].ToString());
            string share = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(sum > 0 ? c.Weight / sum * 100 : 0),5:0.0} %");
            return $"{c.Label.PadLeft(margin)} │{bar.PadRight(width)} {share}";
        })];
    }

    /// <summary>Classes of a length sketch that double: 1, 2, 3–4, 5–8, …; shares from the quantiles.</summary>
    public static IReadOnlyList<(string Label, double Weight)> DoublingClasses(Kernel.Statistics.QuantileSketch lengths)
    {
        var classes = new List<(string, double)>();
        if (lengths.IsEmpty) return classes;
        double below = 0;
        for (long low = 0, high = 1; low < lengths.Max; low = high, high *= 2)
        {
            double share = ShareUpTo(lengths, high);
            if (share > below || classes.Count > 0) classes.Add((low + 1 == high ? $"{high}" : $"{low + 1}–{high}", share - below));
            below = share;
        }
        return classes;
    }

    private static double ShareUpTo(Kernel.Statistics.QuantileSketch lengths, long value)
    {
        if (lengths.Min > value) return 0;
        double low = 0;
        double high = 1;
        const int steps = 24;
        for (int i = 0; i < steps; i++)
        {
            double middle = (low + high) / 2;
            if (lengths.Quantile(middle) <= value) low = middle;
            else high = middle;
        }
        return high;
    }

    private static int Cell(double[] columns, int cell, int line, int height, double highest)
    {
        int bits = 0;
        for (int column = 0; column < 2 && (cell * 2) + column < columns.Length; column++)
        {
            double value = columns[(cell * 2) + column];
            int dots = highest > 0 ? (int)Math.Round(value / highest * height * 4) : 0;
            if (value > 0) dots = Math.Max(1, dots);
            for (int row = 0; row < 4; row++)
            {
                int fromBottom = ((height - line) * 4) - row;
                if (fromBottom <= dots) bits |= DotBits[row, column];
            }
        }
        return bits;
    }

    private static double[] Resample(IReadOnlyList<double> values, int columns)
    {
        if (values.Count == 0) return [];
        var result = new double[columns];
        for (int i = 0; i < columns; i++)
        {
            double from = (double)i * values.Count / columns;
            double to = (double)(i + 1) * values.Count / columns;
            double sum = 0;
            for (int k = (int)from; k < to && k < values.Count; k++) sum += values[k] * (Math.Min(k + 1, to) - Math.Max(k, from));
            result[i] = sum / (to - from);
        }
        return result;
    }
}
