using System.CommandLine;
using Orrery.Cli.Shell;
using Orrery.Kernel;
using Orrery.Lab.Reports;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;

namespace Orrery.Cli.Verbs;

/// <summary><c>simulate SCENARIO</c>: one run, of a fleet under traffic or of an experiment.</summary>
internal sealed class SimulateVerb : Verb
{
    private readonly ScenarioArguments _arguments = new();
    private readonly Option<bool> _timeline = new("--timeline") { Description = "With --out: also write timeline.json.gz for the Perfetto viewer." };

    private readonly Option<string> _metrics = new("--metrics")
    {
        Description = "Also write the metrics at the end of the run to FILE, as a live server shows them at /metrics (docs/metrics.md).",
        HelpName = "FILE",
    };

    private readonly Option<bool> _noIntervals = new("--no-intervals") { Description = "Leave out how sure the figures are; saves the short runs that tell." };

    public SimulateVerb()
        : base("simulate", "Run a scenario once and show what users feel and what it costs.",
            "simulate scenarios/demo.yaml", "simulate scenarios/demo.yaml --set fleet.0.scheduler=orca --out out/orca --json -")
    {
        _arguments.AddTo(this);
        Add(_timeline);
        Add(_metrics);
        Add(_noIntervals);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "TTFT counts from arrival to the first token; TPOT is (last - first token time) / (output tokens - 1); a gap is the time between two tokens of one "
        + "request; queue is arrival to first scheduled; busy is the share of replica-time with a step in flight. 'within' is the interval that holds what a measurement would find with 90 % "
        + "probability: the error of step times, from short runs with drawn profiles, and the randomness of traffic, from the run itself. Exit code 1 when an 'expect:' of the "
        + "scenario is missed. Ctrl-C keeps the results of the virtual time reached, marked partial.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = _arguments.Json(parsed);
        string? folder = _arguments.Folder(parsed);
        string? metrics = MetricsFile(parsed.GetValue(_metrics));
        bool timeline = parsed.GetValue(_timeline);
        if (timeline && folder is null) throw new InputException("--timeline needs a folder for its file; add --out DIR");
        JsonOutput.Prepare(json, terminal);
        RunnableScenario loaded = ScenarioReader.LoadAny(_arguments.Scenario(parsed), _arguments.Sets(parsed), _arguments.Seed(parsed));
        if (loaded is ExperimentScenario experiment)
        {
            if (timeline) throw new InputException("--timeline: an experiment has no timeline; leave the flag out");
            if (metrics is not null) throw new InputException("--metrics: an experiment has no server whose metrics could be shown; leave the flag out");
            return Run(experiment, json, folder, terminal);
        }
        var scenario = (Scenario)loaded;
        terminal.WatchInterrupt("the results of the virtual time reached are kept");
        RunRecord record;
        using (var progress = new ProgressLine(terminal))
        {
            record = Simulation.RunRecorded(scenario, new RunSettings
            {
                FastForward = _arguments.FastForward(parsed),
                Cancel = terminal.Interrupted,
                Progress = progress.OfRun,
                OutputFolder = folder,
                Timeline = timeline,
                Exposition = metrics is not null,
                Intervals = parsed.GetValue(_noIntervals) ? null : new(),
            });
        }
        if (folder is not null)
        {
            RunFolder.Finish(record.Result, scenario, folder);
            RunFolder.WriteText(folder, Report.FileName, Report.Page(record, scenario));
        }
        if (metrics is not null) OutputFile.WriteAllText(metrics, record.Exposition!);
        if (json is not null) JsonOutput.Write(writer => RunJson.Write(record.Result, writer), json, terminal);
        RunTable.Write(record.Result, scenario, terminal);
        if (folder is not null) terminal.Output.WriteLine($"results and report: {Path.Combine(folder, Report.FileName)}");
        return record.Result.IsPartial ? ExitCode.Interrupted : OfGoals(record);
    }

    private static int Run(ExperimentScenario scenario, string? json, string? folder, Terminal terminal)
    {
        terminal.WatchInterrupt("an experiment keeps nothing of a part");
        RunRecord record = ExperimentRun.Run(scenario, terminal.Interrupted);
        if (folder is not null)
        {
            RunFolder.Finish(record.Result, scenario, folder);
            RunFolder.WriteText(folder, Report.FileName, Report.Page(record, scenario));
        }
        if (json is not null) JsonOutput.Write(writer => RunJson.Write(record.Result, writer), json, terminal);
        ExperimentText.Write(record.Result, record.Result.Experiment!, terminal);
        if (folder is not null) terminal.Output.WriteLine($"results and report: {Path.Combine(folder, Report.FileName)}");
        return OfGoals(record);
    }

    private static int OfGoals(RunRecord record) => record.Result.Expectations.All(outcome => outcome.IsMet) ? ExitCode.Done : ExitCode.GoalMissed;

    /// <summary>Looked at before the run, so that a wrong name costs no simulation.</summary>
    private static string? MetricsFile(string? target)
    {
        if (target is null) return null;
        if (target.Length == 0 || target.StartsWith('-')) throw new InputException($"--metrics: the name of a file is missing, '{target}' is none; write for example --metrics run.prom");
        if (Directory.Exists(target)) throw new InputException($"--metrics {target}: this is a folder; name a file in it, such as {Path.Combine(target, "run.prom")}");
        return target;
    }
}
