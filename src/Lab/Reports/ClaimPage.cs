using Orrery.Documents;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Claims;
using Orrery.Lab.Runs;

namespace Orrery.Lab.Reports;

/// <summary>The report of one system's claims: paper beside measured, each with the plot that the paper would show.</summary>
public static class ClaimPage
{
    /// <summary>Writes the page, complete or not at all.</summary>
    /// <param name="results">Claims of one system, at least one.</param>
    /// <param name="path">Its file; folders are made.</param>
    /// <param name="isQuick">The reduced grid was run; the page says so.</param>
    /// <exception cref="Kernel.InputException">The folder cannot be written to.</exception>
    public static void Write(IReadOnlyList<ClaimResult> results, string path, bool isQuick = false)
    {
        string full = Path.GetFullPath(path);
        RunFolder.WriteText(Path.GetDirectoryName(full)!, Path.GetFileName(full), Page(results, isQuick));
    }

    /// <exception cref="ArgumentException">No result.</exception>
    public static string Page(IReadOnlyList<ClaimResult> results, bool isQuick = false)
    {
        ArgumentNullException.ThrowIfNull(results);
        if (results.Count == 0) throw new ArgumentException("a page needs at least one claim", nameof(results));
        ClaimFile file = results[0].File;
        var page = new HtmlWriter();
        string title = file.IsStudy ? $"Study {file.System}" : $"Claims of {file.System}";
        ReportPage.Head(page, title);
        page.Raw("<header class=\"top\">").Raw(ReportPage.Mark).Raw("<div>").Element("h1", title).Raw("<p class=\"sub\">")
            .Text($"{file.Paper} · Orrery {Report.Version}").Raw("</p></div><button id=\"theme\" type=\"button\">Light / dark</button></header>\n<main>\n");
        if (isQuick) page.Raw("<p class=\"banner\">Reduced grid: fewer requests, values and seeds than the claims ask for.</p>\n");
        Table(page, results);
        for (int i = 0; i < results.Count; i++) OneClaim(page, results[i], i);
        page.Raw("</main>\n<footer>The figures are means over the seeds with their 95 % confidence intervals. One cost profile per device serves all systems.</footer>\n");
        page.Raw("<script type=\"application/json\" id=\"data\">").Raw(ClaimCharts.Data(results)).Raw("</script>\n<script>\n");
        return page.Raw(Report.Asset("report.js")).Raw("</script>\n</body>\n</html>\n").ToString();
    }

    private static void Table(HtmlWriter page, IReadOnlyList<ClaimResult> results)
    {
        page.Raw("<h2>Paper beside measured</h2>\n<div class=\"card scroll\"><table><thead><tr><th class=\"name\">claim</th>");
        foreach (string head in new[] { "paper", "measured", "band", "status" }) page.Element("th", head);
        page.Raw("</tr></thead><tbody>\n");
        foreach (ClaimResult result in results)
        {
            Claim claim = result.Claim;
            page.Raw("<tr><td class=\"name\">").Text(claim.Name).Raw("</td>");
            page.Element("td", claim.Paper is { } paper ? $"{ClaimFigures.Range(paper)} ({claim.Mark})" : ReportText.Missing);
            string whole = claim.Window is null ? "" : $" (whole run {Figure(result.Whole, claim.Unit)})";
            page.Element("td", Figure(result.Measured, claim.Unit) + whole);
            string own = claim.BandMark.Length > 0 ? $" ({claim.BandMark})" : "";
            page.Element("td", claim.Band is { } band ? ClaimFigures.Range(band) + own : ReportText.Missing);
            page.Raw("<td>").Raw(Tick(result.Status)).Raw("</td></tr>\n");
        }
        page.Raw("</tbody></table></div>\n");
    }

    private static void OneClaim(HtmlWriter page, ClaimResult result, int index)
    {
        Claim claim = result.Claim;
        page.Raw("<section class=\"card claim\">").Element("h3", claim.Name).Raw("<p>").Text(claim.Doc).Raw("</p><p class=\"hint\">")
            .Text($"{claim.Node["value"]!.Text}{(claim.Window is { } window ? $" · window {window}" : "")} · {(result.Seeds.Count == 1 ? "1 seed" : $"{result.Seeds.Count} seeds")}").Raw("</p>\n");
        ClaimDrawings.Gauge(page, result);
        ClaimMaps.Each(page, result);
        if (result.Why.Length > 0) page.Raw("<p>").Text($"{ChoiceNames.Of(result.Status)}: {result.Why}").Raw("</p>\n");
        if (claim.Plot is { } plot && result.Curves.Count > 0)
        {
            page.Raw($"<figure data-chart=\"{ClaimCharts.Id(index)}\"><figcaption>").Text(plot.Text);
            if (plot.X is not null) page.Raw(" <span>").Text($"against {plot.XText}").Raw("</span>");
            else if (claim.Full.Sweep is { } sweep) page.Raw(" <span>").Text($"over {sweep.Path}{ClaimCharts.UnitOf(plot, sweep)}").Raw("</span>");
            page.Raw("</figcaption>");
            for (int i = 0; i < result.Curves.Count && plot.Kind == PlotKind.Lines; i++)
                page.Raw("<span class=\"key\">").Raw(ReportTables.Swatch(i)).Text(" " + result.Curves[i].Cell).Raw("</span>");
            if (plot.X is not null) ClaimPaths.Draw(page, result.Curves, plot);
            else if (plot.Kind == PlotKind.Lines) page.Raw("<div class=\"plot\"></div>");
            else ClaimDrawings.Bars(page, result.Curves, ClaimCharts.UnitOf(plot));
            page.Raw("</figure>\n");
        }
        ClaimMaps.Maps(page, result, ClaimCharts.Id(index));
        page.Raw("</section>\n");
    }

    private static string Tick(ClaimStatus status) => status switch
    {
        ClaimStatus.InBand => "<span class=\"tick met\">✓ in-band</span>",
        ClaimStatus.Missed => "<span class=\"tick missed\">✗ missed</span>",
        _ => ChoiceNames.Of(status),
    };

    internal static string Figure(ConfidenceInterval? figure, string unit) => ClaimFigures.Text(figure, unit, ReportText.Missing);
}
