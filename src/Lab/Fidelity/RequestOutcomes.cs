using Orrery.Kernel;
using Orrery.Traffic.Readers;

namespace Orrery.Lab.Fidelity;

/// <summary>What one request experienced. Times in seconds; TTFT and latency count from its arrival.</summary>
/// <param name="Id">Its name in the request list.</param>
/// <param name="OutputTokens">Tokens it produced.</param>
/// <param name="TtftSeconds">Arrival to first token.</param>
/// <param name="LatencySeconds">Arrival to last token.</param>
public readonly record struct RequestOutcome(string Id, int OutputTokens, double TtftSeconds, double LatencySeconds)
{
    /// <summary>(last − first token) / (output tokens − 1); NaN for a single token.</summary>
    public double TpotSeconds => OutputTokens > 1 ? (LatencySeconds - TtftSeconds) / (OutputTokens - 1) : double.NaN;
}

/// <summary>Readers of published outcomes, request by request.</summary>
public static class RequestOutcomes
{
    private const double LongestSeconds = 1e7;

    private const double NanosecondsPerSecond = 1e9;

    private const int MostTokens = 100_000_000;

    /// <summary>
    /// vLLM's own stamps: <c>arrival_s</c> and <c>queued_s</c> relative to the first, then <c>first_token_after_queued_s</c> and
    /// <c>last_token_after_queued_s</c>. The engine's core takes new requests in between two steps, so it queues them up to a step after their
    /// arrival: that wait belongs to TTFT.
    /// </summary>
    /// <exception cref="InputException">A column is missing or a value is wrong; the sentence says where.</exception>
    public static IReadOnlyList<RequestOutcome> ReadVllm(string path)
    {
        using CsvReader csv = CsvReader.Open(path);
        int id = csv.Require("request_id");
        int output = csv.Require("output_tokens");
        int arrival = csv.Require("arrival_s");
        int queued = csv.Require("queued_s");
        int first = csv.Require("first_token_after_queued_s");
        int last = csv.Require("last_token_after_queued_s");
        List<RequestOutcome> outcomes = [];
        while (csv.TryRead(out CsvRow row))
        {
            double wait = row.Number(queued, -LongestSeconds, LongestSeconds) - row.Number(arrival, -LongestSeconds, LongestSeconds);
            outcomes.Add(new(row.Text(id), row.Int(output, 1, MostTokens), wait + row.Number(first, 0, LongestSeconds), wait + row.Number(last, 0, LongestSeconds)));
        }
        return outcomes;
    }

    /// <summary>A simulator's prediction: <c>request_id</c>, <c>output</c>, and <c>TTFT</c> and <c>latency</c> in nanoseconds.</summary>
    /// <exception cref="InputException">A column is missing or a value is wrong; the sentence says where.</exception>
    public static IReadOnlyList<RequestOutcome> ReadPrediction(string path)
    {
        using CsvReader csv = CsvReader.Open(path);
        int id = csv.Require("request_id");
        int output = csv.Require("output");
        int ttft = csv.Require("TTFT");
        int latency = csv.Require("latency");
        List<RequestOutcome> outcomes = [];
        while (csv.TryRead(out CsvRow row))
            outcomes.Add(new(row.Text(id), row.Int(output, 1, MostTokens), Seconds(row, ttft), Seconds(row, latency)));
        return outcomes;
    }

    private static double Seconds(CsvRow row, int column) => row.Number(column, 0, LongestSeconds * NanosecondsPerSecond) / NanosecondsPerSecond;
}
