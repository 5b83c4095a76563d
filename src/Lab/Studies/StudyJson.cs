using System.Text.Json;
using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;

namespace Orrery.Lab.Studies;

/// <summary>Studies and capacities as JSON, for scripts.</summary>
public static class StudyJson
{
    /// <summary>As a file has it: indented, ending with a line feed.</summary>
    public static string Text(StudyResult study) => JsonText.Of(writer => Write(study, writer));

    /// <inheritdoc cref="Text(StudyResult)"/>
    public static string Text(CapacityResult capacity) => JsonText.Of(writer => Write(capacity, writer));

    /// <summary>Schema <c>orrery.study/1</c>: every run with what was varied, in the study's order.</summary>
    public static void Write(StudyResult study, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(study);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("schema", StudyResult.Schema);
        writer.WriteString("scenario", study.Scenario);
        writer.WriteNumber("seed", study.Seed);
        if (study.IsPartial) writer.WriteBoolean("partial", true);
        writer.WriteStartArray("runs");
        foreach (StudyRun run in study.Runs)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("vary");
            foreach ((string path, string value) in run.Vary) writer.WriteString(path, value);
            writer.WriteEndObject();
            writer.WritePropertyName("result");
            RunJson.Write(run.Record.Result, writer);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>
    /// Schema <c>orrery.capacity/1</c>: the goals, the capacity with its interval, and every search with its probes. An end that is not
    /// known is null.
    /// </summary>
    public static void Write(CapacityResult capacity, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(capacity);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("schema", CapacityResult.Schema);
        writer.WriteString("scenario", capacity.Scenario);
        if (capacity.IsPartial) writer.WriteBoolean("partial", true);
        WriteTexts(writer, "goals", capacity.Goals);
        ConfidenceInterval rate = capacity.RequestsPerSecond;
        writer.WriteNumber("requestsPerSecond", rate.Mean);
        writer.WriteStartArray("interval");
        WriteNumber(writer, rate.Low);
        WriteNumber(writer, rate.High);
        writer.WriteEndArray();
        writer.WriteNumber("level", rate.Level);
        writer.WriteStartArray("searches");
        foreach (CapacitySearch search in capacity.Searches) Write(writer, search);
        writer.WriteEndArray();
        WriteTexts(writer, "notes", capacity.Notes);
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, CapacitySearch search)
    {
        writer.WriteStartObject();
        writer.WriteNumber("seed", search.Seed);
        writer.WriteString("end", Documents.ChoiceNames.Of(search.End));
        writer.WriteBoolean("monotone", search.IsMonotone);
        writer.WriteStartArray("bracket");
        WriteNumber(writer, search.Low);
        WriteNumber(writer, search.High);
        writer.WriteEndArray();
        writer.WriteStartArray("probes");
        foreach (CapacityProbe probe in search.Probes)
        {
            writer.WriteStartObject();
            writer.WriteNumber("requestsPerSecond", probe.RequestsPerSecond);
            writer.WriteBoolean("met", probe.IsMet);
            WriteTexts(writer, "goals", probe.Sentences);
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter writer, string name, IReadOnlyList<string> texts)
    {
        writer.WriteStartArray(name);
        foreach (string text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }

    private static void WriteNumber(Utf8JsonWriter writer, double value)
    {
        if (double.IsFinite(value)) writer.WriteNumberValue(value);
        else writer.WriteNullValue();
    }
}
