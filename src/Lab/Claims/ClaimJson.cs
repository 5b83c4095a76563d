using System.Text.Json;
using Orrery.Documents;
using Orrery.Kernel.Statistics;

namespace Orrery.Lab.Claims;

/// <summary>The JSON of claims, schema <c>orrery.claims/1</c>. A figure that does not exist, and an open end, is null.</summary>
public static class ClaimJson
{
    public static void Write(Reproduction reproduction, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(reproduction);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("schema", ClaimResult.Schema);
        if (reproduction.IsPartial) writer.WriteBoolean("partial", true);
        writer.WriteStartArray("claims");
        foreach (ClaimResult result in reproduction.Claims) Write(result, writer);
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(ClaimResult result, Utf8JsonWriter writer)
    {
        Claim claim = result.Claim;
        writer.WriteStartObject();
        writer.WriteString("system", result.File.System);
        writer.WriteString("claim", claim.Name);
        writer.WriteString("doc", claim.Doc);
        writer.WriteString("source", result.Source);
        writer.WriteString("unit", claim.Unit);
        writer.WritePropertyName("paper");
        if (claim.Paper is { } paper && paper.Low == paper.High) writer.WriteNumberValue(paper.Low);
        else WriteRange(writer, claim.Paper?.Low, claim.Paper?.High);
        Number(writer, "measured", result.Measured?.Mean);
        writer.WritePropertyName("interval");
        WriteInterval(writer, result.Measured);
        if (claim.Window is not null)
        {
            Number(writer, "wholeRun", result.Whole?.Mean);
            writer.WritePropertyName("wholeRunInterval");
            WriteInterval(writer, result.Whole);
        }
        writer.WritePropertyName("band");
        WriteRange(writer, claim.Band?.Low, claim.Band?.High);
        if (claim.BandMark.Length > 0) writer.WriteString("bandMark", claim.BandMark);
        writer.WriteString("status", ChoiceNames.Of(result.Status));
        writer.WriteString("why", result.Why);
        writer.WriteStartArray("seeds");
        foreach (ulong seed in result.Seeds) writer.WriteNumberValue(seed);
        writer.WriteEndArray();
        writer.WriteStartArray("values");
        foreach (double value in result.Values) Value(writer, value);
        writer.WriteEndArray();
        if (result.Each.Count > 0)
        {
            writer.WriteStartObject("each");
            foreach ((string name, double? value) in result.Each) Number(writer, name, value);
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }

    private static void WriteInterval(Utf8JsonWriter writer, ConfidenceInterval? interval) => WriteRange(writer, interval?.Low, interval?.High);

    private static void WriteRange(Utf8JsonWriter writer, double? low, double? high)
    {
        if (low is null)
        {
            writer.WriteNullValue();
            return;
        }
        writer.WriteStartArray();
        Value(writer, low);
        Value(writer, high);
        writer.WriteEndArray();
    }

    private static void Number(Utf8JsonWriter writer, string name, double? value)
    {
        writer.WritePropertyName(name);
        Value(writer, value);
    }

    private static void Value(Utf8JsonWriter writer, double? value)
    {
        if (value is { } number && double.IsFinite(number)) writer.WriteNumberValue(number);
        else writer.WriteNullValue();
    }
}
