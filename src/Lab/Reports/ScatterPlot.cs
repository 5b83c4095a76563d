using System.Globalization;

namespace Orrery.Lab.Reports;

/// <summary>A dot of a plot.</summary>
/// <param name="Series">Colour: the same for all plots of a section.</param>
internal readonly record struct ScatterDot(int Series, double X, double Y);

/// <summary>Dots on axes, drawn without script; thousands of them stay one path per colour, so that a page is small.</summary>
internal static class ScatterPlot
{
    private const double Width = 460;
    private const double Height = 300;
    private const double Left = 66;
    private const double Right = 448;
    private const double Top = 10;
    private const double Bottom = 262;

    /// <summary>Errors beyond three times the measured value stand on the edge of the plot.</summary>
    private const double MostError = 2;

    private const double LeastError = -1;

    /// <summary>Predicted against measured on one logarithmic scale, with the line where both are equal and those of a quarter more and less.</summary>
    /// <param name="page">What is written to.</param>
    /// <param name="title">What was measured, with its unit.</param>
    /// <param name="dots">Measured and predicted, positive.</param>
    /// <param name="unit">Of both axes.</param>
    public static void Equal(HtmlWriter page, string title, IReadOnlyList<ScatterDot> dots, string unit)
    {
        const double quarter = 0.25;
        double low = Math.Log10(dots.Min(dot => Math.Min(dot.X, dot.Y)));
        double high = Math.Log10(dots.Max(dot => Math.Max(dot.X, dot.Y)));
        (low, high) = (low - 0.1, Math.Max(high, low + 0.3) + 0.1);
        double X(double value) => Left + ((Math.Log10(value) - low) / (high - low) * (Right - Left));
        double Y(double value) => Bottom - ((Math.Log10(value) - low) / (high - low) * (Bottom - Top));
        Begin(page, title, "predicted against measured");
        foreach (double tick in Ticks(low, high))
        {
            Grid(page, Left, Right, Y(tick), Y(tick));
            Grid(page, X(tick), X(tick), Top, Bottom);
            Label(page, Left - 5, Y(tick) + 4, Amount(tick, unit), "end");
            Label(page, X(tick), Bottom + 15, Amount(tick, unit), "middle");
        }
        foreach (double factor in new[] { 1, 1 + quarter, 1 - quarter })
        {
            // The lines end at the frame: of a factor above 1 the top is reached first.
            double from = Math.Max(low, low - Math.Log10(factor));
            double to = Math.Min(high, high - Math.Log10(factor));
            page.Raw(Invariant($"<line x1=\"{X(Math.Pow(10, from)):F1}\" y1=\"{Y(Math.Pow(10, from) * factor):F1}\" x2=\"{X(Math.Pow(10, to)):F1}\" y2=\"{Y(Math.Pow(10, to) * factor):F1}\" stroke=\"var(--mark)\" stroke-width=\"{(factor == 1 ? 1.2 : 0.7)}\"{(factor == 1 ? "" : " stroke-dasharray=\"4 3\"")}/>"));
        }
        Dots(page, dots, X, Y);
        End(page, "measured; the dashed lines are 25 % off");
    }

    /// <summary>Signed error against load, the load on a logarithmic scale.</summary>
    /// <param name="page">What is written to.</param>
    /// <param name="title">What was measured.</param>
    /// <param name="dots">Load, positive, and signed relative error.</param>
    /// <param name="load">What the load counts.</param>
    public static void Error(HtmlWriter page, string title, IReadOnlyList<ScatterDot> dots, string load)
    {
        double low = Math.Log10(dots.Min(dot => dot.X)) - 0.05;
        double high = Math.Max(Math.Log10(dots.Max(dot => dot.X)), low + 0.3) + 0.05;
        double X(double value) => Left + ((Math.Log10(value) - low) / (high - low) * (Right - Left));
        double Y(double error) => Bottom - ((Math.Clamp(error, LeastError, MostError) - LeastError) / (MostError - LeastError) * (Bottom - Top));
        Begin(page, title, "error against load");
        for (double error = LeastError; error <= MostError; error += 0.5)
        {
            Grid(page, Left, Right, Y(error), Y(error));
            string edge = error >= MostError ? "≥ " : "";
            Label(page, Left - 5, Y(error) + 4, edge + error.ToString("+0 %;-0 %;0 %", CultureInfo.InvariantCulture), "end");
        }
        foreach (double tick in Ticks(low, high))
        {
            Grid(page, X(tick), X(tick), Top, Bottom);
            Label(page, X(tick), Bottom + 15, Amount(tick, ""), "middle");
        }
        page.Raw(Invariant($"<line x1=\"{Left}\" x2=\"{Right}\" y1=\"{Y(0):F1}\" y2=\"{Y(0):F1}\" stroke=\"var(--mark)\" stroke-width=\"1.2\"/>"));
        Dots(page, dots, X, Y);
        End(page, load);
    }

    private static void Begin(HtmlWriter page, string title, string what) => page.Raw("<figure><figcaption>").Text(title).Raw(" <span>").Text(what).Raw("</span></figcaption>")
        .Raw(Invariant($"<svg viewBox=\"0 0 {Width} {Height}\" style=\"display:block;width:100%;height:auto\" role=\"img\" aria-label=\"")).Text($"{title}: {what}").Raw("\">");

    private static void End(HtmlWriter page, string below)
    {
        Label(page, (Left + Right) / 2, Height - 4, below, "middle");
        page.Raw("</svg></figure>\n");
    }

    private static void Dots(HtmlWriter page, IReadOnlyList<ScatterDot> dots, Func<double, double> x, Func<double, double> y)
    {
        foreach (IGrouping<int, ScatterDot> series in dots.GroupBy(dot => dot.Series).OrderBy(series => series.Key))
        {
            page.Raw(Invariant($"<path fill=\"none\" stroke=\"var(--run-{series.Key % ReportCharts.MostRuns})\" stroke-width=\"3.4\" stroke-linecap=\"round\" stroke-opacity=\".55\" d=\""));
            foreach (ScatterDot dot in series) page.Raw(Invariant($"M{x(dot.X):F1} {y(dot.Y):F1}h0"));
            page.Raw("\"/>");
        }
    }

    /// <summary>Powers of ten, and 2 and 5 between them where there are few.</summary>
    private static IEnumerable<double> Ticks(double low, double high)
    {
        double[] factors = high - low < 1.3 ? [1, 2, 5] : high - low < 2.6 ? [1, 3] : [1];
        int every = high - low > 7 ? 2 : 1;
        for (int decade = (int)Math.Floor(low); decade <= high; decade += every)
        {
            foreach (double factor in factors)
            {
                double tick = factor * Math.Pow(10, decade);
                if (Math.Log10(tick) >= low && Math.Log10(tick) <= high) yield return tick;
            }
        }
    }

    private static string Amount(double value, string unit) => unit switch
    {
        "s" => ReportText.Duration(value),
        "W" or "J" => ReportText.Prefixed(value, unit),
        "" => ReportText.Digits(value),
        _ => ReportText.Prefixed(value, unit),
    };

    private static void Grid(HtmlWriter page, double x1, double x2, double y1, double y2) =>
        page.Raw(Invariant($"<line x1=\"{x1:F1}\" x2=\"{x2:F1}\" y1=\"{y1:F1}\" y2=\"{y2:F1}\" stroke=\"var(--grid)\"/>"));

    private static void Label(HtmlWriter page, double x, double y, string text, string anchor) =>
        page.Raw(Invariant($"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\" font-size=\"11\" fill=\"var(--faint)\">")).Text(text).Raw("</text>");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
