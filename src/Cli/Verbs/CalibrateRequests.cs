using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Fidelity;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Telemetry;

namespace Orrery.Cli.Verbs;

/// <summary>The half of <c>calibrate</c> that learns from the request log of a live server.</summary>
internal sealed class CalibrateRequests
{
    private const double MicrosecondsPerSecond = 1e6;

    private readonly Option<string?> _requests = new("--requests") { Description = "Request log of a live server (CSV, plain or gzip).", HelpName = "FILE" };
    private readonly Option<string?> _scenario = new("--scenario") { Description = "What that server runs: model, fleet, engine, base profile.", HelpName = "FILE" };
    private readonly Option<string?> _prometheus = new("--prometheus") { Description = "What the server gave at /metrics: KV blocks, and a check of the log.", HelpName = "FILE" };
    private readonly Option<string[]> _set = CommonOptions.Set();

    public void AddTo(Command verb)
    {
        verb.Add(_requests);
        verb.Add(_scenario);
        verb.Add(_prometheus);
        verb.Add(_set);
    }

    /// <summary>Whether any of these flags is there.</summary>
    public bool IsAsked(ParseResult parsed) =>
        parsed.GetValue(_requests) is not null || parsed.GetValue(_scenario) is not null || parsed.GetValue(_prometheus) is not null || parsed.GetValue(_set) is { Length: > 0 };

    public int Run(ParseResult parsed, string? profileFile, string? json, Terminal terminal)
    {
        string log = parsed.GetValue(_requests) ?? throw new InputException("orrery calibrate needs --requests FILE beside --scenario, --prometheus and --set; see 'orrery calibrate --help'");
        string path = parsed.GetValue(_scenario) ?? throw new InputException("--requests needs --scenario FILE: what the server runs");
        if (profileFile is not null && Directory.Exists(profileFile)) throw new InputException($"--out {profileFile}: this is a folder; name a file in it, such as {Path.Combine(profileFile, "profile.yaml")}");
        VllmExposition? exposition = parsed.GetValue(_prometheus) is { } metrics ? VllmExposition.Load(metrics) : null;
        List<string> warnings = [];
        IReadOnlyList<TelemetryRequest> requests = TelemetryReader.Read(log, warnings.Add);
        Scenario scenario = ScenarioReader.Load(path, parsed.GetValue(_set) ?? []);
        terminal.WatchInterrupt("nothing was written");
        TelemetryResult result;
        using (var progress = new ProgressLine(terminal))
        {
            result = TelemetryCalibration.Fit(scenario, requests, new()
            {
                LogName = Path.GetFileName(log),
                Exposition = exposition,
                Cancel = terminal.Interrupted,
                Progress = (runs, error) => progress.Say(string.Create(CultureInfo.InvariantCulture, $"run {runs}: error {100 * error:0.00} % on the fitted half")),
            });
        }
        Print(result, terminal.Output);
        foreach (string note in result.Notes)
            foreach (string line in TextTable.Wrap($"note: {note}", Terminal.Columns)) terminal.Output.WriteLine(line);
        if (profileFile is not null) CalibrateVerb.Save(profileFile, YamlText.Write(result.Profile.Write(), "Made by `orrery calibrate --requests`; use it as profile: {file: …} with the same engine."), terminal.Output);
        if (json is not null) JsonOutput.Write(writer => CalibrationJson.Write(result, writer), json, terminal);
        foreach (string warning in warnings) terminal.Error.WriteLine($"warning: {warning}");
        return ExitCode.Done;
    }

    private static void Print(TelemetryResult result, TextWriter output)
    {
        if (output == TextWriter.Null) return;
        foreach (string line in TextTable.Wrap($"{result.Profile.Name}: {result.Runs} simulations of {(result.UsesLog ? "the log's requests" : "the scenario's trace, which holds the log's requests")}", Terminal.Columns))
            output.WriteLine(line);
        output.WriteLine();
        TextTable parameters = new(new("time of", IsNumber: false), new("before"), new("after"));
        foreach (FittedParameter fitted in result.Parameters) parameters.Add(fitted.Parameter.Name, Value(fitted.Parameter, fitted.Parameter.Start), Value(fitted.Parameter, fitted.Fitted));
        parameters.Write(output);
        output.WriteLine();
        TextTable errors = new(
            new("part", IsNumber: false), new("requests"), new("profile", IsNumber: false), new("metric", IsNumber: false), new("measured\nmean ms"), new("mean %"), new("P50 %"), new("P95 %"), new("distance %"));
        Add(errors, "fitted", result.Fitted);
        Add(errors, "judged", result.HeldOut);
        errors.Write(output);
    }

    private static void Add(TextTable table, string part, TelemetryJudgement judgement)
    {
        foreach ((string profile, IReadOnlyList<DistributionComparison> metrics) in new[] { ("before", judgement.Before), ("after", judgement.After) })
        {
            foreach (DistributionComparison metric in metrics)
            {
                table.Add(
                    part, judgement.Requests.ToString(CultureInfo.InvariantCulture), profile, metric.Name, (1000 * metric.MeasuredMean).ToString("0.0", CultureInfo.InvariantCulture),
                    Signed(metric.MeanError), Signed(metric.P50Error), Signed(metric.P95Error), (100 * metric.WassersteinOverMean).ToString("0.0", CultureInfo.InvariantCulture));
            }
        }
    }

    private static string Value(TelemetryParameter parameter, double value) => parameter.IsSeconds
        ? string.Create(CultureInfo.InvariantCulture, $"{value * MicrosecondsPerSecond:0} µs")
        : string.Create(CultureInfo.InvariantCulture, $"x{value:0.000}");

    private static string Signed(double share) => (100 * share).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture);
}
