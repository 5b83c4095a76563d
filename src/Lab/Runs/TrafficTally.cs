using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;
using Orrery.Serving.Sequences;

namespace Orrery.Lab.Runs;

/// <summary>
/// How far the figures of a run would move with other requests of the same kind, from the run itself: batches of neighbouring requests
/// in the order in which they leave. Memory is fixed.
/// </summary>
internal sealed class TrafficTally(Scenario scenario)
{
    private const int Columns = (int)Column.Gaps + 1;

    /// <summary>Fewer batches say little of their own spread: no traffic part then.</summary>
    private const int FewestBatches = 8;

    /// <summary>
    /// What a metric is a ratio of: sums over requests of the first column over those of the second. Figures of the fleet follow the rate
    /// that their name divides by.
    /// </summary>
    private static readonly Dictionary<string, (Column Numerator, Column Denominator)> Ratios = new()
    {
        ["ttft"] = (Column.Ttft, Column.Started),
        ["tpot"] = (Column.Tpot, Column.Several),
        ["gap"] = (Column.Decoding, Column.Gaps),
        ["e2e"] = (Column.EndToEnd, Column.Finished),
        ["queue"] = (Column.Queue, Column.Scheduled),
        ["normalized"] = (Column.Normalized, Column.Finished),
        ["qoe"] = (Column.Qoe, Column.Finished),
        ["outputTokensPerSecond"] = (Column.Output, Column.Seconds),
        ["tokensPerSecond"] = (Column.Tokens, Column.Seconds),
        ["optimumShare"] = (Column.Tokens, Column.Seconds),
        ["requestsPerSecond"] = (Column.Finished, Column.Seconds),
        ["attainment"] = (Column.Met, Column.Requests),
        ["goodput"] = (Column.Met, Column.Seconds),
        ["busy"] = (Column.Output, Column.Seconds),
        ["mfu"] = (Column.Tokens, Column.Seconds),
        ["mbu"] = (Column.Output, Column.Seconds),
        ["energyPerToken"] = (Column.Seconds, Column.Output),
        ["energyPerRequest"] = (Column.Seconds, Column.Finished),
        ["moneyPerMillionTokens"] = (Column.Seconds, Column.Output),
    };

    private readonly BatchRatios _batches = new(Columns);
    private readonly double[] _row = new double[Columns];
    private Instant _last = Instant.Zero;

    private enum Column
    {
        Seconds,
        Requests,
        Finished,
        Output,
        Tokens,
        Met,
        Ttft,
        Started,
        Tpot,
        Several,
        EndToEnd,
        Queue,
        Scheduled,
        Normalized,
        Qoe,
        Decoding,
        Gaps,
    }

    /// <summary>Metrics that have intervals.</summary>
    public static bool Covers(Metric metric) => Ratios.ContainsKey(metric.Name);

    public void Add(Sequence sequence)
    {
        Array.Clear(_row);
        Set(Column.Seconds, (sequence.End - _last).Seconds);
        _last = sequence.End;
        Set(Column.Requests, 1);
        Set(Column.Output, sequence.GeneratedTokens);
        if (!sequence.FirstScheduled.IsNever)
        {
            Set(Column.Scheduled, 1);
            Set(Column.Queue, (sequence.FirstScheduled - sequence.Arrival).Seconds);
        }
        if (!sequence.FirstToken.IsNever)
        {
            Set(Column.Started, 1);
            Set(Column.Ttft, (sequence.FirstToken - sequence.Arrival).Seconds);
        }
        if (sequence.Outcome == Serving.Sequences.Outcome.Finished) Finished(sequence);
        _batches.Add(_row);
    }

    /// <summary>
    /// How far a figure reaches below and above itself at the level: of its logarithm, or, for shares, of itself. Zero where the run is
    /// too short to say.
    /// </summary>
    /// <remarks>
    /// Quantiles: ranks of the binomial around p (order statistics), with the number of samples that independent ones would have had to be
    /// for the mean to move as much as its batches do.
    /// </remarks>
    public (double Below, double Above) Reach(Metric metric, Statistic statistic, double value, QuantileSketch? samples, double level)
    {
        if (_batches.Batches < FewestBatches || !Ratios.TryGetValue(metric.Name, out (Column Numerator, Column Denominator) ratio)) return default;
        if (_batches.RelativeError((int)ratio.Numerator, (int)ratio.Denominator) is not { } error) return default;
        double reach = _batches.Reach(level);
        if (statistic is Statistic.Value or Statistic.Mean)
        {
            double half = reach * error * (metric.Unit == MeasureUnit.Share ? value : 1);
            return (half, half);
        }
        if (samples is null || samples.IsEmpty || error <= 0) return default;
        double variation = samples.StandardDeviation / samples.Mean;
        double independent = Math.Clamp(variation / error * (variation / error), 1, samples.Count);
        double p = ShareOf(statistic);
        double ranks = reach * Math.Sqrt(p * (1 - p) / independent);
        double low = samples.Quantile(Math.Max(0, p - ranks)) / metric.SketchUnits;
        double high = samples.Quantile(Math.Min(1, p + ranks)) / metric.SketchUnits;
        if (metric.Unit == MeasureUnit.Share) return (Math.Max(0, value - low), Math.Max(0, high - value));
        if (!(value > 0 && low > 0)) return default;
        double below = Math.Max(0, Math.Log(value / low));
        double above = Math.Max(0, Math.Log(high / value));
        // Beyond the last sample there is a tail that this run has not seen.
        return (below, p + ranks > 1 ? Math.Max(above, below) : above);
    }

    private static double ShareOf(Statistic statistic) => statistic switch
    {
        Statistic.P50 => 0.5,
        Statistic.P90 => 0.9,
        Statistic.P95 => 0.95,
        _ => 0.99,
    };

    private void Finished(Sequence sequence)
    {
        Set(Column.Finished, 1);
        Set(Column.Tokens, sequence.PromptTokens + sequence.GeneratedTokens);
        double total = (sequence.LastToken - sequence.Arrival).Seconds;
        Set(Column.EndToEnd, total);
        Set(Column.Normalized, total / sequence.GeneratedTokens);
        Set(Column.Qoe, sequence.QualityOfExperience(scenario.Qoe));
        if (sequence.Meets(scenario.Slo)) Set(Column.Met, 1);
        if (sequence.GeneratedTokens < 2) return;
        Set(Column.Several, 1);
        Set(Column.Tpot, sequence.TimePerToken.Seconds);
        Set(Column.Decoding, (sequence.LastToken - sequence.FirstToken).Seconds);
        Set(Column.Gaps, sequence.GeneratedTokens - 1);
    }

    private void Set(Column column, double value) => _row[(int)column] = value;
}
