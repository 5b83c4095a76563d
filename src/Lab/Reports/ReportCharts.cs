using System.Globalization;
using System.Text;
using System.Text.Json;
using Orrery.Lab.Results;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>Which charts a report has, and the data block that its script draws them from.</summary>
internal sealed class ReportCharts
{
    /// <summary>The palette has as many colours.</summary>
    public const int MostRuns = StudyResult.MostDrawn;

    private const string CurveCaption = "share of requests at or below";

    private ReportCharts(IReadOnlyList<Chart> felt, IReadOnlyList<Chart> overTime)
    {
        Felt = felt;
        OverTime = overTime;
    }

    public IReadOnlyList<Chart> Felt { get; }

    public IReadOnlyList<Chart> OverTime { get; }

    public static ReportCharts Of(IReadOnlyList<RunRecord> runs, double? ttftLimit, double? tpotLimit)
    {
        return new(
            Present(
                ChartData.Distribution("ttft", "Time to first token", CurveCaption, runs, ttftLimit),
                ChartData.Distribution("tpot", "Time per output token", CurveCaption, runs, tpotLimit),
                ChartData.Distribution("gap", "Gap between two tokens", "share of gaps at or below", runs, null),
                ChartData.Distribution("e2e", "End to end", CurveCaption, runs, null)),
            Present(
                ChartData.Rate("arrivals", "Arrivals", "requests per second", runs, row => row.Arrived),
                ChartData.Rate("tokens", "Output", "tokens per second, whole fleet", runs, row => row.OutputTokens),
                ChartData.Gauge("waiting", "Waiting", "requests in queues", "count", runs, row => row.Waiting),
                ChartData.Gauge("running", "Running", "requests in batches", "count", runs, row => row.Running),
                ChartData.Gauge("kv", "KV memory", "share of blocks in use", "share", runs, row => row.KvUse),
                ChartData.Gauge("busy", "Busy", "share of replica-time with a step in flight", "share", runs, row => row.Busy)));
    }

    /// <summary>The JSON block; it can stand inside a script element because angle brackets are escaped.</summary>
    public string Data(IReadOnlyList<string> labels)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("labels");
            foreach (string label in labels) writer.WriteStringValue(label);
            writer.WriteEndArray();
            writer.WriteStartArray("charts");
            foreach (Chart chart in Felt.Concat(OverTime)) Write(writer, chart);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static Chart[] Present(params Chart?[] charts) => [.. charts.OfType<Chart>()];

    private static void Write(Utf8JsonWriter writer, Chart chart)
    {
        writer.WriteStartObject();
        writer.WriteString("id", chart.Id);
        writer.WriteString("kind", chart.Kind);
        writer.WriteString("unit", chart.Unit);
        if (chart.Mark is { } mark)
        {
            writer.WriteStartArray("marks");
            writer.WriteStartObject();
            writer.WriteNumber("at", mark);
            writer.WriteString("label", "SLO");
            writer.WriteEndObject();
            writer.WriteEndArray();
        }
        WriteColumn(writer, "x", chart.X.Select(value => (double?)value), "G6");
        writer.WriteStartArray("y");
        foreach (double?[] column in chart.Y) WriteColumn(writer, null, column, "G4");
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Rounded to what can be seen: the data is most of a report's size.</summary>
    private static void WriteColumn(Utf8JsonWriter writer, string? name, IEnumerable<double?> values, string format)
    {
        if (name is null) writer.WriteStartArray();
        else writer.WriteStartArray(name);
        foreach (double? value in values)
        {
            if (value is { } number && double.IsFinite(number)) writer.WriteRawValue(number.ToString(format, CultureInfo.InvariantCulture));
            else writer.WriteNullValue();
        }
        writer.WriteEndArray();
    }
}
