using Orrery.Kernel.Experiments;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>The report of an experiment, or of a study of one: its figures and its tables.</summary>
internal static class ExperimentPage
{
    private const int Digits = 4;

    /// <exception cref="ArgumentException">The study has no run.</exception>
    public static string Page(StudyResult study, string lockText, string lesson)
    {
        if (study.Runs.Count == 0) throw new ArgumentException("a report needs at least one run", nameof(study));
        IReadOnlyList<Variant> variants = Variant.Group(study.Runs);
        string[] labels = [.. variants.Select(variant => variant.Label)];
        RunResult first = variants[0].Runs[0].Result;
        var page = new HtmlWriter();
        ReportPage.Head(page, study.Scenario);
        page.Raw("<header class=\"top\">").Raw(ReportPage.Mark).Raw("<div>").Element("h1", study.Scenario).Raw("<p class=\"sub\">")
            .Text($"experiment {first.Experiment?.Use} · seed {study.Seed} · Orrery {Report.Version}").Raw("</p>");
        if (lesson.Length > 0) page.Element("p", lesson);
        page.Raw("</div><button id=\"theme\" type=\"button\">Light / dark</button></header>\n<main>\n");
        if (study.IsPartial) page.Raw("<p class=\"banner\">Interrupted: the runs that had ended by then.</p>\n");
        ReportTables.Expectations(page, variants, labels);
        if (variants.Count > 1)
        {
            page.Raw("<h2>Side by side</h2>\n");
            ReportTables.Study(page, StudyTable.Of(study), labels);
        }
        else if (first.Experiment is { } outcome)
        {
            Figures(page, outcome);
            foreach (ExperimentTable table in outcome.Tables) Table(page, table.Title, table.Columns, table.Rows);
        }
        ReportTables.Notes(page, variants, labels);
        page.Raw("<details class=\"card\"><summary>Scenario <span>with every default resolved</span></summary><pre>").Text(lockText).Raw("</pre></details>\n");
        page.Raw("</main>\n<footer>The same scenario, seed and version give the same figures.</footer>\n");
        page.Raw("<script type=\"application/json\" id=\"data\">").Raw(ReportCharts.Of([], null, null).Data([])).Raw("</script>\n<script>\n");
        return page.Raw(Report.Asset("report.js")).Raw("</script>\n</body>\n</html>\n").ToString();
    }

    private static void Figures(HtmlWriter page, ExperimentOutcome outcome) => Table(
        page, "Figures", ["figure", "value", "meaning"],
        [
            .. outcome.Figures.Where(figure => outcome.Value(figure.Name) is not null).Select(figure => (IReadOnlyList<string>)
            [
                figure.Name, $"{Claims.ClaimFigures.Number(outcome.Value(figure.Name)!.Value, Digits)} {figure.Unit}".TrimEnd(), figure.Doc,
            ]),
        ]);

    private static void Table(HtmlWriter page, string title, IReadOnlyList<string> columns, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        page.Element("h2", title).Raw("\n<div class=\"card scroll\"><table><thead><tr>");
        for (int i = 0; i < columns.Count; i++) page.Raw(i == 0 ? "<th class=\"name\">" : "<th>").Text(columns[i]).Raw("</th>");
        page.Raw("</tr></thead><tbody>\n");
        foreach (IReadOnlyList<string> row in rows)
        {
            page.Raw("<tr>");
            for (int i = 0; i < row.Count; i++) page.Raw(i == 0 ? "<td class=\"name\">" : "<td>").Text(row[i]).Raw("</td>");
            page.Raw("</tr>\n");
        }
        page.Raw("</tbody></table></div>\n");
    }
}
