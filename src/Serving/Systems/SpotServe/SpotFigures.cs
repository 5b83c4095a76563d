using System.Globalization;
using Orrery.Kernel.Experiments;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;

namespace Orrery.Serving.Systems.SpotServe;

/// <summary>What the experiment measures.</summary>
internal static class SpotFigures
{
    public static readonly IReadOnlyList<ExperimentFigure> All =
    [
        new("arrived", "", "Requests that arrived."),
        new("finished", "", "Requests whose last token was delivered."),
        new("latencyMeanSeconds", "s", "From arrival to the last token, mean."),
        new("latencyP50Seconds", "s", "From arrival to the last token, median."),
        new("latencyP90Seconds", "s", "From arrival to the last token, 90th percentile."),
        new("latencyP95Seconds", "s", "From arrival to the last token, 95th percentile."),
        new("latencyP99Seconds", "s", "From arrival to the last token, 99th percentile."),
        new("latencyMaxSeconds", "s", "From arrival to the last token, largest."),
        new("tokens", "", "Output tokens delivered."),
        new("tokensRecomputed", "", "Output tokens computed again after they had been delivered."),
        new("promptsRecomputed", "", "Prompts that went through the model again."),
        new("changes", "", "Times that the layout changed."),
        new("crashes", "", "Replicas that went with a machine while they served."),
        new("stoppedSeconds", "s", "From the stop of a change until its replicas lose no more time, mean over replicas and changes."),
        new("shortSeconds", "s", "Time for which wanted replicas did not serve, each by its share of the wanted ones."),
        new("darkSeconds", "s", "Time for which no replica served."),
        new("movedGigabytes", "GB", "Weights and KV between GPUs."),
        new("loadedGigabytes", "GB", "Weights from storage."),
        new("spotHours", "h", "Machine-hours on the spot market."),
        new("onDemandHours", "h", "Machine-hours at the full price."),
        new("dollars", "$", "The bill."),
        new("dollarsPerMillionTokens", "$", "The bill per million delivered output tokens."),
        new("gapCv", "", "Coefficient of variation of the gaps between arrivals, as drawn."),
    ];

    public static ExperimentResult Of(SpotCluster cluster, SpotBill bill, Moments gaps)
    {
        RequestManager requests = cluster.Requests;
        const double gigabyte = 1e9, million = 1e6;
        Dictionary<string, double> values = new()
        {
            ["arrived"] = requests.Arrived,
            ["finished"] = requests.Finished,
            ["tokens"] = requests.TokensDelivered,
            ["tokensRecomputed"] = requests.TokensComputed - requests.TokensDelivered,
            ["promptsRecomputed"] = requests.PromptsComputed - requests.PromptsNeeded,
            ["changes"] = cluster.Switches.Count,
            ["crashes"] = cluster.Crashes,
            ["shortSeconds"] = cluster.ShortSeconds,
            ["darkSeconds"] = cluster.DarkSeconds,
            ["movedGigabytes"] = cluster.Switches.Sum(change => change.MovedBytes) / gigabyte,
            ["loadedGigabytes"] = cluster.Switches.Sum(change => change.LoadedBytes) / gigabyte,
            ["spotHours"] = bill.SpotHours,
            ["onDemandHours"] = bill.OnDemandHours,
            ["dollars"] = bill.Amount.Dollars,
        };
        if (cluster.Switches.Count > 0) values["stoppedSeconds"] = cluster.Switches.Average(change => change.StoppedSeconds);
        if (requests.TokensDelivered > 0) values["dollarsPerMillionTokens"] = bill.Amount.Dollars / requests.TokensDelivered * million;
        if (gaps.Count > 1) values["gapCv"] = gaps.SampleDeviation / gaps.Mean;
        if (!requests.Latency.IsEmpty)
        {
            values["latencyMeanSeconds"] = requests.Latency.Mean / Duration.NanosecondsPerSecond;
            foreach ((string name, double share) in new[] { ("P50", 0.5), ("P90", 0.9), ("P95", 0.95), ("P99", 0.99) })
                values[$"latency{name}Seconds"] = (double)requests.Latency.Quantile(share) / Duration.NanosecondsPerSecond;
            values["latencyMaxSeconds"] = (double)requests.Latency.Max / Duration.NanosecondsPerSecond;
        }
        return new ExperimentResult(values) { Tables = [Table(cluster.Switches)], Notes = Notes(cluster) };
    }

    private static ExperimentTable Table(IReadOnlyList<SpotSwitch> switches) => new(
        "Changes",
        ["at (s)", "machines", "configuration", "batches kept", "restarted", "stopped (s)", "moved (GB)", "loaded (GB)"],
        [.. switches.Select(change => (IReadOnlyList<string>)
        [
            Text(change.At.Seconds, "0.0"), Text(change.Machines, "0"), change.Configuration, Text(change.Kept, "0"), Text(change.Restarted, "0"),
            Text(change.StoppedSeconds, "0.0"), Text(change.MovedBytes / 1e9, "0.0"), Text(change.LoadedBytes / 1e9, "0.0"),
        ])]);

    private static string[] Notes(SpotCluster cluster)
    {
        int left = cluster.Requests.Arrived - cluster.Requests.Finished;
        return left == 0 ? [] : [string.Create(CultureInfo.InvariantCulture, $"{left} requests never finished: the machines that are left are too few to serve.")];
    }

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
