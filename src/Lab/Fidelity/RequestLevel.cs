using System.Globalization;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Traffic.Readers;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>Level F4: measured runs under open arrivals, request by request. Runs without a published outcome are predicted and told.</summary>
public static class RequestLevel
{
    public const string Name = "F4";

    /// <summary>The only split.</summary>
    public const string Split = "runs";

    private const double NanosecondsPerSecond = 1e9;

    /// <summary>Figures of all runs; stops between runs when asked to.</summary>
    public static FidelityFindings Evaluate(FidelityData data, IReadOnlyList<FidelityMode> modes, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(modes);
        FidelityFindings findings = new();
        IReadOnlyList<MeasuredRun> runs = VllmRuns.Find(data.Folder, findings.Warn);
        foreach (FidelityMode mode in modes)
        {
            List<RunComparison> compared = [];
            foreach (MeasuredRun run in runs)
            {
                if (cancel.IsCancellationRequested) break;
                if (data.Cost(run.Device, mode) is not { } cost)
                {
                    findings.Warn($"{run.Name}: left out of {ChoiceNames.Of(mode)}: {FidelityData.Missing(run.Device, mode)}");
                    continue;
                }
                try
                {
                    IntervalSettings? intervals = run.OutcomePath is null ? null : new() { DrawRequests = IntervalSettings.MostRequests };
                    RunComparison comparison = VllmRuns.Compare(run, At(VllmScenario.Build(run, mode == modes[0] ? findings.Warn : null), cost), intervals);
                    Write(findings, mode, comparison);
                    if (comparison.Metrics.Count > 0) compared.Add(comparison);
                }
                catch (InputException mistake)
                {
                    findings.Warn($"{run.Name}: {mistake.Message}; the run is left out");
                }
            }
            WriteAll(findings, mode, compared);
            IntervalPoint[] points = [.. compared.SelectMany(IntervalCoverage.OfRun)];
            foreach (IntervalCoverage covered in IntervalCoverage.By(points, point => point.Metric[..point.Metric.IndexOf(' ', StringComparison.Ordinal)]))
                findings.Add(Row(mode, FidelityRow.All, covered.Group) with { Metric = FidelityMetric.Coverage, Value = covered.Share, Samples = covered.Points });
        }
        return findings;
    }

    /// <summary>The scenario at the speed of a profile of the caller's.</summary>
    public static Scenario At(Scenario scenario, CostProfile cost)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        return scenario with
        {
            Fleet = [.. scenario.Fleet.Select(entry => entry with { Design = entry.Design with { Deployment = entry.Deployment.At(cost) } })],
        };
    }

    private static void Write(FidelityFindings findings, FidelityMode mode, RunComparison run)
    {
        string name = NameOf(run.Run);
        if (run.Metrics.Count == 0)
        {
            findings.Warn(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: no outcome is published; predicted ({ChoiceNames.Of(mode)}) mean TTFT {Mean(run, o => o.TtftSeconds):0.0000} s, TPOT {Mean(run, o => o.TpotSeconds):0.00000} s, latency {Mean(run, o => o.LatencySeconds):0.000} s"));
        }
        foreach (DistributionComparison metric in run.Metrics) Add(findings, Row(mode, name, metric.Name) with { Samples = run.Requests }, metric);
        findings.Add(Row(mode, name, "engine") with { Metric = FidelityMetric.Preemptions, Value = run.Preemptions, Samples = run.Predicted.Count });
        if (run.Run.Settings.ReportedBlocks is { } blocks)
            findings.Add(Row(mode, name, "engine") with { Metric = FidelityMetric.Blocks, Value = (run.Blocks / (double)blocks) - 1, Samples = 1 });
        if (run.Run.OutcomePath is { } path) Plot(findings, mode, run, RequestOutcomes.ReadVllm(path));
    }

    private static void Add(FidelityFindings findings, FidelityRow row, DistributionComparison metric)
    {
        bool ttft = row.Part == "ttft";
        Figure(FidelityMetric.Mean, metric.MeanError, ttft ? FidelityBars.RequestTtft : FidelityBars.RequestMean);
        Figure(FidelityMetric.P50, metric.P50Error, ttft ? FidelityBars.RequestTtft : null);
        Figure(FidelityMetric.P90, metric.P90Error, null);
        Figure(FidelityMetric.P95Error, metric.P95Error, ttft ? FidelityBars.RequestTtft : null);
        Figure(FidelityMetric.P99, metric.P99Error, ttft ? FidelityBars.RequestTtftTail : null);
        Figure(FidelityMetric.Wasserstein, metric.WassersteinOverMean, null);

        void Figure(FidelityMetric kind, double value, FidelityBar? bar) => findings.Add(row with { Metric = kind, Value = value, Bar = bar });
    }

    /// <summary>Means of the absolute errors of all runs.</summary>
    private static void WriteAll(FidelityFindings findings, FidelityMode mode, List<RunComparison> runs)
    {
        foreach (IGrouping<string, DistributionComparison> metric in runs.SelectMany(run => run.Metrics).GroupBy(metric => metric.Name))
        {
            DistributionComparison mean = new(
                metric.Key, 0, 0, Mean(m => m.MeanError), Mean(m => m.P50Error), Mean(m => m.P90Error), Mean(m => m.P95Error), Mean(m => m.P99Error),
                Mean(m => m.WassersteinOverMean));
            Add(findings, Row(mode, FidelityRow.All, metric.Key) with { Samples = runs.Sum(run => run.Requests) }, mean);

            double Mean(Func<DistributionComparison, double> value) => metric.Average(m => Math.Abs(value(m)));
        }
    }

    /// <summary>Each request beside the requests that were in flight, as measured, when it came.</summary>
    private static void Plot(FidelityFindings findings, FidelityMode mode, RunComparison run, IReadOnlyList<RequestOutcome> measured)
    {
        Dictionary<string, double> arrivals = Arrivals(run.Run.RequestsPath);
        Dictionary<string, RequestOutcome> ours = [];
        foreach (RequestOutcome outcome in run.Predicted) ours[outcome.Id] = outcome;
        (double From, double To)[] spans = [.. measured.Where(o => arrivals.ContainsKey(o.Id)).Select(o => (arrivals[o.Id], arrivals[o.Id] + o.LatencySeconds))];
        List<FidelityPoint> ttft = [];
        List<FidelityPoint> tpot = [];
        foreach (RequestOutcome outcome in measured)
        {
            if (!ours.TryGetValue(outcome.Id, out RequestOutcome own) || !arrivals.TryGetValue(outcome.Id, out double at)) continue;
            int inFlight = spans.Count(span => span.From <= at && at < span.To);
            ttft.Add(new(Name, mode, NameOf(run.Run), "ttft", inFlight, outcome.TtftSeconds, own.TtftSeconds));
            if (outcome.OutputTokens > 1 && own.OutputTokens > 1) tpot.Add(new(Name, mode, NameOf(run.Run), "tpot", inFlight, outcome.TpotSeconds, own.TpotSeconds));
        }
        findings.Plot(ttft);
        findings.Plot(tpot);
    }

    /// <summary>Device and model folder.</summary>
    private static string NameOf(MeasuredRun run) => string.Join('/', run.Name.Split('/').TakeLast(2));

    private static Dictionary<string, double> Arrivals(string path)
    {
        Dictionary<string, double> arrivals = [];
        using CsvReader csv = CsvReader.Open(path);
        (int id, int arrival) = (csv.Find("request_id"), csv.Find("arrival_ns"));
        if (id < 0 || arrival < 0) return arrivals;
        while (csv.TryRead(out CsvRow row)) arrivals[row.Text(id)] = row.Number(arrival, 0, double.MaxValue) / NanosecondsPerSecond;
        return arrivals;
    }

    private static double Mean(RunComparison run, Func<RequestOutcome, double> value) =>
        run.Predicted.Select(value).Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();

    private static FidelityRow Row(FidelityMode mode, string group, string part) => new(Name, mode, Split, group, part, FidelityMetric.Mean, 0, 0);
}
