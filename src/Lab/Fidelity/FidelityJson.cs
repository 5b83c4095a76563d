using System.Text.Json;
using Orrery.Documents;

namespace Orrery.Lab.Fidelity;

/// <summary>The document <c>orrery.fidelity/1</c>: every figure with its bar, in the order of the report. Shares, not percent.</summary>
public static class FidelityJson
{
    /// <summary>The file that <c>--out</c> gets.</summary>
    public const string FileName = "fidelity.json";

    public static void Write(FidelityReport report, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("schema", FidelityReport.Schema);
        writer.WriteBoolean("partial", report.IsPartial);
        writer.WriteStartArray("rows");
        foreach (FidelityRow row in report.Rows) Write(row, writer);
        writer.WriteEndArray();
        writer.WriteStartArray("warnings");
        foreach (string warning in report.Warnings) writer.WriteStringValue(warning);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(FidelityRow row, Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("level", row.Level);
        writer.WriteString("mode", ChoiceNames.Of(row.Mode));
        writer.WriteString("split", row.Split);
        writer.WriteString("group", row.Group);
        writer.WriteString("part", row.Part);
        writer.WriteString("metric", ChoiceNames.Of(row.Metric));
        if (double.IsFinite(row.Value)) writer.WriteNumber("value", Math.Round(row.Value, Digits));
        else writer.WriteNull("value");
        writer.WriteNumber("samples", row.Samples);
        if (row.Bar is { } bar)
        {
            writer.WriteNumber("entry", bar.Entry);
            writer.WriteNumber("lead", bar.Lead);
        }
        writer.WriteString("verdict", ChoiceNames.Of(row.Verdict));
        writer.WriteEndObject();
    }

    /// <summary>Figures are stated to a ten-thousandth of a percent; platforms differ below.</summary>
    private const int Digits = 6;
}
