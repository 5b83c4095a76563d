using System.Globalization;
using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Telemetry;

/// <summary>How a log is calibrated on.</summary>
public sealed record TelemetrySettings
{
    /// <summary>What the log is called in the profile's source.</summary>
    public required string LogName { get; init; }

    /// <summary>What the server told at <c>/metrics</c>; null without.</summary>
    public VllmExposition? Exposition { get; init; }

    /// <summary>Ends with <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>Told after each simulation how many there were, and the least error so far.</summary>
    public Action<int, double>? Progress { get; init; }
}

/// <summary>
/// Fits a profile's few physical constants to the request log of a live server. The whole log is simulated every time, because what is in the
/// queue at the split decides what follows; the outcomes of the earlier half in order of arrival are fitted, those of the later half judge.
/// </summary>
/// <remarks>
/// The error is the mean over TTFT, TPOT and latency of Σ|predicted − measured| / Σ measured over the requests of a part, plus a small price of
/// leaving the base profile (<see cref="TelemetryParameter"/>). Two simplex searches, the second from the end of the first; the same log gives the same profile.
/// </remarks>
public static class TelemetryCalibration
{
    /// <summary>Fewer finished requests say too little about a handful of constants (d).</summary>
    public const int FewestRequests = 30;

    private const int Evaluations = 110;

    /// <summary>Log and exposition that differ by more are about different requests (d).</summary>
    private const double CrossCheckTolerance = 0.1;

    /// <param name="scenario">What the server runs; its traffic is replaced, see <see cref="TelemetryTraffic.Choose"/>.</param>
    /// <param name="requests">The log, in order of arrival.</param>
    /// <param name="settings">How.</param>
    /// <exception cref="InputException">Too few requests, or a scenario that a log cannot calibrate.</exception>
    public static TelemetryResult Fit(Scenario scenario, IReadOnlyList<TelemetryRequest> requests, TelemetrySettings settings)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(requests);
        ArgumentNullException.ThrowIfNull(settings);
        RequestOutcome[] measured = [.. requests.Where(request => request.IsFinished).Select(request => request.Outcome)];
        if (measured.Length < FewestRequests)
            throw new InputException($"{settings.LogName}: {measured.Length} finished requests are too few to calibrate on; {FewestRequests} or more are needed, half of them to judge the fit");
        RequestOutcome[] earlier = measured[..(measured.Length / 2)];
        RequestOutcome[] later = measured[(measured.Length / 2)..];
        scenario = scenario with { Traffic = TelemetryTraffic.Choose(scenario.Traffic, requests, settings.LogName), Expect = [] };
        TelemetryModel model = new(scenario, settings.Exposition?.Blocks);
        int runs = 0;
        double least = double.PositiveInfinity;
        IReadOnlyList<TelemetryParameter> parameters = model.Parameters;
        (IReadOnlyList<RequestOutcome> before, _) = Simulate(scenario, settings.Cancel);
        double[] start = [.. parameters.Select(parameter => parameter.Start)];
        (double, double)[] bounds = [.. parameters.Select(parameter => (parameter.Least, parameter.Most))];
        double[] wide = Simplex.Minimise(start, bounds, [.. parameters.Select(parameter => parameter.FirstStep)], Loss, Evaluations);
        // Again from where the first simplex shrank, which may be a bend of the valley.
        double[] found = Simplex.Minimise(wide, bounds, [.. parameters.Select(parameter => parameter.FirstStep / 2)], Loss, Evaluations);
        double[] values = [.. found.Select((value, i) => parameters[i].Rounded(value))];
        Scenario calibrated = model.With(values);
        (IReadOnlyList<RequestOutcome> after, RunResult result) = Simulate(calibrated, settings.Cancel);
        TelemetryJudgement fitted = Judge(earlier, before, after);
        TelemetryJudgement heldOut = Judge(later, before, after);
        string source = $"{scenario.Fleet[0].Deployment.Profile.Measured!.Name}, calibrated on {settings.LogName} ({measured.Length} requests; {Errors(fitted, "fitted")}; {Errors(heldOut, "held out")})";
        return new(
            [.. parameters.Select((parameter, i) => new FittedParameter(parameter, values[i]))], fitted, heldOut, model.Profile(values, source), runs,
            result.Requests.Preemptions, calibrated.Fleet[0].Capacity.Blocks, scenario.Traffic is TelemetryTraffic, [.. Notes(heldOut, measured, result, settings.Exposition)]);

        double Loss(IReadOnlyList<double> trial)
        {
            (IReadOnlyList<RequestOutcome> predicted, _) = Simulate(model.With(trial), settings.Cancel);
            double loss = Error(earlier, predicted);
            for (int i = 0; i < trial.Count; i++) loss += parameters[i].Penalty(trial[i]);
            least = Math.Min(least, loss);
            settings.Progress?.Invoke(++runs, least);
            return loss;
        }
    }

    /// <summary>Relative error over the requests of a part; a request that we did not finish counts as wholly wrong.</summary>
    internal static double Error(IReadOnlyList<RequestOutcome> measured, IReadOnlyList<RequestOutcome> predicted)
    {
        Dictionary<string, RequestOutcome> ours = [];
        foreach (RequestOutcome outcome in predicted) ours[outcome.Id] = outcome;
        return (Of(o => o.TtftSeconds) + Of(o => o.TpotSeconds) + Of(o => o.LatencySeconds)) / 3;

        double Of(Func<RequestOutcome, double> value)
        {
            double off = 0;
            double all = 0;
            foreach (RequestOutcome outcome in measured)
            {
                double truth = value(outcome);
                if (double.IsNaN(truth)) continue;
                all += truth;
                double our = ours.TryGetValue(outcome.Id, out RequestOutcome found) ? value(found) : double.NaN;
                off += double.IsNaN(our) ? truth : Math.Abs(our - truth);
            }
            return all > 0 ? off / all : 0;
        }
    }

    private static (IReadOnlyList<RequestOutcome> Outcomes, RunResult Result) Simulate(Scenario scenario, CancellationToken cancel)
    {
        List<RequestOutcome> outcomes = [];
        RunResult result = Simulation.Run(scenario, new() { Cancel = cancel, Left = sequence => VllmRuns.Add(outcomes, sequence) });
        cancel.ThrowIfCancellationRequested();
        return (outcomes, result);
    }

    private static TelemetryJudgement Judge(IReadOnlyList<RequestOutcome> measured, IReadOnlyList<RequestOutcome> before, IReadOnlyList<RequestOutcome> after)
    {
        IReadOnlyList<DistributionComparison> own = VllmRuns.CompareAll(measured, before, out _);
        IReadOnlyList<DistributionComparison> calibrated = VllmRuns.CompareAll(measured, after, out int compared);
        return new(compared, own, calibrated);
    }

    private static string Errors(TelemetryJudgement judgement, string part) =>
        part + " " + string.Join(", ", judgement.After.Select(metric => string.Create(CultureInfo.InvariantCulture, $"{metric.Name} {100 * metric.MeanError:+0.0;-0.0;0.0} %")));

    private static IEnumerable<string> Notes(TelemetryJudgement heldOut, RequestOutcome[] measured, RunResult result, VllmExposition? exposition)
    {
        double own = heldOut.Before.Sum(metric => metric.WassersteinOverMean);
        double calibrated = heldOut.After.Sum(metric => metric.WassersteinOverMean);
        if (calibrated > own) yield return "on the part of the log that was not fitted, the scenario's own profile is nearer; keep that one";
        if (heldOut.Requests < measured.Length - (measured.Length / 2))
            yield return string.Create(CultureInfo.InvariantCulture, $"{measured.Length - (measured.Length / 2) - heldOut.Requests} requests of the judged part did not finish in the simulation");
        if (exposition is null) yield break;
        if (exposition.Preemptions is { } preemptions)
            yield return string.Create(CultureInfo.InvariantCulture, $"preemptions: {preemptions:0} by the server since it started, {result.Requests.Preemptions} in the calibrated simulation");
        if (Differs("TTFT", measured.Average(o => o.TtftSeconds), exposition.Ttft) is { } ttft) yield return ttft;
        if (Differs("latency", measured.Average(o => o.LatencySeconds), exposition.Latency) is { } latency) yield return latency;
        RequestOutcome[] several = [.. measured.Where(o => o.OutputTokens > 1)];
        if (several.Length == 0) yield break;
        if (Differs("TPOT", several.Average(o => o.TpotSeconds), exposition.Tpot) is { } tpot) yield return tpot;
        double gap = several.Sum(o => o.LatencySeconds - o.TtftSeconds) / several.Sum(o => o.OutputTokens - 1.0);
        if (Differs("time between tokens", gap, exposition.Gap) is { } gaps) yield return gaps;
    }

    private static string? Differs(string name, double log, ExpositionHistogram? server) =>
        server is null || Math.Abs((server.Mean / log) - 1) <= CrossCheckTolerance
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"mean {name} is {log:0.0000} s in the log and {server.Mean:0.0000} s in the exposition ({server.Count:0} observations, median {server.P50:0.0000} s): they are about different requests");
}
