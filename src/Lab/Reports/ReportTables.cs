using System.Globalization;
using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>The tables and lists of a report.</summary>
internal static class ReportTables
{
    private const string CostSection = "cost";

    private static readonly string[] CostHeads =
        [.. RunMetricTable.All.Where(metric => metric.Section == CostSection && metric.Columns.Count > 0).Select(metric => metric.Header)];

    public static string Swatch(int run) => run < ReportCharts.MostRuns
        ? $"<span class=\"swatch\" style=\"background:var(--run-{run})\"></span>"
        : "";

    /// <summary>The figures that a reader of one run looks for first.</summary>
    public static void Tiles(HtmlWriter page, RunResult run)
    {
        RunMetrics metrics = run.Metrics;
        page.Raw("<dl class=\"tiles\">");
        Tile(page, "Time to first token", ReportText.Duration(metrics.TtftSeconds?.P50), $"median · p99 {ReportText.Duration(metrics.TtftSeconds?.P99)}");
        Tile(page, "Gap between tokens", ReportText.Duration(metrics.GapSeconds?.P50), $"median · p99 {ReportText.Duration(metrics.GapSeconds?.P99)}");
        Tile(page, "Within the SLO", ReportText.Share(metrics.SloAttainment), $"goodput {ReportText.Digits(metrics.GoodputRequestsPerSecond)} requests/s");
        Tile(page, "Output", $"{ReportText.Digits(metrics.OutputTokensPerSecond)} tok/s", $"{ReportText.Digits(metrics.RequestsPerSecond)} requests/s");
        Tile(page, "Busy", ReportText.Share(metrics.BusyFraction), $"KV at most {ReportText.Share(metrics.KvUtilizationMax)}");
        Tile(
            page, "Finished", run.Requests.Finished.ToString("N0", CultureInfo.InvariantCulture),
            string.Create(CultureInfo.InvariantCulture, $"of {run.Requests.Arrived:N0} · {run.Requests.Rejected:N0} rejected"));
        page.Raw("</dl>\n");
    }

    public static void Distributions(HtmlWriter page, RunResult run)
    {
        page.Raw("<h2>Latencies</h2>\n");
        if (run.Intervals is { } stated)
        {
            page.Raw("<p class=\"hint\">").Text(string.Create(CultureInfo.InvariantCulture,
                $"Within: what a measurement would find with {stated.Level:P0} probability, from the error of step times and the randomness of traffic.")).Raw("</p>\n");
        }
        page.Raw("<div class=\"card scroll\"><table><thead><tr><th class=\"name\">metric</th>");
        foreach (string head in new[] { "samples", "mean", "p50", "p90", "p95", "p99", "p99.9", "max" }) page.Element("th", head);
        if (run.Intervals is not null) foreach (string head in new[] { "mean within", "p50 within", "p99 within" }) page.Element("th", head);
        page.Raw("</tr></thead><tbody>\n");
        foreach (Metric metric in RunMetricTable.All)
            if (metric is { IsDistribution: true, Title.Length: > 0 }) Row(metric, run.Figures.Distribution(metric.Name));
        page.Raw("</tbody></table></div>\n");

        void Row(Metric metric, Summary? summary)
        {
            page.Raw("<tr><td class=\"name\">").Text(metric.Title).Raw("</td>");
            page.Element("td", summary is null ? "0" : summary.Count.ToString("N0", CultureInfo.InvariantCulture));
            foreach (double? value in new[] { summary?.Mean, summary?.P50, summary?.P90, summary?.P95, summary?.P99, summary?.P999, summary?.Max })
                page.Element("td", ReportText.Duration(value));
            if (run.Intervals is { } intervals)
            {
                foreach (Statistic statistic in new[] { Statistic.Mean, Statistic.P50, Statistic.P99 })
                {
                    Interval? ends = intervals.Of(metric, statistic)?.All;
                    page.Element("td", ends is { } within ? $"{ReportText.Duration(within.Low)} – {ReportText.Duration(within.High)}" : ReportText.Missing);
                }
            }
            page.Raw("</tr>\n");
        }
    }

    /// <summary>Everything but money and energy, which have a table of their own.</summary>
    public static void Study(HtmlWriter page, StudyTable table, IReadOnlyList<string> labels)
    {
        int[] shown = [.. Enumerable.Range(0, table.Columns.Count).Where(i => !CostHeads.Contains(table.Columns[i].Header))];
        page.Raw("<div class=\"card scroll\"><table class=\"study\"><thead><tr>");
        foreach (int i in shown)
        {
            StudyColumn column = table.Columns[i];
            page.Raw(i == 0 ? "<th class=\"name\">" : column.IsText ? "<th class=\"text\">" : "<th>").Text(column.Header);
            if (column.Unit.Length > 0) page.Raw("<span>").Text(column.Unit).Raw("</span>");
            page.Raw("</th>");
        }
        page.Raw("</tr></thead><tbody>\n");
        for (int row = 0; row < table.Rows.Count; row++)
        {
            page.Raw("<tr>");
            foreach (int i in shown) Cell(page, table, row, i, labels[row]);
            page.Raw("</tr>\n");
        }
        page.Raw("</tbody></table></div>\n");
    }

    public static void Expectations(HtmlWriter page, IReadOnlyList<Variant> variants, IReadOnlyList<string> labels)
    {
        if (variants.All(variant => variant.Runs.All(run => run.Result.Expectations.Count == 0))) return;
        page.Raw("<h2>Expectations</h2>\n<ul class=\"checks card\">\n");
        for (int i = 0; i < variants.Count; i++)
        {
            foreach (RunRecord run in variants[i].Runs)
            {
                foreach (ExpectationOutcome outcome in run.Result.Expectations)
                {
                    page.Raw(outcome.IsMet ? "<li><span class=\"tick met\">✓ met</span>" : "<li><span class=\"tick missed\">✗ missed</span>")
                        .Text(outcome.Sentence);
                    if (variants.Count > 1) page.Raw(" <span class=\"who\">").Text(Who(labels[i], run, variants[i])).Raw("</span>");
                    page.Raw("</li>\n");
                }
            }
        }
        page.Raw("</ul>\n");
    }

    public static void Costs(HtmlWriter page, IReadOnlyList<Variant> variants, IReadOnlyList<string> labels)
    {
        page.Raw("<h2>What it cost</h2>\n<p class=\"hint\">Of the whole run.</p>\n<div class=\"card scroll\"><table><thead><tr><th class=\"name\">")
            .Raw(variants.Count > 1 ? "variant" : "scenario").Raw("</th>");
        Metric[] costs = [.. RunMetricTable.All.Where(metric => metric is { Section: CostSection, Title.Length: > 0 })];
        foreach (Metric cost in costs) page.Element("th", cost.Title);
        page.Raw("</tr></thead><tbody>\n");
        for (int i = 0; i < variants.Count; i++)
        {
            RunResult run = variants[i].Runs[0].Result;
            page.Raw("<tr><td class=\"name\">").Raw(variants.Count > 1 ? Swatch(i) : "").Text(labels[i]).Raw("</td>");
            foreach (Metric cost in costs) page.Element("td", run.Figures.Number(cost.Name) is { } amount ? Amount(amount, cost.Unit) : ReportText.Missing);
            page.Raw("</tr>\n");
        }
        page.Raw("</tbody></table></div>\n");
    }

    /// <summary>Swaps, drafts and training of every variant that had any.</summary>
    public static void Beside(HtmlWriter page, IReadOnlyList<Variant> variants, IReadOnlyList<string> labels)
    {
        IReadOnlyList<(string Label, string Text)>[] work = [.. variants.Select(variant => SideWork.Of(variant.Runs[0].Result.Figures))];
        if (work.All(lines => lines.Count == 0)) return;
        page.Raw("<h2>Beside prompts and outputs</h2>\n<ul class=\"notes card\">\n");
        for (int i = 0; i < variants.Count; i++)
        {
            foreach ((string label, string text) in work[i])
            {
                page.Raw("<li>").Text($"{label}: {text}");
                if (variants.Count > 1) page.Raw(" <span class=\"who\">").Text(Who(labels[i], variants[i].Runs[0], variants[i])).Raw("</span>");
                page.Raw("</li>\n");
            }
        }
        page.Raw("</ul>\n");
    }

    /// <summary>Notes and rejections; what all variants share is said once.</summary>
    public static void Notes(HtmlWriter page, IReadOnlyList<Variant> variants, IReadOnlyList<string> labels)
    {
        (string Note, string Label)[] notes =
        [
            .. variants.SelectMany((variant, i) => variant.Runs[0].Result.Notes.Select(note => (note, labels[i]))),
            .. variants.SelectMany((variant, i) => variant.Runs[0].Result.RejectionReasons
                .OrderBy(reason => reason.Key, StringComparer.Ordinal)
                .Select(reason => (string.Create(CultureInfo.InvariantCulture, $"{reason.Value:N0} rejected: {reason.Key}"), labels[i]))),
        ];
        if (notes.Length == 0) return;
        page.Raw("<h2>Notes</h2>\n<ul class=\"notes card\">\n");
        foreach (IGrouping<string, (string Note, string Label)> same in notes.GroupBy(note => note.Note, StringComparer.Ordinal))
        {
            page.Raw("<li>").Text(same.Key);
            string[] who = [.. same.Select(note => note.Label).Distinct(StringComparer.Ordinal)];
            if (variants.Count > 1)
                page.Raw(" <span class=\"who\">").Text(who.Length == variants.Count ? "all variants" : string.Join(", ", who)).Raw("</span>");
            page.Raw("</li>\n");
        }
        page.Raw("</ul>\n");
    }

    private static void Cell(HtmlWriter page, StudyTable table, int row, int column, string label)
    {
        StudyCell cell = table.Rows[row][column];
        StudyColumn head = table.Columns[column];
        if (column == 0) page.Raw("<td class=\"name\" title=\"").Text(label).Raw("\">").Raw(Swatch(row));
        else if (head.IsText) page.Raw("<td class=\"text\">");
        else if (head.Better == Better.Neither) page.Raw("<td>");
        else page.Raw(cell.IsBest ? "<td class=\"rank best\" title=\"best\">" : "<td class=\"rank\">");
        page.Text(cell.Text).Raw("</td>");
    }

    private static void Tile(HtmlWriter page, string name, string value, string detail) =>
        page.Raw("<div>").Element("dt", name).Raw("<dd>").Text(value).Element("small", detail).Raw("</dd></div>");

    private static string Who(string label, RunRecord run, Variant variant) =>
        variant.Runs.Count > 1 ? $"{label}, seed {run.Result.Seed}" : label;

    private static string Amount(double amount, MeasureUnit unit) => unit switch
    {
        MeasureUnit.Dollars => Dollars(amount),
        MeasureUnit.Grams => ReportText.Prefixed(amount, "g"),
        MeasureUnit.Litres => ReportText.Prefixed(amount, "L"),
        _ => ReportText.Prefixed(amount, "J"),
    };

    private static string Dollars(double dollars) =>
        dollars.ToString(Math.Abs(dollars) is < 0.1 and > 0 ? "$0.####" : "$#,0.00", CultureInfo.InvariantCulture);
}
