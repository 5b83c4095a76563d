using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;

namespace Orrery.Lab.Telemetry;

/// <summary>A cumulative histogram of a quantity in seconds.</summary>
/// <param name="Mean">Sum over count.</param>
/// <param name="P50">Median, linear within its bucket; NaN where it lies in the last, open one.</param>
/// <param name="P95">95th percentile, likewise.</param>
/// <param name="Count">Observations.</param>
public sealed record ExpositionHistogram(double Mean, double P50, double P95, double Count);

/// <summary>
/// What a vLLM server tells at <c>/metrics</c> that a request log does not, and histograms to check the log against. What an exposition lacks
/// is null. Names of metrics: vLLM's documentation of its production metrics (b).
/// </summary>
public sealed record VllmExposition
{
    /// <summary>KV blocks of one engine; of several the fewest.</summary>
    public long? Blocks { get; init; }

    /// <summary>Preemptions since the server started, of all its engines.</summary>
    public double? Preemptions { get; init; }

    public ExpositionHistogram? Ttft { get; init; }

    /// <summary>By request.</summary>
    public ExpositionHistogram? Tpot { get; init; }

    /// <summary>By token.</summary>
    public ExpositionHistogram? Gap { get; init; }

    public ExpositionHistogram? Latency { get; init; }

    /// <exception cref="InputException">The file cannot be read, is malformed, or has no metric of vLLM.</exception>
    public static VllmExposition Load(string path) => Of(PrometheusText.Parse(InputFile.ReadAllText(path), path), path);

    /// <param name="samples">A parsed exposition.</param>
    /// <param name="origin">Its name in errors.</param>
    public static VllmExposition Of(IReadOnlyList<PrometheusSample> samples, string origin)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (!samples.Any(sample => sample.Name.StartsWith("vllm:", StringComparison.Ordinal)))
            throw new InputException($"{origin}: there is no metric of vLLM (vllm:…); save what the server gives at /metrics");
        long[] blocks =
        [
            .. samples.Where(sample => sample.Name == "vllm:cache_config_info")
                .Select(sample => long.TryParse(sample.Labels.GetValueOrDefault("num_gpu_blocks"), NumberStyles.None, CultureInfo.InvariantCulture, out long count) ? count : 0)
                .Where(count => count > 0),
        ];
        double[] preemptions =
        [
            .. samples.Where(sample => sample.Name is "vllm:num_preemptions_total" or "vllm:num_preemptions").Select(sample => sample.Value).Where(double.IsFinite),
        ];
        return new()
        {
            Blocks = blocks.Length > 0 ? blocks.Min() : null,
            Preemptions = preemptions.Length > 0 ? preemptions.Sum() : null,
            Ttft = Histogram(samples, "vllm:time_to_first_token_seconds"),
            Tpot = Histogram(samples, "vllm:request_time_per_output_token_seconds"),
            Gap = Histogram(samples, "vllm:inter_token_latency_seconds") ?? Histogram(samples, "vllm:time_per_output_token_seconds"),
            Latency = Histogram(samples, "vllm:e2e_request_latency_seconds"),
        };
    }

    /// <summary>All series of a histogram together, as of engines behind one endpoint.</summary>
    private static ExpositionHistogram? Histogram(IReadOnlyList<PrometheusSample> samples, string name)
    {
        SortedDictionary<double, double> cumulative = [];
        double sum = 0;
        double count = 0;
        foreach (PrometheusSample sample in samples)
        {
            if (!double.IsFinite(sample.Value) || !sample.Name.StartsWith(name, StringComparison.Ordinal)) continue;
            if (sample.Name.Length == name.Length + "_sum".Length && sample.Name.EndsWith("_sum", StringComparison.Ordinal)) sum += sample.Value;
            else if (sample.Name.Length == name.Length + "_count".Length && sample.Name.EndsWith("_count", StringComparison.Ordinal)) count += sample.Value;
            else if (sample.Name.Length == name.Length + "_bucket".Length && BoundOf(sample) is { } bound) cumulative[bound] = cumulative.GetValueOrDefault(bound) + sample.Value;
        }
        return count > 0 && cumulative.Count > 0 ? new(sum / count, Quantile(cumulative, count, 0.5), Quantile(cumulative, count, 0.95), count) : null;
    }

    private static double? BoundOf(PrometheusSample bucket) => bucket.Labels.GetValueOrDefault("le") switch
    {
        "+Inf" => double.PositiveInfinity,
        { } text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double bound) && double.IsFinite(bound) => bound,
        _ => null,
    };

    private static double Quantile(SortedDictionary<double, double> cumulative, double count, double share)
    {
        double rank = share * count;
        double lower = 0;
        double below = 0;
        foreach ((double bound, double upTo) in cumulative)
        {
            if (upTo >= rank)
                return double.IsInfinity(bound) ? double.NaN : upTo > below ? lower + ((bound - lower) * (rank - below) / (upTo - below)) : bound;
            (lower, below) = (bound, upTo);
        }
        return double.NaN;
    }
}
