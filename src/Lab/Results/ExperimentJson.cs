using System.Text.Json;
using Orrery.Kernel.Experiments;

namespace Orrery.Lab.Results;

/// <summary>The part of <c>orrery.run/1</c> that an experiment has in place of requests, tokens, metrics and cost.</summary>
internal static class ExperimentJson
{
    public const string Figures = "figures";

    private const string Use = "experiment";

    /// <summary>Writes into the object that is open. A figure that does not apply is null.</summary>
    public static void Write(ExperimentOutcome outcome, Utf8JsonWriter writer)
    {
        writer.WriteString(Use, outcome.Use);
        writer.WriteStartObject(Figures);
        foreach (ExperimentFigure figure in outcome.Figures)
        {
            if (outcome.Value(figure.Name) is { } value) writer.WriteNumber(figure.Name, value);
            else writer.WriteNull(figure.Name);
        }
        writer.WriteEndObject();
        writer.WriteStartObject("units");
        foreach (ExperimentFigure figure in outcome.Figures) writer.WriteString(figure.Name, figure.Unit);
        writer.WriteEndObject();
        writer.WriteStartArray("tables");
        foreach (ExperimentTable table in outcome.Tables)
        {
            writer.WriteStartObject();
            writer.WriteString("title", table.Title);
            WriteTexts(writer, "columns", table.Columns);
            writer.WriteStartArray("rows");
            foreach (IReadOnlyList<string> row in table.Rows) WriteTexts(writer, null, row);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    /// <summary>True for the result of an experiment.</summary>
    public static bool IsIn(JsonElement result) => result.TryGetProperty(Use, out _);

    /// <summary>Reads what <see cref="Write"/> wrote; what figures mean is not in it.</summary>
    /// <exception cref="KeyNotFoundException">A block is missing.</exception>
    public static ExperimentOutcome Read(JsonElement result)
    {
        JsonElement units = result.GetProperty("units");
        JsonProperty[] figures = [.. result.GetProperty(Figures).EnumerateObject()];
        return new(
            result.GetProperty(Use).GetString() ?? "",
            [.. figures.Select(figure => new ExperimentFigure(figure.Name, units.GetProperty(figure.Name).GetString() ?? "", ""))],
            figures.Where(figure => figure.Value.ValueKind != JsonValueKind.Null).ToDictionary(figure => figure.Name, figure => figure.Value.GetDouble()),
            [
                .. result.GetProperty("tables").EnumerateArray().Select(table => new ExperimentTable(
                    table.GetProperty("title").GetString() ?? "", Texts(table.GetProperty("columns")), [.. table.GetProperty("rows").EnumerateArray().Select(Texts)])),
            ]);
    }

    private static string[] Texts(JsonElement list) => [.. list.EnumerateArray().Select(text => text.GetString() ?? "")];

    private static void WriteTexts(Utf8JsonWriter writer, string? name, IReadOnlyList<string> texts)
    {
        if (name is null) writer.WriteStartArray();
        else writer.WriteStartArray(name);
        foreach (string text in texts) writer.WriteStringValue(text);
        writer.WriteEndArray();
    }
}
