using System.Text.Json;
using Orrery.Kernel;

namespace Orrery.Lab.Results;

/// <summary>The JSON of one run, schema <c>orrery.run/1</c>. Numbers are the shortest text that reads back to the same value.</summary>
public static class RunJson
{
    /// <summary>The text of a result file.</summary>
    public static string Text(RunResult result) => JsonText.Of(writer => Write(result, writer));

    public static void Write(RunResult result, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("schema", RunResult.Schema);
        writer.WriteString("scenario", result.Scenario);
        writer.WriteNumber("seed", result.Seed);
        writer.WriteBoolean("partial", result.IsPartial);
        if (result.Experiment is { } experiment) ExperimentJson.Write(experiment, writer);
        else FigureJson.Write(result.Figures, writer);
        result.Intervals?.Write(writer);
        WriteRemarks(result, writer);
        writer.WriteStartObject("simulation");
        writer.WriteNumber("virtualSeconds", result.Simulation.VirtualSeconds);
        writer.WriteNumber("wallSeconds", result.Simulation.WallSeconds);
        writer.WriteNumber("events", result.Simulation.Events);
        writer.WriteNumber("steps", result.Simulation.Steps);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="InputException">Not a result of this schema.</exception>
    public static RunResult Read(JsonElement element)
    {
        try
        {
            return ReadChecked(element);
        }
        catch (Exception failure) when (failure is KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InputException($"this is no result of a run ({RunResult.Schema}): {failure.Message}", failure);
        }
    }

    private static RunResult ReadChecked(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("schema", out JsonElement schema) || schema.GetString() != RunResult.Schema)
            throw new InputException($"this is no result of a run: expected \"schema\": \"{RunResult.Schema}\"");
        JsonElement simulation = element.GetProperty("simulation");
        return new()
        {
            Scenario = element.GetProperty("scenario").GetString() ?? "",
            Seed = element.GetProperty("seed").GetUInt64(),
            IsPartial = element.TryGetProperty("partial", out JsonElement partial) && partial.GetBoolean(),
            Figures = ExperimentJson.IsIn(element) ? RunFigures.Empty : FigureJson.Read(element),
            Experiment = ExperimentJson.IsIn(element) ? ExperimentJson.Read(element) : null,
            Simulation = new(
                Number(simulation, "virtualSeconds"), Number(simulation, "wallSeconds"), Long(simulation, "events"), Long(simulation, "steps")),
            RejectionReasons = element.GetProperty("rejectionReasons").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt64()),
            Expectations = [.. element.GetProperty("expectations").EnumerateArray().Select(ReadExpectation)],
            Intervals = element.TryGetProperty("intervals", out JsonElement intervals) ? RunIntervals.Read(intervals) : null,
            Notes = [.. element.GetProperty("notes").EnumerateArray().Select(note => note.GetString() ?? "")],
        };
    }

    private static void WriteRemarks(RunResult result, Utf8JsonWriter writer)
    {
        writer.WriteStartObject("rejectionReasons");
        foreach ((string reason, long count) in result.RejectionReasons) writer.WriteNumber(reason, count);
        writer.WriteEndObject();
        writer.WriteStartArray("expectations");
        foreach (ExpectationOutcome outcome in result.Expectations)
        {
            writer.WriteStartObject();
            writer.WriteString("text", outcome.Text);
            if (outcome.Measured is { } measured) writer.WriteNumber("measured", measured);
            else writer.WriteNull("measured");
            writer.WriteBoolean("met", outcome.IsMet);
            writer.WriteString("sentence", outcome.Sentence);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteStartArray("notes");
        foreach (string note in result.Notes) writer.WriteStringValue(note);
        writer.WriteEndArray();
    }

    private static ExpectationOutcome ReadExpectation(JsonElement element)
    {
        JsonElement measured = element.GetProperty("measured");
        return new(
            element.GetProperty("text").GetString() ?? "",
            measured.ValueKind == JsonValueKind.Null ? null : measured.GetDouble(),
            element.GetProperty("met").GetBoolean(),
            element.GetProperty("sentence").GetString() ?? "");
    }

    private static long Long(JsonElement element, string key) => element.GetProperty(key).GetInt64();

    private static double Number(JsonElement element, string key) => element.GetProperty(key).GetDouble();
}
