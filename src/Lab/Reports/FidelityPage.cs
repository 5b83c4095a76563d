using System.Globalization;
using Orrery.Documents;
using Orrery.Lab.Fidelity;
using Orrery.Lab.Runs;

namespace Orrery.Lab.Reports;

/// <summary>The report of <c>fidelity</c>: every figure with its bar, predicted against measured, and error against load.</summary>
public static class FidelityPage
{
    private static readonly Dictionary<string, string> Levels = new(StringComparer.Ordinal)
    {
        [OperatorLevel.Name] = "F1 – operators",
        [IterationLevel.Name] = "F2 – steps",
        [DeploymentLevel.Name] = "F3 – deployments at fixed concurrency",
        [RequestLevel.Name] = "F4 – request by request",
        [EnergyLevel.Name] = "Energy",
    };

    /// <summary>Writes the page, complete or not at all.</summary>
    /// <exception cref="Kernel.InputException">The folder cannot be written to.</exception>
    public static void Write(FidelityReport report, string path)
    {
        string full = Path.GetFullPath(path);
        RunFolder.WriteText(Path.GetDirectoryName(full)!, Path.GetFileName(full), Page(report));
    }

    public static string Page(FidelityReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var page = new HtmlWriter();
        ReportPage.Head(page, "Fidelity");
        page.Raw("<header class=\"top\">").Raw(ReportPage.Mark).Raw("<div>").Element("h1", "Fidelity").Raw("<p class=\"sub\">")
            .Text($"How far the cost models lie from public measurements · Orrery {Report.Version}").Raw("</p></div><button id=\"theme\" type=\"button\">Light / dark</button></header>\n<main>\n");
        if (report.IsPartial) page.Raw("<p class=\"banner\">Interrupted: the figures cover what had been reached by then.</p>\n");
        Summary(page, report);
        foreach (IGrouping<string, FidelityTable> level in FidelityTable.Of(report).GroupBy(table => table.Level))
        {
            page.Element("h2", Levels.GetValueOrDefault(level.Key, level.Key)).Raw("\n");
            Plots(page, [.. report.Points.Where(point => point.Level == level.Key)]);
            foreach (FidelityTable table in level) Table(page, table);
        }
        if (report.Warnings.Count > 0)
        {
            page.Raw("<details class=\"card\"><summary>Warnings <span>").Text(report.Warnings.Count.ToString(CultureInfo.InvariantCulture)).Raw("</span></summary><ul class=\"notes\" style=\"padding:0 14px\">\n");
            foreach (string warning in report.Warnings) page.Element("li", warning).Raw("\n");
            page.Raw("</ul></details>\n");
        }
        page.Raw("</main>\n<footer>One profile per device and engine version serves everything. Interpolate: the device's own tables are given. Transfer: only its data sheet.</footer>\n");
        page.Raw("<script type=\"application/json\" id=\"data\">{\"labels\":[],\"charts\":[]}</script>\n<script>\n");
        return page.Raw(Report.Asset("report.js")).Raw("</script>\n</body>\n</html>\n").ToString();
    }

    /// <summary>The levels' own figures that have a bar, of operators and steps only those over all kinds.</summary>
    private static void Summary(HtmlWriter page, FidelityReport report)
    {
        FidelityRow[] own =
        [
            .. report.Rows.Where(row => row.Group == FidelityRow.All && row.Bar is not null
                && (row.Level is not (OperatorLevel.Name or IterationLevel.Name) || row.Part.StartsWith(FidelityRow.All, StringComparison.Ordinal) || row.Part == IterationLevel.EveryStep)),
        ];
        if (own.Length == 0) return;
        page.Raw("<h2>Figures with a bar</h2>\n<div class=\"card scroll\"><table><thead><tr>");
        foreach (string head in new[] { "level", "mode", "split", "part", "figure" }) page.Raw("<th class=\"name\">").Text(head).Raw("</th>");
        foreach (string head in new[] { "value", "entry", "lead", "reached" }) page.Element("th", head);
        page.Raw("</tr></thead><tbody>\n");
        foreach (FidelityRow row in own)
        {
            page.Raw("<tr>");
            foreach (string text in new[] { row.Level, ChoiceNames.Of(row.Mode), row.Split, row.Part, FidelityTable.Head(row.Metric) }) page.Raw("<td class=\"name\">").Text(text).Raw("</td>");
            page.Element("td", FidelityTable.Text(row));
            page.Element("td", FidelityTable.Text(row with { Value = row.Bar!.Entry }).TrimStart('+'));
            page.Element("td", FidelityTable.Text(row with { Value = row.Bar.Lead }).TrimStart('+'));
            page.Raw("<td>").Raw(Tick(row.Verdict)).Raw("</td></tr>\n");
        }
        page.Raw("</tbody></table></div>\n");
    }

    private static void Table(HtmlWriter page, FidelityTable table)
    {
        page.Raw("<details class=\"card\" style=\"margin-top:12px\"><summary>").Text($"{ChoiceNames.Of(table.Mode)}: {table.Split}").Raw(" <span>")
            .Text(string.Create(CultureInfo.InvariantCulture, $"{table.Lines.Count} lines")).Raw("</span></summary><div class=\"scroll\"><table><thead><tr><th class=\"name\">group</th><th class=\"name\">part</th><th>n</th>");
        foreach (FidelityMetric column in table.Columns) page.Element("th", FidelityTable.Head(column));
        page.Raw("<th>reached</th></tr></thead><tbody>\n");
        foreach (FidelityLine line in table.Lines)
        {
            page.Raw("<tr><td class=\"name\">").Text(line.Group).Raw("</td><td class=\"name\">").Text(line.Part).Raw("</td>")
                .Element("td", line.Samples.ToString("N0", CultureInfo.InvariantCulture));
            foreach (FidelityRow? cell in line.Cells) page.Element("td", FidelityTable.Text(cell));
            page.Raw("<td>").Raw(Tick(line.Verdict)).Raw("</td></tr>\n");
        }
        page.Raw("</tbody></table></div></details>\n");
    }

    private static void Plots(HtmlWriter page, FidelityPoint[] points)
    {
        if (points.Length == 0) return;
        // One colour per device or run: engines and kinds of operators share the colour of their device.
        string[] series = [.. points.Select(Series).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, int> colours = series.Select((name, i) => (name, i)).ToDictionary(pair => pair.name, pair => pair.i, StringComparer.Ordinal);
        page.Raw("<p class=\"hint\">");
        for (int i = 0; i < series.Length; i++)
            page.Raw("<span style=\"display:inline-block;margin-right:14px\">").Raw(ReportTables.Swatch(i % ReportCharts.MostRuns)).Text(" " + series[i]).Raw("</span>");
        page.Raw("</p>\n<div class=\"charts\">\n");
        foreach (IGrouping<(FidelityMode Mode, string Part), FidelityPoint> plot in points.GroupBy(point => (point.Mode, point.Part)).OrderBy(plot => plot.Key.Part, StringComparer.Ordinal).ThenBy(plot => plot.Key.Mode))
        {
            string title = $"{plot.Key.Part}, {ChoiceNames.Of(plot.Key.Mode)}";
            string unit = plot.Key.Part switch { "power" => "W", "energy per token" => "J", _ => "s" };
            ScatterPlot.Equal(page, title, [.. plot.Select(point => new ScatterDot(colours[Series(point)], point.Measured, point.Predicted))], unit);
            FidelityPoint[] loaded = [.. plot.Where(point => point.Load > 0)];
            if (loaded.Length > 0)
                ScatterPlot.Error(page, title, [.. loaded.Select(point => new ScatterDot(colours[Series(point)], point.Load, (point.Predicted / point.Measured) - 1))], LoadOf(loaded[0].Level));
        }
        page.Raw("</div>\n");
    }

    private static string Series(FidelityPoint point) => point.Level == RequestLevel.Name ? point.Group : point.Group.Split(' ')[0];

    private static string LoadOf(string level) => level switch
    {
        DeploymentLevel.Name => "clients",
        RequestLevel.Name => "requests in flight at arrival",
        _ => "sequences in the step",
    };

    private static string Tick(FidelityVerdict verdict) => verdict switch
    {
        FidelityVerdict.Lead => "<span class=\"tick met\">✓ lead</span>",
        FidelityVerdict.Entry => "<span class=\"tick met\">✓ entry</span>",
        FidelityVerdict.Missed => "<span class=\"tick missed\">✗ missed</span>",
        _ => ReportText.Missing,
    };
}
