using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>Heat maps of a study that varied two keys: the most important figures over both.</summary>
internal static class StudyMaps
{
    private const int MostMaps = 6;

    public static void Write(HtmlWriter page, IReadOnlyList<Variant> variants)
    {
        if (variants.Count == 0 || variants.Any(variant => variant.Vary.Count != 2)) return;
        string[] paths = [.. variants[0].Vary.Keys];
        string[] rows = [.. variants.Select(variant => variant.Vary[paths[0]]).Distinct(StringComparer.Ordinal)];
        string[] columns = [.. variants.Select(variant => variant.Vary[paths[1]]).Distinct(StringComparer.Ordinal)];
        if (rows.Length < 2 || columns.Length < 2) return;
        IReadOnlyList<string> names = VaryLabels.Short(paths);
        HeatTable[] tables =
        [
            .. Measures.All.Where(measure => measure.Better != Better.Neither).OrderBy(measure => measure.Priority)
                .Select(measure => Table(measure, variants, paths, names, rows, columns)).OfType<HeatTable>().Take(MostMaps),
        ];
        if (tables.Length == 0) return;
        page.Raw("<h2>Over both keys</h2>\n<p class=\"hint\">").Text(HeatMap.Legend).Raw("</p>\n<div class=\"charts\">\n");
        for (int i = 0; i < tables.Length; i++) HeatMap.Figure(page, tables[i], $"map-{i}");
        page.Raw("</div>\n");
    }

    /// <summary>Null where all variants agree or none has a sample.</summary>
    private static HeatTable? Table(
        Measure measure, IReadOnlyList<Variant> variants, string[] paths, IReadOnlyList<string> names, string[] rows, string[] columns)
    {
        var values = new double?[rows.Length * columns.Length];
        foreach (Variant variant in variants)
        {
            ConfidenceInterval? value = variant.Value(measure);
            values[(Array.IndexOf(rows, variant.Vary[paths[0]]) * columns.Length) + Array.IndexOf(columns, variant.Vary[paths[1]])] = value?.Mean;
        }
        double[] known = [.. values.OfType<double>()];
        if (known.Length == 0 || known.Min() == known.Max()) return null;
        FigureScale scale = FigureScale.For(measure.Unit, known);
        string title = scale.Unit.Length > 0 ? $"{measure.Header} ({scale.Unit})" : measure.Header;
        return new(title, names[0], rows, names[1], columns, values, scale.Text) { LowIsBest = measure.Better == Better.Lower };
    }
}
