using System.Globalization;
using Orrery.Kernel.Experiments;

namespace Orrery.Cli.Tables;

/// <summary>One column: its header carries the unit.</summary>
/// <param name="Header">For example <c>memory GiB</c>; a line feed starts a second line.</param>
/// <param name="IsNumber">Numbers stand right, words left.</param>
/// <param name="Wraps">Long texts continue on the next line when the table would be too wide.</param>
internal sealed record Column(string Header, bool IsNumber = true, bool Wraps = false);

/// <summary>An aligned table of plain text that never exceeds <see cref="Shell.Terminal.Columns"/> where one column wraps.</summary>
/// <remarks>Own code instead of a library: it loads nothing, and start-up time counts for every command.</remarks>
internal sealed class TextTable(params Column[] columns)
{
    private const int Gap = 2;
    private const int NarrowestWrap = 16;
    private readonly List<string[]> _rows = [];

    public int Rows => _rows.Count;

    public TextTable Add(params string[] cells)
    {
        if (cells.Length != columns.Length) throw new ArgumentException($"{cells.Length} cells for {columns.Length} columns", nameof(cells));
        _rows.Add(cells);
        return this;
    }

    public void Write(TextWriter output, int indent = 0)
    {
        int[] widths = Widths(indent);
        string[][] heads = [.. columns.Select(column => column.Header.Split('\n'))];
        for (int k = 0; k < heads.Max(head => head.Length); k++)
            WriteRow(output, [.. heads.Select(head => k < head.Length ? head[k] : "")], widths, indent);
        output.WriteLine(new string(' ', indent) + string.Join(new string(' ', Gap), widths.Select(width => new string('-', width))));
        foreach (string[] row in _rows) WriteRow(output, row, widths, indent);
    }

    /// <summary>Lines of at most <paramref name="width"/> characters, cut at blanks; a word that is longer is cut where it must be.</summary>
    public static IReadOnlyList<string> Wrap(string text, int width)
    {
        List<string> lines = [];
        string line = "";
        foreach (string word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                lines.Add(line);
                line = "";
            }
            line = line.Length == 0 ? word : $"{line} {word}";
            while (line.Length > width)
            {
                lines.Add(line[..width]);
                line = line[width..];
            }
        }
        lines.Add(line);
        return lines;
    }

    private int[] Widths(int indent)
    {
        int[] widths = [.. columns.Select((column, i) => _rows.Select(row => row[i].Length).Concat(column.Header.Split('\n').Select(line => line.Length)).Max())];
        int excess = indent + widths.Sum() + Gap * (columns.Length - 1) - Shell.Terminal.Columns;
        // The widest of the wrapping columns gives way first, down to a width at which words still fit.
        while (excess > 0)
        {
            int widest = -1;
            for (int i = 0; i < columns.Length; i++)
                if (columns[i].Wraps && widths[i] > NarrowestWrap && (widest < 0 || widths[i] > widths[widest])) widest = i;
            if (widest < 0) break;
            widths[widest]--;
            excess--;
        }
        return widths;
    }

    private void WriteRow(TextWriter output, string[] cells, int[] widths, int indent)
    {
        IReadOnlyList<string>[] lines = [.. cells.Select((cell, i) => columns[i].Wraps ? Wrap(cell, widths[i]) : [cell])];
        for (int k = 0; k < lines.Max(cell => cell.Count); k++)
        {
            IEnumerable<string> parts = lines.Select((cell, i) =>
            {
                string text = k < cell.Count ? cell[k] : "";
                return columns[i].IsNumber ? text.PadLeft(widths[i]) : text.PadRight(widths[i]);
            });
            output.WriteLine((new string(' ', indent) + string.Join(new string(' ', Gap), parts)).TrimEnd());
        }
    }

    /// <summary>A number with this many significant digits, with an exponent only from 1e15 on: <c>0.0123</c>, <c>12.3</c>, <c>12,345</c>, <c>1.23e+57</c>.</summary>
    public static string Figure(double value, int digits = 3)
    {
        if (!double.IsFinite(value)) return "-";
        if (value == 0) return "0";
        double size = Math.Abs(value);
        if (size >= ExperimentTable.Large) return value.ToString("0." + new string('#', digits - 1) + "e+0", CultureInfo.InvariantCulture);
        int decimals = Math.Clamp(digits - 1 - (int)Math.Floor(Math.Log10(size)), 0, 9);
        string text = value.ToString("N" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
    }
}
