using System.Globalization;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Claims;

namespace Orrery.Lab.Reports;

/// <summary>Drawings that need no script: where a figure stands to paper and band, and bars.</summary>
internal static class ClaimDrawings
{
    private const double Width = 620;
    private const double Left = 10;
    private const double Right = 610;
    /// <summary>Mean width of a character of the labels, which are 11 high; a little more than system fonts take.</summary>
    private const double LetterWidth = 6.2;

    private const int BarHeight = 16;
    private const int BarLabel = 190;
    private const int BarRoom = 340;

    /// <summary>One axis with the band shaded, the paper's figure as a line, ours as a dot with its interval.</summary>
    public static void Gauge(HtmlWriter page, ClaimResult result)
    {
        Claim claim = result.Claim;
        double?[] ends = [claim.Paper?.Low, claim.Paper?.High, claim.Band?.Low, claim.Band?.High, result.Measured?.Mean, result.Measured?.Low, result.Measured?.High];
        double[] known = [.. ends.OfType<double>().Where(double.IsFinite)];
        if (known.Length == 0) return;
        double low = Math.Min(0, known.Min());
        double high = known.Max() > low ? known.Max() : low + 1;
        high += 0.08 * (high - low);
        double At(double value) => Left + ((Math.Clamp(value, low, high) - low) / (high - low) * (Right - Left));
        page.Raw(Invariant($"<svg viewBox=\"0 0 {Width} 64\" role=\"img\" aria-label=\"")).Text($"measured {ClaimPage.Figure(result.Measured, claim.Unit)}").Raw("\">");
        if (claim.Band is { } band)
            page.Raw(Invariant($"<rect x=\"{At(band.Low):F1}\" y=\"22\" width=\"{Math.Max(2, At(band.High) - At(band.Low)):F1}\" height=\"20\" rx=\"3\" fill=\"var(--good-soft)\" stroke=\"var(--good)\" stroke-width=\".6\"/>"));
        page.Raw(Invariant($"<line x1=\"{Left}\" x2=\"{Right}\" y1=\"32\" y2=\"32\" stroke=\"var(--line)\"/>"));
        if (claim.Paper is { } paper)
        {
            page.Raw(Invariant($"<rect x=\"{At(paper.Low) - 1:F1}\" y=\"17\" width=\"{Math.Max(2, At(paper.High) - At(paper.Low)):F1}\" height=\"5\" fill=\"var(--faint)\"/>"));
            Label(page, At((paper.Low + paper.High) / 2), 12, $"paper {ClaimFigures.Range(paper)}");
        }
        if (result.Measured is { } measured) Dot(page, measured, At, claim.Unit);
        page.Raw("</svg>\n");
    }

    /// <summary>A group of bars per sweep value, a bar per cell.</summary>
    public static void Bars(HtmlWriter page, IReadOnlyList<ClaimCurve> curves, string unit)
    {
        double largest = curves.SelectMany(curve => curve.Y).Max() ?? 0;
        int groups = curves[0].Y.Count;
        int height = groups * ((curves.Count * (BarHeight + 4)) + 20);
        page.Raw(Invariant($"<svg viewBox=\"0 0 {Width} {height}\" role=\"img\" aria-label=\"bars\">"));
        int y = 0;
        for (int point = 0; point < groups; point++)
        {
            if (curves[0].Labels.Count > 0) Label(page, 0, y + 12, curves[0].Labels[point], "start");
            y += curves[0].Labels.Count > 0 ? 18 : 4;
            for (int i = 0; i < curves.Count; i++)
            {
                double width = largest > 0 ? (curves[i].Y[point] ?? 0) / largest * BarRoom : 0;
                Label(page, BarLabel - 8, y + 12, curves[i].Cell, "end");
                page.Raw(Invariant($"<rect x=\"{BarLabel}\" y=\"{y}\" width=\"{Math.Max(0, width):F1}\" height=\"{BarHeight}\" rx=\"2\" fill=\"var(--run-{i % ReportCharts.MostRuns})\"/>"));
                Label(page, BarLabel + Math.Max(0, width) + 6, y + 12, Amount(curves[i].Y[point], unit), "start");
                y += BarHeight + 4;
            }
        }
        page.Raw("</svg>");
    }

    private static void Dot(HtmlWriter page, ConfidenceInterval measured, Func<double, double> at, string unit)
    {
        if (double.IsFinite(measured.HalfWidth))
            page.Raw(Invariant($"<line x1=\"{at(measured.Low):F1}\" x2=\"{at(measured.High):F1}\" y1=\"32\" y2=\"32\" stroke=\"var(--accent)\" stroke-width=\"3\"/>"));
        page.Raw(Invariant($"<circle cx=\"{at(measured.Mean):F1}\" cy=\"32\" r=\"5\" fill=\"var(--accent)\"/>"));
        Label(page, at(measured.Mean), 58, $"measured {ClaimPage.Figure(measured, unit)}");
    }

    /// <summary>A text that would pass an edge if it stood in the middle begins or ends at its point.</summary>
    private static void Label(HtmlWriter page, double x, double y, string text, string anchor = "")
    {
        double half = text.Length * LetterWidth / 2;
        if (anchor.Length == 0) anchor = x < half ? "start" : x > Width - half ? "end" : "middle";
        page.Raw(Invariant($"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\">")).Text(text).Raw("</text>");
    }

    internal static string Amount(double? value, string unit) => value is not { } amount ? ReportText.Missing
        : unit == "s" ? ReportText.Duration(amount)
        : unit == "/s" ? $"{ClaimFigures.Number(amount)}/s" : ClaimFigures.Number(amount);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
