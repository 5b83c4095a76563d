using System.Text.Json;
using Orrery.Kernel;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Units;

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
        WriteCounts(result, writer);
        WriteMetrics(result.Metrics, writer);
        writer.WriteStartObject("cost");
        writer.WriteNumber("energyJoules", result.Cost.EnergyJoules);
        writer.WriteNumber("carbonGrams", result.Cost.CarbonGrams);
        writer.WriteNumber("waterLitres", result.Cost.WaterLitres);
        writer.WriteStartObject("money");
        writer.WriteNumber("amount", result.Cost.MoneyDollars);
        writer.WriteString("currency", Money.Currency);
        writer.WriteEndObject();
        writer.WriteEndObject();
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
        JsonElement requests = element.GetProperty("requests");
        JsonElement tokens = element.GetProperty("tokens");
        JsonElement cost = element.GetProperty("cost");
        JsonElement simulation = element.GetProperty("simulation");
        return new()
        {
            Scenario = element.GetProperty("scenario").GetString() ?? "",
            Seed = element.GetProperty("seed").GetUInt64(),
            IsPartial = element.TryGetProperty("partial", out JsonElement partial) && partial.GetBoolean(),
            Requests = new(
                Long(requests, "arrived"), Long(requests, "finished"), Long(requests, "rejected"), Long(requests, "cancelled"),
                Long(requests, "timedOut"), Long(requests, "preemptions")),
            Tokens = new(Long(tokens, "prompt"), Long(tokens, "output"), Long(tokens, "prefilled"), Long(tokens, "cached")),
            Metrics = ReadMetrics(element.GetProperty("metrics")),
            Cost = new(
                Number(cost, "energyJoules"), Number(cost, "carbonGrams"), Number(cost, "waterLitres"), Number(cost.GetProperty("money"), "amount")),
            Simulation = new(
                Number(simulation, "virtualSeconds"), Number(simulation, "wallSeconds"), Long(simulation, "events"), Long(simulation, "steps")),
            RejectionReasons = element.GetProperty("rejectionReasons").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt64()),
            Expectations = [.. element.GetProperty("expectations").EnumerateArray().Select(ReadExpectation)],
            Notes = [.. element.GetProperty("notes").EnumerateArray().Select(note => note.GetString() ?? "")],
        };
    }

    private static void WriteCounts(RunResult result, Utf8JsonWriter writer)
    {
        writer.WriteStartObject("requests");
        writer.WriteNumber("arrived", result.Requests.Arrived);
        writer.WriteNumber("finished", result.Requests.Finished);
        writer.WriteNumber("rejected", result.Requests.Rejected);
        writer.WriteNumber("cancelled", result.Requests.Cancelled);
        writer.WriteNumber("timedOut", result.Requests.TimedOut);
        writer.WriteNumber("preemptions", result.Requests.Preemptions);
        writer.WriteEndObject();
        writer.WriteStartObject("tokens");
        writer.WriteNumber("prompt", result.Tokens.Prompt);
        writer.WriteNumber("output", result.Tokens.Output);
        writer.WriteNumber("prefilled", result.Tokens.Prefilled);
        writer.WriteNumber("cached", result.Tokens.Cached);
        writer.WriteEndObject();
    }

    private static void WriteMetrics(RunMetrics metrics, Utf8JsonWriter writer)
    {
        writer.WriteStartObject("metrics");
        WriteSummary(writer, "ttftSeconds", metrics.TtftSeconds);
        WriteSummary(writer, "tpotSeconds", metrics.TpotSeconds);
        WriteSummary(writer, "gapSeconds", metrics.GapSeconds);
        WriteSummary(writer, "e2eSeconds", metrics.E2eSeconds);
        WriteSummary(writer, "queueSeconds", metrics.QueueSeconds);
        WriteSummary(writer, "normalizedLatencySeconds", metrics.NormalizedLatencySeconds);
        WriteSummary(writer, "qoe", metrics.Qoe);
        writer.WriteNumber("outputTokensPerSecond", metrics.OutputTokensPerSecond);
        writer.WriteNumber("requestsPerSecond", metrics.RequestsPerSecond);
        writer.WriteNumber("sloAttainment", metrics.SloAttainment);
        writer.WriteNumber("goodputRequestsPerSecond", metrics.GoodputRequestsPerSecond);
        writer.WriteNumber("busyFraction", metrics.BusyFraction);
        writer.WriteNumber("modelFlopsUtilization", metrics.ModelFlopsUtilization);
        writer.WriteNumber("memoryBandwidthUtilization", metrics.MemoryBandwidthUtilization);
        writer.WriteStartObject("kvUtilization");
        writer.WriteNumber("mean", metrics.KvUtilizationMean);
        writer.WriteNumber("max", metrics.KvUtilizationMax);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteSummary(Utf8JsonWriter writer, string key, Summary? summary)
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

    private static RunMetrics ReadMetrics(JsonElement metrics) => new()
    {
        TtftSeconds = ReadSummary(metrics, "ttftSeconds"),
        TpotSeconds = ReadSummary(metrics, "tpotSeconds"),
        GapSeconds = ReadSummary(metrics, "gapSeconds"),
        E2eSeconds = ReadSummary(metrics, "e2eSeconds"),
        QueueSeconds = ReadSummary(metrics, "queueSeconds"),
        NormalizedLatencySeconds = ReadSummary(metrics, "normalizedLatencySeconds"),
        Qoe = ReadSummary(metrics, "qoe"),
        OutputTokensPerSecond = Number(metrics, "outputTokensPerSecond"),
        RequestsPerSecond = Number(metrics, "requestsPerSecond"),
        SloAttainment = Number(metrics, "sloAttainment"),
        GoodputRequestsPerSecond = Number(metrics, "goodputRequestsPerSecond"),
        BusyFraction = Number(metrics, "busyFraction"),
        ModelFlopsUtilization = Number(metrics, "modelFlopsUtilization"),
        MemoryBandwidthUtilization = Number(metrics, "memoryBandwidthUtilization"),
        KvUtilizationMean = Number(metrics.GetProperty("kvUtilization"), "mean"),
        KvUtilizationMax = Number(metrics.GetProperty("kvUtilization"), "max"),
    };

    private static Summary? ReadSummary(JsonElement metrics, string key)
    {
        JsonElement s = metrics.GetProperty(key);
        return s.ValueKind == JsonValueKind.Null
            ? null
            : new(
                Long(s, "count"), Number(s, "mean"), Number(s, "std"), Number(s, "min"), Number(s, "p10"), Number(s, "p25"), Number(s, "p50"),
                Number(s, "p75"), Number(s, "p90"), Number(s, "p95"), Number(s, "p99"), Number(s, "p999"), Number(s, "max"));
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
