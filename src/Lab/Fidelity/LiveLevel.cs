namespace Orrery.Lab.Fidelity;

/// <summary>One step that ran live beside what the profile says of a step like it.</summary>
/// <param name="Kind">What it was made of.</param>
/// <param name="MeasuredSeconds">Live.</param>
/// <param name="PredictedSeconds">By the profile.</param>
public readonly record struct LiveStepTime(string Kind, double MeasuredSeconds, double PredictedSeconds);

/// <summary>A live run beside its prediction.</summary>
/// <param name="Name">Scheduler and load.</param>
/// <param name="Measured">Requests of the live run.</param>
/// <param name="Predicted">The same requests in virtual time.</param>
/// <param name="MeasuredPreemptions">Of the live run.</param>
/// <param name="PredictedPreemptions">In virtual time.</param>
/// <param name="Steps">Of the live run, each priced.</param>
/// <param name="PredictedSteps">How many steps there were in virtual time.</param>
public sealed record LiveComparison(
    string Name,
    IReadOnlyList<RequestOutcome> Measured,
    IReadOnlyList<RequestOutcome> Predicted,
    long MeasuredPreemptions,
    long PredictedPreemptions,
    IReadOnlyList<LiveStepTime> Steps,
    long PredictedSteps);

/// <summary>
/// Level F5: a live replica of the CPU engine, predicted from the calibrated profile of its machine, request by request. With the measured durations in
/// place of the predicted ones a replay repeats every decision, so what is left here is the error of the profile and of a machine that changes.
/// </summary>
public static class LiveLevel
{
    public const string Name = "F5";

    /// <summary>Requests of live runs.</summary>
    public const string Runs = "live runs";

    /// <summary>Steps of the same runs, as they were composed live.</summary>
    public const string Steps = "steps that ran";

    /// <summary>The figures of all runs; the level's own are means of their absolute errors.</summary>
    public static FidelityFindings Evaluate(IReadOnlyList<LiveComparison> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        FidelityFindings findings = new();
        List<DistributionComparison> all = [];
        int requests = 0;
        foreach (LiveComparison run in runs)
        {
            IReadOnlyList<DistributionComparison> metrics = VllmRuns.CompareAll(run.Measured, run.Predicted, out int compared);
            if (compared < run.Measured.Count) findings.Warn($"{run.Name}: {run.Measured.Count - compared} of {run.Measured.Count} live requests did not finish in the prediction");
            foreach (DistributionComparison metric in metrics) Add(findings, Row(Runs, run.Name, metric.Name) with { Samples = compared }, metric);
            findings.Add(Row(Runs, run.Name, "predicted") with { Metric = FidelityMetric.Preemptions, Value = run.PredictedPreemptions, Samples = run.Predicted.Count });
            findings.Add(Row(Runs, run.Name, "live") with { Metric = FidelityMetric.Preemptions, Value = run.MeasuredPreemptions, Samples = run.Measured.Count });
            if (run.Steps.Count > 0)
                findings.Add(Row(Runs, run.Name, "predicted") with { Metric = FidelityMetric.Steps, Value = ((double)run.PredictedSteps / run.Steps.Count) - 1, Samples = run.Predicted.Count });
            Plot(findings, run);
            all.AddRange(metrics);
            requests += compared;
        }
        foreach (IGrouping<string, DistributionComparison> metric in all.GroupBy(metric => metric.Name))
        {
            DistributionComparison mean = new(
                metric.Key, 0, 0, Mean(m => m.MeanError), Mean(m => m.P50Error), Mean(m => m.P90Error), Mean(m => m.P95Error), Mean(m => m.P99Error), Mean(m => m.WassersteinOverMean));
            Add(findings, Row(Runs, FidelityRow.All, metric.Key) with { Samples = requests }, mean);

            double Mean(Func<DistributionComparison, double> value) => metric.Average(m => Math.Abs(value(m)));
        }
        foreach (LiveComparison run in runs) AddSteps(findings, run.Name, run.Steps);
        if (runs.Count > 0) AddSteps(findings, FidelityRow.All, [.. runs.SelectMany(run => run.Steps)]);
        return findings;
    }

    private static void Add(FidelityFindings findings, FidelityRow row, DistributionComparison metric)
    {
        Figure(FidelityMetric.Mean, metric.MeanError);
        Figure(FidelityMetric.P50, metric.P50Error);
        Figure(FidelityMetric.P90, metric.P90Error);
        Figure(FidelityMetric.P95Error, metric.P95Error);
        Figure(FidelityMetric.P99, metric.P99Error);
        findings.Add(row with { Metric = FidelityMetric.Wasserstein, Value = metric.WassersteinOverMean });

        void Figure(FidelityMetric kind, double value) => findings.Add(row with { Metric = kind, Value = value, Bar = FidelityBars.Live });
    }

    /// <summary>By kind and all together: errors of single steps, and of their sum, in which what scatters averages out.</summary>
    private static void AddSteps(FidelityFindings findings, string group, IReadOnlyList<LiveStepTime> steps)
    {
        IEnumerable<(string Part, LiveStepTime[] Times)> parts = steps.GroupBy(step => step.Kind).OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => (kind.Key, kind.ToArray()));
        foreach ((string part, LiveStepTime[] times) in parts.Append((IterationLevel.EveryStep, [.. steps])))
        {
            if (times.Length == 0) continue;
            FidelityRow row = Row(Steps, group, part);
            findings.AddErrors(row, ErrorSummary.Of([.. times.Select(time => (time.MeasuredSeconds, time.PredictedSeconds))]));
            double total = (times.Sum(time => time.PredictedSeconds) / times.Sum(time => time.MeasuredSeconds)) - 1;
            findings.Add(row with { Metric = FidelityMetric.Mean, Value = total, Samples = times.Length });
        }
    }

    private static void Plot(FidelityFindings findings, LiveComparison run)
    {
        Dictionary<string, RequestOutcome> ours = run.Predicted.ToDictionary(outcome => outcome.Id);
        foreach ((string part, Func<RequestOutcome, double> value) in new (string, Func<RequestOutcome, double>)[] { ("ttft", o => o.TtftSeconds), ("tpot", o => o.TpotSeconds) })
        {
            findings.Plot([.. run.Measured.Where(live => ours.ContainsKey(live.Id) && double.IsFinite(value(live)))
                .Select(live => new FidelityPoint(Name, FidelityMode.Interpolate, run.Name, part, double.NaN, value(live), value(ours[live.Id])))]);
        }
    }

    private static FidelityRow Row(string split, string group, string part) => new(Name, FidelityMode.Interpolate, split, group, part, FidelityMetric.Mean, 0, 0);
}
