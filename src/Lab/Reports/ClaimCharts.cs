using System.Globalization;
using System.Text;
using System.Text.Json;
using Orrery.Documents;
using Orrery.Lab.Claims;

namespace Orrery.Lab.Reports;

/// <summary>The data block of a claims page: a chart for each plot with lines.</summary>
internal static class ClaimCharts
{
    public static string Id(int claim) => string.Create(CultureInfo.InvariantCulture, $"claim-{claim}");

    /// <summary>The unit of a plot whose expression is a single metric; else plain numbers.</summary>
    public static string UnitOf(ClaimPlot plot) => UnitOf(plot.Y);

    /// <inheritdoc cref="UnitOf(ClaimPlot)"/>
    public static string UnitOf(Expression expression) => expression switch
    {
        CapacityFigure => "/s",
        MetricFigure { Metric.Kind: Quantity.Duration } => "s",
        MetricFigure { Metric.Kind: Quantity.Rate } => "/s",
        _ => "count",
    };

    /// <summary>After the name of a line's axis: <c> (/s)</c>; empty where its ticks are plain numbers. Bars carry their values as written.</summary>
    public static string UnitOf(ClaimPlot plot, ClaimSweep sweep) => plot.Kind != PlotKind.Lines ? "" : sweep.Kind switch
    {
        Quantity.Duration => " (s)",
        Quantity.Rate => " (/s)",
        Quantity.Bytes => " (B)",
        Quantity.BytesPerSecond => " (B/s)",
        _ => "",
    };

    public static string Data(IReadOnlyList<ClaimResult> results)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("labels");
            // The script keeps one switch per run; a page of claims has none to switch.
            writer.WriteEndArray();
            writer.WriteStartArray("charts");
            for (int i = 0; i < results.Count; i++)
                if (results[i] is { Claim.Plot: { Kind: PlotKind.Lines, X: null } plot, Curves.Count: > 0 } result) Write(writer, Id(i), plot, result.Curves);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void Write(Utf8JsonWriter writer, string id, ClaimPlot plot, IReadOnlyList<ClaimCurve> curves)
    {
        writer.WriteStartObject();
        writer.WriteString("id", id);
        writer.WriteString("kind", "curve");
        writer.WriteString("unit", UnitOf(plot));
        writer.WriteStartArray("labels");
        foreach (ClaimCurve curve in curves) writer.WriteStringValue(curve.Cell);
        writer.WriteEndArray();
        writer.WriteStartArray("x");
        foreach (double x in curves[0].X) writer.WriteNumberValue(x);
        writer.WriteEndArray();
        writer.WriteStartArray("y");
        foreach (ClaimCurve curve in curves)
        {
            writer.WriteStartArray();
            foreach (double? y in curve.Y)
            {
                if (y is { } value) writer.WriteNumberValue(value);
                else writer.WriteNullValue();
            }
            writer.WriteEndArray();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
