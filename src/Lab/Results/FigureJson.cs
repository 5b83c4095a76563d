using System.Text.Json;
using Orrery.Kernel;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Units;

namespace Orrery.Lab.Results;

/// <summary>The metrics of a run as JSON: every metric at its key, in the blocks of <c>orrery.run/1</c>.</summary>
internal static class FigureJson
{
    /// <summary>Blocks in the order of the document.</summary>
    private static readonly string[] Sections = ["requests", "tokens", "metrics", "cost"];

    private static readonly (Metric Metric, string[] Path)[] Ordered =
        [.. Sections.SelectMany(section => RunMetricTable.All.Where(metric => metric.Section == section)).Select(metric => (metric, metric.Key.Split('.')))];

    /// <summary>Writes the blocks into the object that is open. What was not measured is null.</summary>
    public static void Write(RunFigures figures, Utf8JsonWriter writer)
    {
        List<string> open = [];
        foreach ((Metric metric, string[] path) in Ordered)
        {
            string[] around = path[..^1];
            int shared = open.Zip(around).TakeWhile(pair => pair.First == pair.Second).Count();
            Close(open, shared, writer);
            foreach (string name in around[shared..])
            {
                writer.WriteStartObject(name);
                open.Add(name);
            }
            if (metric.IsDistribution) Write(writer, path[^1], figures.Distribution(metric.Name));
            else if (figures.Number(metric.Name) is { } number) writer.WriteNumber(path[^1], number);
            else writer.WriteNull(path[^1]);
            if (path[^1] == "amount") writer.WriteString("currency", Money.Currency);
        }
        Close(open, 0, writer);
    }

    /// <summary>Reads the blocks of a result; a metric that it lacks is not measured.</summary>
    /// <exception cref="InputException">A block is missing.</exception>
    public static RunFigures Read(JsonElement result)
    {
        foreach (string section in Sections)
            if (!result.TryGetProperty(section, out _)) throw new InputException($"this is no result of a run: the block \"{section}\" is missing");
        Dictionary<string, double> numbers = [];
        Dictionary<string, Summary> distributions = [];
        foreach ((Metric metric, string[] path) in Ordered)
        {
            JsonElement value = result;
            if (!path.All(name => value.TryGetProperty(name, out value)) || value.ValueKind == JsonValueKind.Null) continue;
            if (metric.IsDistribution) distributions.Add(metric.Name, ReadSummary(value));
            else numbers.Add(metric.Name, value.GetDouble());
        }
        return new(numbers, distributions);
    }

    private static void Close(List<string> open, int depth, Utf8JsonWriter writer)
    {
        while (open.Count > depth)
        {
            writer.WriteEndObject();
            open.RemoveAt(open.Count - 1);
        }
    }

    private static void Write(Utf8JsonWriter writer, string key, Summary? summary)
    {
        if (summary is null)
        {
            writer.WriteNull(key);
            return;
        }
        writer.WriteStartObject(key);
        writer.WriteNumber("count", summary.Count);
        writer.WriteNumber("mean", summary.Mean);
        writer.WriteNumber("std", summary.Std);
        writer.WriteNumber("min", summary.Min);
        writer.WriteNumber("p10", summary.P10);
        writer.WriteNumber("p25", summary.P25);
        writer.WriteNumber("p50", summary.P50);
        writer.WriteNumber("p75", summary.P75);
        writer.WriteNumber("p90", summary.P90);
        writer.WriteNumber("p95", summary.P95);
        writer.WriteNumber("p99", summary.P99);
        writer.WriteNumber("p999", summary.P999);
        writer.WriteNumber("max", summary.Max);
        writer.WriteEndObject();
    }

    private static Summary ReadSummary(JsonElement s)
    {
        return new(
            s.GetProperty("count").GetInt64(), At("mean"), At("std"), At("min"), At("p10"), At("p25"), At("p50"), At("p75"), At("p90"), At("p95"), At("p99"), At("p999"), At("max"));

        double At(string key) => s.GetProperty(key).GetDouble();
    }
}
