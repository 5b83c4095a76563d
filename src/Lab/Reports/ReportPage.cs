using System.Globalization;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>Puts the parts of one report together.</summary>
internal sealed class ReportPage
{
    internal const string Mark =
        """<svg viewBox="0 0 40 40" fill="none" stroke="currentColor" stroke-width="1.8" aria-hidden="true"><circle cx="20" cy="20" r="4.2" fill="currentColor" stroke="none"/><ellipse cx="20" cy="20" rx="18" ry="8.5" transform="rotate(-28 20 20)"/><circle cx="20" cy="20" r="10.5" opacity=".55"/><circle cx="35.4" cy="12.4" r="2.7" fill="currentColor" stroke="none"/><circle cx="12.6" cy="27.4" r="2" fill="currentColor" stroke="none"/></svg>""";

    private readonly ReportInput _input;
    private readonly IReadOnlyList<Variant> _variants;
    private readonly IReadOnlyList<string> _labels;
    private readonly ReportCharts _charts;
    private readonly HtmlWriter _page = new();

    public ReportPage(ReportInput input)
    {
        _input = input;
        _variants = Variant.Group(input.Study.Runs);
        _labels = [.. _variants.Select(variant => variant.Label)];
        RunRecord[] drawn = [.. _variants.Take(ReportCharts.MostRuns).Select(variant => variant.Runs[0])];
        _charts = ReportCharts.Of(drawn, input.TtftLimitSeconds, input.TpotLimitSeconds);
    }

    private bool IsAlone => _variants.Count == 1;

    public string Write()
    {
        Head(_page, _input.Study.Scenario);
        WriteHeader();
        _page.Raw("<main>\n");
        if (_input.Study.IsPartial)
            _page.Raw("<p class=\"banner\">Interrupted: the figures cover what had been reached by then.</p>\n");
        if (IsAlone) ReportTables.Tiles(_page, _variants[0].Runs[0].Result);
        ReportTables.Expectations(_page, _variants, _labels);
        WriteFigures();
        StudyMaps.Write(_page, _variants);
        WriteCharts();
        ReportTables.Beside(_page, _variants, _labels);
        ReportTables.Costs(_page, _variants, _labels);
        ReportTables.Notes(_page, _variants, _labels);
        WriteLock();
        _page.Raw("</main>\n");
        WriteFooter();
        _page.Raw("<script type=\"application/json\" id=\"data\">").Raw(_charts.Data([.. _labels.Take(ReportCharts.MostRuns)]))
            .Raw("</script>\n<script>\n");
        return _page.Raw(Report.Asset("report.js")).Raw("</script>\n</body>\n</html>\n").ToString();
    }

    /// <summary>Everything before the page's own content.</summary>
    internal static void Head(HtmlWriter page, string title)
    {
        page.Raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        // The page must work from any disk and ask nothing of any network.
        page.Raw("<meta http-equiv=\"Content-Security-Policy\" ")
            .Raw("content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n");
        page.Element("title", title + " – Orrery").Raw("\n<style>\n").Raw(Report.Asset("report.css"))
            .Raw("</style>\n</head>\n<body>\n");
    }

    private void WriteHeader()
    {
        RunResult first = _variants[0].Runs[0].Result;
        int seeds = _variants.Max(variant => variant.Runs.Count);
        string runs = IsAlone ? "" : $"{_variants.Count} variants on the same traffic · ";
        string seed = seeds > 1 ? $"{seeds} seeds from {_input.Study.Seed}" : $"seed {_input.Study.Seed}";
        string span = ReportText.Duration(first.Simulation.VirtualSeconds);
        string requests = first.Requests.Arrived.ToString("N0", CultureInfo.InvariantCulture);
        _page.Raw("<header class=\"top\">").Raw(Mark).Raw("<div>").Element("h1", _input.Study.Scenario).Raw("<p class=\"sub\">")
            .Text($"{runs}{requests} requests in {span} of virtual time · {seed} · Orrery {Report.Version}").Raw("</p>");
        if (_input.Lesson.Length > 0) _page.Raw("<p>").Text(_input.Lesson).Raw("</p>");
        _page.Raw("</div><button id=\"theme\" type=\"button\">Light / dark</button></header>\n");
    }

    private void WriteFigures()
    {
        if (IsAlone)
        {
            ReportTables.Distributions(_page, _variants[0].Runs[0].Result);
            return;
        }
        _page.Raw("<h2>Side by side</h2>\n<p class=\"hint\">The best of each column is marked.");
        if (_variants.Any(variant => variant.Runs.Count > 1)) _page.Raw(" Means over the seeds with their 95 % confidence intervals.");
        _page.Raw("</p>\n");
        ReportTables.Study(_page, StudyTable.Of(_input.Study), _labels);
    }

    private void WriteCharts()
    {
        if (_charts.Felt.Count + _charts.OverTime.Count == 0) return;
        _page.Raw("<noscript><p class=\"card\">The charts need JavaScript; all tables are complete without it.</p></noscript>\n");
        if (!IsAlone) WriteLegend();
        Section("What users felt", "Distributions over the whole run, logarithmic time. Drag to zoom, double-click to return.", _charts.Felt);
        Section("Over time", "Virtual time from the start of the run; the charts move together.", _charts.OverTime);
    }

    private void WriteLegend()
    {
        _page.Raw("<div class=\"legend\" role=\"group\" aria-label=\"Show or hide runs\">");
        for (int i = 0; i < Math.Min(_labels.Count, ReportCharts.MostRuns); i++)
            _page.Raw($"<button type=\"button\" data-run=\"{i}\" aria-pressed=\"true\">").Raw(ReportTables.Swatch(i)).Text(_labels[i]).Raw("</button>");
        _page.Raw("</div>\n");
        if (_labels.Count > ReportCharts.MostRuns)
            _page.Raw($"<p class=\"hint\">The charts show the first {ReportCharts.MostRuns} of {_labels.Count} variants; the table has all.</p>\n");
    }

    private void Section(string title, string hint, IReadOnlyList<Chart> charts)
    {
        if (charts.Count == 0) return;
        _page.Element("h2", title).Raw("\n<p class=\"hint\">").Text(hint).Raw("</p>\n<div class=\"charts\">\n");
        foreach (Chart chart in charts)
        {
            _page.Raw($"<figure data-chart=\"{chart.Id}\"><figcaption>").Text(chart.Title).Raw(" <span>").Text(chart.Caption)
                .Raw("</span></figcaption><div class=\"plot\"></div></figure>\n");
        }
        _page.Raw("</div>\n");
    }

    private void WriteLock()
    {
        if (_input.LockText.Length == 0) return;
        _page.Raw("<details class=\"card\"><summary>Scenario <span>with every default resolved").Raw(IsAlone ? "" : ", before anything is varied")
            .Raw("</span></summary><pre>").Text(_input.LockText).Raw("</pre></details>\n");
    }

    private void WriteFooter()
    {
        double wall = _input.Study.Runs.Sum(run => run.Record.Result.Simulation.WallSeconds);
        long steps = _input.Study.Runs.Sum(run => run.Record.Result.Simulation.Steps);
        _page.Raw("<footer>").Text(string.Create(
            CultureInfo.InvariantCulture,
            $"Simulated {steps:N0} steps in {ReportText.Duration(wall)} of computing time. The same scenario, seed and version give the same figures."))
            .Raw("</footer>\n");
    }
}
