using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Documents;
using Orrery.Engine.Shipped;
using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.Live.Calibration;
using Orrery.Serving.Systems;

namespace Orrery.Cli.Verbs;

/// <summary>Level F5 of <c>fidelity</c>: calibrate, run live, simulate, compare.</summary>
internal sealed class FidelityLive
{
    private const string UsualSchedulers = "vllm-v1,sarathi-serve,vtc";
    private const int UsualRequests = 60;
    private const int LeastRequests = 10;
    private const int MostRequests = 100_000;
    private const double MostRate = 1e6;

    private readonly Option<string?> _model = new("--model") { HelpName = "FILE", Description = $"With F5: the GGUF model that runs; default: {ShippedModel.Name}." };
    private readonly Option<string?> _schedulers = new("--schedulers") { HelpName = "NAME,…", Description = $"With F5; default: {UsualSchedulers}." };
    private readonly Option<string?> _rate = new("--rate") { HelpName = "RATE,…", Description = "With F5: arrivals, such as 2/s; default: 0.5 and 0.8 of the predicted capacity." };
    private readonly Option<string?> _requests = new("--requests") { HelpName = "N", Description = "With F5: of each run; default: 60." };
    private readonly Option<string?> _threads = new("--threads") { HelpName = "N", Description = "With F5: of the engine; default: one per processor." };
    private readonly Option<bool> _quick = new("--quick") { Description = "With F5: the quick calibration." };

    private IReadOnlyList<Option> Options => [_model, _schedulers, _rate, _requests, _threads, _quick];

    public void AddTo(Command verb)
    {
        foreach (Option option in Options) verb.Add(option);
    }

    public bool IsAsked(ParseResult parsed) => Options.Any(option => parsed.GetResult(option) is { Implicit: false });

    /// <summary>Name of the first of these flags that is there.</summary>
    public string First(ParseResult parsed) => Options.First(option => parsed.GetResult(option) is { Implicit: false }).Name.TrimStart('-');

    public FidelityReport Run(ParseResult parsed, Terminal terminal)
    {
        string model = parsed.GetValue(_model) ?? ShippedModel.Name;
        int threads = CalibrateEngine.ThreadsOf("--threads", parsed.GetValue(_threads));
        bool isFile = model != ShippedModel.Name || File.Exists(model);
        TrialOptions options = new()
        {
            File = isFile ? model : null,
            Schedulers = [.. (parsed.GetValue(_schedulers) ?? UsualSchedulers).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(name => (name, Schedulers.Registry.Read(Node.Plain(name))))],
            Rates = parsed.GetValue(_rate) is { } rates ? [.. rates.Split(',', StringSplitOptions.TrimEntries).Select(RateOf)] : [],
            Requests = RequestsOf(parsed.GetValue(_requests)),
            Threads = threads,
        };
        if (options.Schedulers.Count == 0) throw new InputException("--schedulers: name at least one; `orrery catalog schedulers` lists them");
        terminal.WatchInterrupt("nothing was compared");
        TrialResult result;
        CalibrationResult calibrated;
        using (var progress = new ProgressLine(terminal))
        {
            calibrated = CalibrateEngine.Calibrate(model, new() { Threads = threads, IsQuick = parsed.GetValue(_quick), Progress = progress.Say }, terminal.Interrupted);
            result = LiveTrials.Run(calibrated.Engine, options with { Progress = progress.Say }, TimeProvider.System, terminal.Interrupted);
        }
        FidelityFindings findings = LiveLevel.Evaluate([.. result.Trials.Select(Compared)]);
        CalibrateEngine.Print(calibrated, terminal.Output);
        terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"around a step the CPU takes {1e6 * (result.Engine.Profile.Engine.StepCpuSeconds ?? 0):0} µs, and {1e6 * (result.Engine.Profile.Engine.SequenceCpuSeconds ?? 0):0} µs per sequence (from a live run that is not judged)"));
        terminal.Output.WriteLine();
        return new(findings.Rows, findings.Points, findings.Warnings);
    }

    private static LiveComparison Compared(LiveTrial trial) => new(
        string.Create(CultureInfo.InvariantCulture, $"{trial.Scheduler}, {trial.RatePerSecond:0.0#}/s ({100 * trial.Load:0} % of capacity)"),
        Outcomes(trial.Measured),
        Outcomes(trial.Predicted),
        trial.Measured.Preemptions,
        trial.Predicted.Preemptions,
        [.. trial.Measured.Steps.Select(step => new LiveStepTime(ChoiceNames.Of(step.Kind), step.Seconds, step.PredictedSeconds))],
        trial.Predicted.Steps.Count);

    private static RequestOutcome[] Outcomes(LiveRecord record) => [.. record.Outcomes.Select(outcome => new RequestOutcome(
        outcome.Request.Label!, outcome.OutputTokens, (outcome.FirstToken - outcome.Request.Arrival).Seconds, (outcome.LastToken - outcome.Request.Arrival).Seconds))];

    private static double RateOf(string text)
    {
        try
        {
            return Node.Plain(text).AsQuantity(Quantity.Rate, min: 1 / MostRate, max: MostRate);
        }
        catch (InputException)
        {
            throw new InputException($"--rate: '{text}' is no rate; write for example 2/s");
        }
    }

    private static int RequestsOf(string? text)
    {
        if (text is null) return UsualRequests;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int requests) && requests is >= LeastRequests and <= MostRequests
            ? requests
            : throw new InputException($"--requests: '{text}' is not a whole number from {LeastRequests} to {MostRequests}");
    }
}
