using System.Globalization;

namespace Orrery.Lab.Reports;

/// <summary>A table of figures over two axes, drawn as a heat map.</summary>
/// <param name="RowName">The axis that goes down.</param>
/// <param name="ColumnName">The axis that goes to the right.</param>
/// <param name="Values">Row by row; null where there is none.</param>
/// <param name="Write">A value as its cell shows it.</param>
internal sealed record HeatTable(
    string Title, string RowName, IReadOnlyList<string> Rows, string ColumnName, IReadOnlyList<string> Columns, IReadOnlyList<double?> Values,
    Func<double, string> Write)
{
    /// <summary>The smallest value is the best.</summary>
    public bool LowIsBest { get; init; }

    /// <summary>The first of the best values; null where there is no value.</summary>
    public int? Best
    {
        get
        {
            int? best = null;
            for (int i = 0; i < Values.Count; i++)
                if (Values[i] is { } value && (best is not { } found || (LowIsBest ? value < Values[found] : value > Values[found]))) best = i;
            return best;
        }
    }
}

/// <summary>
/// Heat maps without a script: the better, the stronger the colour, within each map; the best cell is filled, cells without a figure are
/// hatched. Colours are mixed from the page's own, so that figures stay readable in light and dark and every cell says its value.
/// </summary>
internal static class HeatMap
{
    private const double Width = 620;
    private const double CharacterWidth = 6.2;
    private const double Head = 20;
    private const double RowHeight = 24;
    private const double MostLeft = 200;

    /// <summary>Narrower cells leave their value to the tip.</summary>
    private const double LeastCellWidth = 26;

    private const double WidestCell = 96;

    /// <summary>Share of the accent colour in the worst and the second-best cell, percent; beyond the latter ink would be hard to read.</summary>
    private const double Faintest = 3;
    private const double Strongest = 52;

    /// <summary>The sentence that stands once above several maps.</summary>
    public const string Legend = "The better, the stronger the colour, within each map. The best cell is filled; hatched cells have no figure.";

    /// <param name="page">What is written to.</param>
    /// <param name="table">At least one row and column.</param>
    /// <param name="id">Unlike that of every other map of the page.</param>
    public static void Figure(HtmlWriter page, HeatTable table, string id)
    {
        page.Raw("<figure><figcaption>").Text(table.Title).Raw("</figcaption>");
        string corner = $"{table.RowName} ↓  {table.ColumnName} →";
        double left = Math.Min((Math.Max(table.Rows.Max(row => row.Length), corner.Length) * CharacterWidth) + 14, MostLeft);
        double cell = Math.Min(WidestCell, (Width - left) / table.Columns.Count);
        double height = Head + (table.Rows.Count * RowHeight) + 2;
        page.Raw(Invariant($"<svg viewBox=\"0 0 {Width} {height}\" style=\"display:block;width:100%;max-width:{Width}px;height:auto;font-size:11px\" role=\"img\" aria-label=\""))
            .Text($"{table.Title}: {table.RowName} down, {table.ColumnName} to the right").Raw("\">");
        page.Raw($"<defs><pattern id=\"{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">")
            .Raw("<rect width=\"6\" height=\"6\" fill=\"var(--soft)\"/><line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\" stroke=\"var(--mark)\" stroke-width=\"1.2\"/></pattern></defs>");
        Label(page, 0, Head - 7, Fitted(corner, left), "start", "faint");
        for (int column = 0; column < table.Columns.Count; column++)
            Label(page, left + ((column + 0.5) * cell), Head - 7, Fitted(table.Columns[column], cell), "middle", "faint");
        int? best = table.Best;
        double[] known = [.. table.Values.OfType<double>()];
        for (int row = 0; row < table.Rows.Count; row++)
        {
            double y = Head + (row * RowHeight);
            Label(page, left - 8, y + 16, Fitted(table.Rows[row], left - 8), "end", "faint");
            for (int column = 0; column < table.Columns.Count; column++)
            {
                int index = (row * table.Columns.Count) + column;
                double? value = table.Values[index];
                string fill = value is null ? $"url(#{id})" : index == best ? "var(--accent)" : Mixed(table, known, value.Value);
                string text = value is { } number ? table.Write(number) : "";
                page.Raw(Invariant($"<g><title>")).Text($"{table.RowName} {table.Rows[row]}, {table.ColumnName} {table.Columns[column]}: {(value is null ? "none" : text)}").Raw("</title>");
                page.Raw(Invariant($"<rect x=\"{left + (column * cell) + 0.75:F1}\" y=\"{y + 0.75:F1}\" width=\"{cell - 1.5:F1}\" height=\"{RowHeight - 1.5:F1}\" rx=\"2\" style=\"fill:{fill}\"/>"));
                if (cell >= LeastCellWidth) Label(page, left + ((column + 0.5) * cell), y + 16, text, "middle", index == best ? "card" : "ink", index == best);
                page.Raw("</g>");
            }
        }
        page.Raw("</svg></figure>\n");
    }

    private static string Mixed(HeatTable table, double[] known, double value)
    {
        double span = known.Max() - known.Min();
        double share = span > 0 ? (value - known.Min()) / span : 1;
        if (table.LowIsBest) share = 1 - share;
        return Invariant($"color-mix(in srgb,var(--accent) {Faintest + (share * (Strongest - Faintest)):F0}%,var(--card))");
    }

    private static string Fitted(string text, double room)
    {
        int most = Math.Max(2, (int)(room / CharacterWidth));
        return text.Length <= most ? text : text[..(most - 1)] + "…";
    }

    private static void Label(HtmlWriter page, double x, double y, string text, string anchor, string colour, bool isBold = false) =>
        page.Raw(Invariant($"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\" style=\"fill:var(--{colour}){(isBold ? ";font-weight:600" : "")}\">")).Text(text).Raw("</text>");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
