using System.Collections.Frozen;
using Orrery.Documents.Expectations;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.Serving.Fleets;
using Orrery.Serving.Metrics;

namespace Orrery.Lab.Results;

/// <summary>
/// Every metric of a run, one line each: expressions, JSON, tables and reports are derived from it. A new metric is a line here and, where
/// nothing counts it yet, a total in <see cref="RunFacts"/>.
/// </summary>
public static class RunMetricTable
{
    private const double TokensPerMillion = 1e6;

    /// <summary>In the order of table columns; the definitions are in docs/concepts.md.</summary>
    public static IReadOnlyList<Metric> All { get; } =
    [
        Times("ttft", "ttftSeconds", f => f.Ttft, "TTFT", title: "Time to first token", P50(1), P99(2)),
        Times("tpot", "tpotSeconds", f => f.Tpot, "TPOT", title: "Time per output token", P50(7), P99(12)),
        Times("gap", "gapSeconds", f => f.Gaps, "gap", title: "Gap between tokens", P99(3)),
        Times("e2e", "e2eSeconds", f => f.EndToEnd, "E2E", title: "End to end", P50(8), P99(11)) with { Label = "end to end" },
        Times("queue", "queueSeconds", f => f.Queue, "queue", title: "Queue", P99(14)),
        Times("normalized", "normalizedLatencySeconds", f => f.Normalized, "", title: "Per output token, end to end") with { Label = "normalized, per token" },
        new("qoe", "metrics.qoe", MeasureUnit.Share, Better.Higher)
            { Samples = f => f.Qoe, SketchUnits = ServingMetrics.QoePartsPerOne, Header = "QoE", Label = "QoE, 0 to 1", Columns = [new(13, Statistic.Mean)] },
        Number("outputTokensPerSecond", "metrics.outputTokensPerSecond", MeasureUnit.PerSecond, Better.Higher, f => Ratio(f.OutputTokens, f.Seconds), "tokens", 5),
        Number("tokensPerSecond", "metrics.tokensPerSecond", MeasureUnit.PerSecond, Better.Higher, f => Ratio(f.PromptTokens + f.OutputTokens, f.Seconds)),
        Number("optimumShare", "metrics.optimumFraction", MeasureUnit.Share, Better.Higher, f => Ratio(Ratio(f.PromptTokens + f.OutputTokens, f.Seconds), f.OptimalTokensPerSecond)),
        Number("requestsPerSecond", "metrics.requestsPerSecond", MeasureUnit.PerSecond, Better.Higher, f => Ratio(f.Departed, f.Seconds)),
        Number("attainment", "metrics.sloAttainment", MeasureUnit.Share, Better.Higher, f => Ratio(f.MetObjective, f.Arrived), "SLO met", 4),
        Number("goodput", "metrics.goodputRequestsPerSecond", MeasureUnit.PerSecond, Better.Higher, f => Ratio(f.MetObjective, f.Seconds), "goodput", 9),
        Fleet("busy", "metrics.busyFraction", MeasureUnit.Share, Better.Neither, (_, f) => Ratio(f.BusySeconds, f.ReplicaSeconds), "busy", 18),
        Fleet("idle", "metrics.idleFraction", MeasureUnit.Share, Better.Lower, (_, f) => Ratio(f.ReplicaSeconds - f.BusySeconds + f.MemoryWaitSeconds + f.SwapWaitSeconds, f.ReplicaSeconds)),
        Fleet("swapWait", "metrics.swapWaitFraction", MeasureUnit.Share, Better.Lower, (_, f) => Ratio(f.SwapWaitSeconds, f.ReplicaSeconds)),
        Fleet("mfu", "metrics.modelFlopsUtilization", MeasureUnit.Share, Better.Higher, (_, f) => Ratio(f.Flops, f.PeakFlops)),
        Fleet("mbu", "metrics.memoryBandwidthUtilization", MeasureUnit.Share, Better.Higher, (_, f) => Ratio(f.Bytes, f.PeakBytes)),
        Fleet("kvMean", "metrics.kvUtilization.mean", MeasureUnit.Share, Better.Neither, (_, f) => f.KvMean),
        Fleet("kvMax", "metrics.kvUtilization.max", MeasureUnit.Share, Better.Neither, (_, f) => f.KvMax, "KV max", 16),
        Fleet("kvWasted", "metrics.kvUtilization.wasted", MeasureUnit.Share, Better.Lower, (_, f) => f.KvHeldTokens > 0 ? 1 - (f.KvWrittenTokens / f.KvHeldTokens) : null),
        Fleet("memoryWait", "metrics.memoryWaitSeconds", MeasureUnit.Seconds, Better.Lower, (_, f) => f.MemoryWaitSeconds),
        Fleet("longestMemoryWait", "metrics.longestMemoryWaitSeconds", MeasureUnit.Seconds, Better.Lower, (_, f) => f.LongestMemoryWaitSeconds),
        Fleet("mappedPages", "metrics.mappedPages", MeasureUnit.Count, Better.Neither, (_, f) => f.MappedPages),
        Fleet("largestBatch", "metrics.largestBatch", MeasureUnit.Count, Better.Neither, (_, f) => f.LargestBatch),
        Fleet("steps", "metrics.steps", MeasureUnit.Count, Better.Neither, (_, f) => f.Steps),
        Fleet("tokensPerStep", "metrics.tokensPerStep", MeasureUnit.Count, Better.Neither, (_, f) => Per(f.Steps, f.StepTokens)),
        Fleet("cachedShare", "metrics.cachedFraction", MeasureUnit.Share, Better.Higher, (_, f) => Ratio(f.CachedTokens, f.CachedTokens + f.PrefilledTokens)),
        Fleet("energy", "cost.energyJoules", MeasureUnit.Joules, Better.Lower, (_, f) => f.EnergyJoules) with { Title = "energy" },
        Fleet("energyPerToken", "cost.energyJoulesPerOutputToken", MeasureUnit.JoulesPerToken, Better.Lower, (r, f) => Per(r.OutputTokens, f.EnergyJoules), "energy", 10)
            with { Title = "energy per output token" },
        Fleet("energyPerRequest", "cost.energyJoulesPerRequest", MeasureUnit.Joules, Better.Lower, (r, f) => Per(r.Finished, f.EnergyJoules)) with { Title = "energy per request" },
        Fleet("deviceEnergy", "cost.deviceEnergyJoules", MeasureUnit.Joules, Better.Lower, (_, f) => f.DeviceJoules) with { Title = "energy of the accelerators" },
        Fleet("idleEnergy", "cost.idleEnergyJoules", MeasureUnit.Joules, Better.Lower, (_, f) => f.IdleDeviceJoules) with { Title = "accelerators, idle" },
        Fleet("prefillEnergy", "cost.prefillEnergyJoules", MeasureUnit.Joules, Better.Lower, (_, f) => f.PrefillDeviceJoules) with { Title = "accelerators, steps with prompts" },
        Fleet("decodeEnergy", "cost.decodeEnergyJoules", MeasureUnit.Joules, Better.Lower, (_, f) => f.DecodeDeviceJoules) with { Title = "accelerators, steps of decodes" },
        Fleet("energyPerPromptToken", "cost.deviceJoulesPerPromptToken", MeasureUnit.JoulesPerToken, Better.Lower, (_, f) => Per(f.PrefilledTokens, f.PromptDeviceJoules))
            with { Title = "accelerators, per prompt token" },
        Fleet("energyPerDecodedToken", "cost.deviceJoulesPerDecodedToken", MeasureUnit.JoulesPerToken, Better.Lower,
            (_, f) => Per(f.DecodeTokens, f.PrefillDeviceJoules + f.DecodeDeviceJoules - f.PromptDeviceJoules)) with { Title = "accelerators, per decoded token" },
        Fleet("rowPeak", "metrics.rowPower.peak", MeasureUnit.Share, Better.Lower, (_, f) => f.Row?.PeakShare, "row peak", 41, seen: true) with { Title = "highest power over the row's budget" },
        Fleet("rowMean", "metrics.rowPower.mean", MeasureUnit.Share, Better.Neither, (_, f) => f.Row?.MeanShare) with { Title = "mean power over the row's budget" },
        Fleet("brakes", "metrics.rowPower.brakes", MeasureUnit.Count, Better.Lower, (_, f) => f.Row?.Brakes, "brakes", 42, seen: true) with { Title = "times that the power brake was set" },
        Fleet("brakedSeconds", "metrics.rowPower.brakedSeconds", MeasureUnit.Seconds, Better.Lower, (_, f) => f.Row?.BrakedSeconds) with { Title = "time under the power brake" },
        Fleet("capCommands", "metrics.rowPower.commands", MeasureUnit.Count, Better.Lower, (_, f) => f.Row?.Commands) with { Title = "clocks sent to servers" },
        Fleet("overFirst", "metrics.rowPower.secondsOverFirst", MeasureUnit.Seconds, Better.Lower, (_, f) => f.Row?.SecondsOverFirst) with { Title = "time over the first power threshold" },
        Fleet("overSecond", "metrics.rowPower.secondsOverSecond", MeasureUnit.Seconds, Better.Lower, (_, f) => f.Row?.SecondsOverSecond) with { Title = "time over the second power threshold" },
        Fleet("rowEnergy", "metrics.rowPower.energyJoules", MeasureUnit.Joules, Better.Lower, (_, f) => f.Row?.EnergyJoules) with { Title = "energy of the row's servers, caps counted" },
        Fleet("carbon", "cost.carbonGrams", MeasureUnit.Grams, Better.Lower, (_, f) => f.CarbonGrams) with { Title = "carbon (CO₂e)" },
        Fleet("water", "cost.waterLitres", MeasureUnit.Litres, Better.Lower, (_, f) => f.WaterLitres) with { Title = "water" },
        Fleet("money", "cost.money.amount", MeasureUnit.Dollars, Better.Lower, (_, f) => f.MoneyDollars) with { Title = "money" },
        Fleet("moneyPerMillionTokens", "cost.dollarsPerMillionOutputTokens", MeasureUnit.Dollars, Better.Lower,
            (r, f) => Per(r.OutputTokens, f.MoneyDollars) * TokensPerMillion, "cost per Mtok", 6, seen: true) with { Title = "money per million output tokens" },
        Number("arrived", "requests.arrived", MeasureUnit.Count, Better.Neither, f => f.Arrived),
        Number("finished", "requests.finished", MeasureUnit.Count, Better.Higher, f => f.Finished),
        Number("rejected", "requests.rejected", MeasureUnit.Count, Better.Lower, f => f.Rejected, "rejected", 15, seen: true),
        Number("cancelled", "requests.cancelled", MeasureUnit.Count, Better.Neither, f => f.Cancelled, "cancelled", 20, seen: true),
        Number("timedOut", "requests.timedOut", MeasureUnit.Count, Better.Lower, f => f.TimedOut, "timed out", 19, seen: true),
        Number("failed", "requests.failed", MeasureUnit.Count, Better.Lower, f => f.Failed, "failed", 22, seen: true),
        Fleet("preemptions", "requests.preemptions", MeasureUnit.Count, Better.Lower, (_, f) => f.Preemptions, "preempted", 17, seen: true),
        Fleet("preemptionLoss", "metrics.preemptionLossSeconds", MeasureUnit.Seconds, Better.Lower, (r, f) => Per(r.Finished, f.PreemptedSeconds))
            with { Title = "time that preemptions cost a request, mean" },
        Number("promptTokens", "tokens.prompt", MeasureUnit.Count, Better.Neither, f => f.PromptTokens),
        Number("outputTokens", "tokens.output", MeasureUnit.Count, Better.Neither, f => f.OutputTokens),
        Fleet("prefilledTokens", "tokens.prefilled", MeasureUnit.Count, Better.Neither, (_, f) => f.PrefilledTokens),
        Fleet("trainedTokens", "tokens.trained", MeasureUnit.Count, Better.Higher, (_, f) => f.TrainedTokens),
        Fleet("trainedTokensPerSecond", "metrics.trainedTokensPerSecond", MeasureUnit.PerSecond, Better.Higher, (r, f) => Ratio(f.TrainedTokens, r.Seconds), "trained", 21, seen: true)
            with { Title = "tokens trained per second" },
        Fleet("trainingForwardTokens", "tokens.trainingForward", MeasureUnit.Count, Better.Neither, (_, f) => f.TrainingForwardTokens),
        Fleet("trainingBackwardTokens", "tokens.trainingBackward", MeasureUnit.Count, Better.Neither, (_, f) => f.TrainingBackwardTokens),
        Fleet("finetuneBytes", "metrics.finetuneBytes", MeasureUnit.Count, Better.Lower, (_, f) => f.FinetuneBytes) with { Title = "memory of finetuning" },
        Fleet("finetuneActivationBytes", "metrics.finetuneActivationBytes", MeasureUnit.Count, Better.Lower, (_, f) => f.FinetuneActivationBytes)
            with { Title = "activations of finetuning" },
        Fleet("swappedOutTokens", "tokens.swappedOut", MeasureUnit.Count, Better.Lower, (_, f) => f.SwappedOutTokens),
        Fleet("swappedInTokens", "tokens.swappedIn", MeasureUnit.Count, Better.Lower, (_, f) => f.SwappedInTokens),
        Fleet("cachedTokens", "tokens.cached", MeasureUnit.Count, Better.Higher, (_, f) => f.CachedTokens),
        Moves("handOvers", "metrics.fleet.handOvers", MeasureUnit.Count, Better.Neither, m => m.HandOvers),
        Moves("handOverTime", "metrics.fleet.handOverSeconds", MeasureUnit.Seconds, Better.Lower, m => m.HandOvers > 0 ? m.HandOverTime.Seconds / m.HandOvers : null) with { Title = "from prompt to decode, mean" },
        Moves("transferTime", "metrics.fleet.transferSeconds", MeasureUnit.Seconds, Better.Lower, m => m.HandOvers > 0 ? m.TransferTime.Seconds / m.HandOvers : null) with { Title = "KV under way, mean" },
        Moves("handOverBytes", "metrics.fleet.handOverBytes", MeasureUnit.Count, Better.Lower, m => (double)m.HandOverBytes),
        Moves("hiddenShare", "metrics.fleet.hiddenFraction", MeasureUnit.Share, Better.Higher, m => m.HandOverBytes > 0 ? (double)m.HiddenBytes / (double)m.HandOverBytes : null),
        Moves("migrations", "metrics.fleet.migrations", MeasureUnit.Count, Better.Neither, m => m.Migrations, "migrated", 23, seen: true),
        Moves("abortedMigrations", "metrics.fleet.abortedMigrations", MeasureUnit.Count, Better.Lower, m => m.AbortedMigrations),
        Moves("migrationBytes", "metrics.fleet.migrationBytes", MeasureUnit.Count, Better.Lower, m => (double)m.MigrationBytes),
        Moves("downtime", "metrics.fleet.downtimeSeconds", MeasureUnit.Seconds, Better.Lower, m => m.Migrations > 0 ? m.Downtime.Seconds / m.Migrations : null) with { Title = "downtime of a migration, mean" },
        Moves("longestDowntime", "metrics.fleet.longestDowntimeSeconds", MeasureUnit.Seconds, Better.Lower, m => m.LongestDowntime.Seconds),
        Moves("evictions", "metrics.fleet.evictions", MeasureUnit.Count, Better.Lower, m => m.Evictions, "evicted", 24, seen: true),
        Moves("lostTokens", "metrics.fleet.lostTokens", MeasureUnit.Count, Better.Lower, m => m.LostTokens),
        Moves("startedReplicas", "metrics.fleet.startedReplicas", MeasureUnit.Count, Better.Neither, m => m.Starts),
        Moves("stoppedReplicas", "metrics.fleet.stoppedReplicas", MeasureUnit.Count, Better.Neither, m => m.Stops),
        Moves("mostReplicas", "metrics.fleet.mostReplicas", MeasureUnit.Count, Better.Neither, m => m.MostServing),
        Fleet("replicaHours", "metrics.fleet.replicaHours", MeasureUnit.Count, Better.Lower, (_, f) => f.Moves is null ? null : f.PaidReplicaHours),
        Fleet("draftedTokens", "tokens.drafted", MeasureUnit.Count, Better.Neither, (_, f) => Drafts(f, f.DraftedTokens)),
        Fleet("acceptedTokens", "tokens.accepted", MeasureUnit.Count, Better.Higher, (_, f) => Drafts(f, f.AcceptedTokens)),
        Fleet("acceptedShare", "metrics.acceptedFraction", MeasureUnit.Share, Better.Higher, (_, f) => Drafts(f, Ratio(f.AcceptedTokens, f.DraftedTokens))),
        Fleet("draftLength", "metrics.draftTokensPerDecode", MeasureUnit.Count, Better.Neither, (_, f) => Drafts(f, Ratio(f.DraftedTokens, f.DecodeTokens))),
    ];

    private static readonly FrozenDictionary<string, Metric> ByName = All.ToFrozenDictionary(metric => metric.Name, StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, Metric> ByKey = All.ToFrozenDictionary(metric => metric.Key, StringComparer.Ordinal);

    /// <summary>Every metric as <c>expect:</c>, goals and claims name it.</summary>
    public static IReadOnlyList<MetricInfo> Infos { get; } = [.. All.Select(metric => metric.Info)];

    /// <summary>The metric of a name; null for none.</summary>
    public static Metric? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The metric whose value stands at a path of the result; null for none.</summary>
    public static Metric? FindKey(string key) => ByKey.GetValueOrDefault(key);

    /// <summary>The measured value in the plain unit of the metric's kind; null where there is no sample.</summary>
    /// <exception cref="ArgumentException">The metric is none of <see cref="All"/>.</exception>
    public static double? Lookup(RunResult result, Statistic statistic, MetricInfo metric)
    {
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(metric);
        if (Find(metric.Name) is not { } known) throw new ArgumentException($"'{metric.Name}' is no metric of a run", nameof(metric));
        return result.Figures.Of(known.Name, known.IsDistribution, statistic);
    }

    /// <summary>The value of every metric that the facts have.</summary>
    public static RunFigures Measure(RunFacts facts)
    {
        ArgumentNullException.ThrowIfNull(facts);
        Dictionary<string, double> numbers = [];
        Dictionary<string, Summary> distributions = [];
        foreach (Metric metric in All)
        {
            if (metric.Samples?.Invoke(facts).Summarize(metric.SketchUnits) is { } summary) distributions.Add(metric.Name, summary);
            if (metric.Value?.Invoke(facts) is { } number) numbers.Add(metric.Name, number);
        }
        return new(numbers, distributions);
    }

    private static Metric Times(string name, string key, Func<RunFacts, QuantileSketch> samples, string header, string title, params MetricColumn[] columns) =>
        new(name, "metrics." + key, MeasureUnit.Seconds, Better.Lower)
        {
            Samples = samples,
            SketchUnits = Duration.NanosecondsPerSecond,
            Header = header,
            Title = title,
            Columns = columns,
        };

    private static Metric Number(
        string name, string key, MeasureUnit unit, Better better, Func<RunFacts, double?> value, string header = "", int priority = 0, bool seen = false) =>
        new(name, key, unit, better) { Value = value, Header = header, Columns = priority == 0 ? [] : [new(priority, OnlyWhenSeen: seen)] };

    /// <summary>A number that replicas count.</summary>
    private static Metric Fleet(
        string name, string key, MeasureUnit unit, Better better, Func<RunFacts, FleetFacts, double?> value, string header = "", int priority = 0, bool seen = false) =>
        Number(name, key, unit, better, facts => facts.Fleet is { } fleet ? value(facts, fleet) : null, header, priority, seen) with { IsWholeRunOnly = true };

    /// <summary>A number of what moved between replicas.</summary>
    private static Metric Moves(
        string name, string key, MeasureUnit unit, Better better, Func<FleetMoves, double?> value, string header = "", int priority = 0, bool seen = false) =>
        Fleet(name, key, unit, better, (_, fleet) => fleet.Moves is { } moves ? value(moves) : null, header, priority, seen);

    private static MetricColumn P50(int priority) => new(priority, Statistic.P50);

    private static MetricColumn P99(int priority) => new(priority, Statistic.P99);

    private static double Ratio(double part, double whole) => whole > 0 ? part / whole : 0;

    /// <summary>No figure where nothing was ever proposed.</summary>
    private static double? Drafts(FleetFacts facts, double value) => facts.DraftedTokens > 0 ? value : null;

    /// <summary>No figure where there is nothing to share it.</summary>
    private static double? Per(long shares, double amount) => shares == 0 ? null : amount / shares;
}
