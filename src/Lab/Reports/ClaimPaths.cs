using System.Globalization;
using System.Text;
using Orrery.Lab.Claims;

namespace Orrery.Lab.Reports;

/// <summary>
/// One figure against another along a sweep, such as latency against throughput. The points are joined in the order of the sweep, so that
/// a curve may turn back where throughput falls. Drawn without script.
/// </summary>
internal static class ClaimPaths
{
    private const double Width = 620;
    private const double Height = 260;
    private const double Left = 62;
    private const double Right = 606;
    private const double Top = 10;
    private const double Bottom = 230;
    private const int Ticks = 5;

    public static void Draw(HtmlWriter page, IReadOnlyList<ClaimCurve> curves, ClaimPlot plot)
    {
        string unitX = ClaimCharts.UnitOf(plot.X!);
        string unitY = ClaimCharts.UnitOf(plot.Y);
        double highX = Top125(curves.SelectMany(curve => curve.Across));
        double highY = Top125(curves.SelectMany(curve => curve.Y));
        page.Raw(Invariant($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"")).Text($"{plot.Text} against {plot.XText}").Raw("\">");
        for (int i = 0; i <= Ticks; i++)
        {
            double x = Left + (i * (Right - Left) / Ticks);
            double y = Bottom - (i * (Bottom - Top) / Ticks);
            page.Raw(Invariant($"<line x1=\"{Left}\" x2=\"{Right}\" y1=\"{y:F1}\" y2=\"{y:F1}\" stroke=\"var(--grid)\"/>"));
            Label(page, Left - 6, y + 4, ClaimDrawings.Amount(i * highY / Ticks, unitY), "end");
            Label(page, x, Bottom + 16, ClaimDrawings.Amount(i * highX / Ticks, unitX), "middle");
        }
        for (int i = 0; i < curves.Count; i++) Curve(page, curves[i], i, at => Left + (at / highX * (Right - Left)), at => Bottom - (at / highY * (Bottom - Top)));
        page.Raw("</svg>");
    }

    private static void Curve(HtmlWriter page, ClaimCurve curve, int index, Func<double, double> x, Func<double, double> y)
    {
        string colour = Invariant($"var(--run-{index % ReportCharts.MostRuns})");
        var path = new StringBuilder();
        var dots = new HtmlWriter();
        for (int point = 0; point < curve.Y.Count; point++)
        {
            // A point without one of its figures is left out, and the line goes on to the next.
            if (curve.Across[point] is not { } across || curve.Y[point] is not { } height) continue;
            path.Append(CultureInfo.InvariantCulture, $"{(path.Length == 0 ? 'M' : 'L')}{x(across):F1} {y(height):F1}");
            dots.Raw(Invariant($"<circle cx=\"{x(across):F1}\" cy=\"{y(height):F1}\" r=\"3.5\" fill=\"{colour}\">"))
                .Element("title", $"{curve.Cell}, {curve.Labels[point]}").Raw("</circle>");
        }
        page.Raw($"<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.75\"/>").Raw(dots.ToString());
    }

    /// <summary>The end of an axis from zero: 1, 2 or 5 times a power of ten in steps that divide it evenly.</summary>
    private static double Top125(IEnumerable<double?> values)
    {
        double largest = values.Max() ?? 0;
        if (largest <= 0) return 1;
        double step = Math.Pow(10, Math.Floor(Math.Log10(largest / Ticks)));
        double factor = new[] { 1.0, 2, 5, 10 }.First(candidate => candidate * step * Ticks >= largest);
        return factor * step * Ticks;
    }

    private static void Label(HtmlWriter page, double x, double y, string text, string anchor) =>
        page.Raw(Invariant($"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\">")).Text(text).Raw("</text>");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
