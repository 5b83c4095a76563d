using System.Globalization;
using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.Traffic.Readers;

namespace Orrery.Lab.Telemetry;

/// <summary>
/// Reads request logs: the <c>requests.csv</c> of our own runs (<c>arrival_seconds</c>, <c>first_token_seconds</c>, <c>finish_seconds</c> on one
/// clock, <c>prompt_tokens</c>, <c>output_tokens</c>; <c>id</c> and <c>outcome</c> may be there, other columns are passed over), or vLLM's stamps
/// (<c>arrival_s</c>, <c>queued_s</c>, <c>first_token_after_queued_s</c>, <c>last_token_after_queued_s</c>; see <see cref="RequestOutcomes.ReadVllm"/>).
/// </summary>
public static class TelemetryReader
{
    /// <summary>Clocks may count from 1970; beyond the year 5000 a stamp is not in seconds.</summary>
    private const double LatestSeconds = 1e11;

    private const int MostTokens = 100_000_000;

    private const string VllmColumn = "first_token_after_queued_s";

    /// <summary>The requests in order of arrival.</summary>
    /// <param name="path">CSV, plain or gzip.</param>
    /// <param name="warn">Told how many rows had no first token and were left out.</param>
    /// <exception cref="InputException">A column is missing or a value is wrong; the sentence names line and column.</exception>
    public static IReadOnlyList<TelemetryRequest> Read(string path, Action<string>? warn = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        using CsvReader csv = CsvReader.Open(path);
        List<TelemetryRequest> requests = csv.Find(VllmColumn) >= 0 ? Vllm(csv) : Plain(csv, warn);
        if (requests.Count == 0) return requests;
        double start = requests.Min(request => request.ArrivalSeconds);
        return [.. requests.Select(request => request with { ArrivalSeconds = request.ArrivalSeconds - start }).OrderBy(request => request.ArrivalSeconds)];
    }

    private static List<TelemetryRequest> Plain(CsvReader csv, Action<string>? warn)
    {
        int arrival = csv.Require("arrival_seconds");
        int first = csv.Require("first_token_seconds");
        int finish = csv.Require("finish_seconds");
        int prompt = csv.Require("prompt_tokens");
        int output = csv.Require("output_tokens");
        int id = csv.Find("id");
        int outcome = csv.Find("outcome");
        HashSet<string> seen = [];
        List<TelemetryRequest> requests = [];
        long left = 0;
        while (csv.TryRead(out CsvRow row))
        {
            if (row.IsEmpty(first) || row.IsEmpty(finish))
            {
                left++;
                continue;
            }
            double at = Stamp(row, arrival);
            double token = NotBefore(row, first, at, "arrival");
            double end = NotBefore(row, finish, token, "first token");
            string name = row.IsEmpty(id) ? csv.LineNumber.ToString(CultureInfo.InvariantCulture) : row.Text(id);
            if (!seen.Add(name)) throw csv.Error($"the id '{name}' occurs twice; each row is one request");
            bool isFinished = row.IsEmpty(outcome) || row.Text(outcome) == "finished";
            requests.Add(new(new(name, row.Int(output, 1, MostTokens), token - at, end - at), at, row.Int(prompt, 1, MostTokens), isFinished));
        }
        if (left > 0) warn?.Invoke($"{csv.Origin}: {left} rows have no first or no last token; they are left out");
        return requests;
    }

    private static List<TelemetryRequest> Vllm(CsvReader csv)
    {
        int id = csv.Require("request_id");
        int prompt = csv.Require("prompt_tokens");
        int output = csv.Require("output_tokens");
        int arrival = csv.Require("arrival_s");
        int queued = csv.Require("queued_s");
        int first = csv.Require(VllmColumn);
        int last = csv.Require("last_token_after_queued_s");
        HashSet<string> seen = [];
        List<TelemetryRequest> requests = [];
        while (csv.TryRead(out CsvRow row))
        {
            string name = row.Text(id);
            if (!seen.Add(name)) throw csv.Error($"the id '{name}' occurs twice; each row is one request");
            double at = Stamp(row, arrival);
            double wait = Stamp(row, queued) - at;
            double token = row.Number(first, 0, LatestSeconds);
            double end = NotBefore(row, last, token, "first token");
            // The two stamps come from two processes, whose clocks may differ by less than a step.
            RequestOutcome outcome = new(name, row.Int(output, 1, MostTokens), Math.Max(0, wait + token), Math.Max(0, wait + end));
            requests.Add(new(outcome, at, row.Int(prompt, 1, MostTokens), IsFinished: true));
        }
        return requests;
    }

    private static double Stamp(in CsvRow row, int column) => row.Number(column, -LatestSeconds, LatestSeconds);

    private static double NotBefore(in CsvRow row, int column, double earliest, string what)
    {
        double value = Stamp(row, column);
        return value >= earliest
            ? value
            : throw row.Error(column, string.Create(CultureInfo.InvariantCulture, $"{value} is before the {what} at {earliest}; all times of a row are seconds on one clock"));
    }
}
