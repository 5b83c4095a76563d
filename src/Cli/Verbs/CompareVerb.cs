using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Lab.Reports;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;

namespace Orrery.Cli.Verbs;

/// <summary><c>compare SCENARIO --vary …</c>: every combination on the same traffic.</summary>
internal sealed class CompareVerb : Verb
{
    private const int MostWorkers = 1024;

    private readonly ScenarioArguments _arguments = new();

    private readonly Option<string[]> _vary = new("--vary")
    {
        HelpName = "PATH=V1,V2",
        Description = "A key and its values, such as fleet.0.scheduler.use=vllm-v1,orca; repeated flags give the cross product.",
        Required = true,
    };

    private readonly Option<string> _seeds = new("--seeds") { HelpName = "N", Description = "Replications of every combination, each with its own traffic; adds confidence intervals." };
    private readonly Option<string> _workers = new("--workers") { HelpName = "N", Description = "Runs at a time; default: one per core." };

    public CompareVerb()
        : base("compare", "Run every combination of varied values on the same traffic.",
            "compare scenarios/demo.yaml --vary fleet.0.scheduler.use=vllm-v1,orca --out out/engines",
            "compare scenarios/demo.yaml --vary fleet.0.replicas=2,3,4 --vary router=round-robin,least-loaded --seeds 5")
    {
        _arguments.AddTo(this);
        Add(_vary);
        Add(_seeds);
        Add(_workers);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "With --out every finished run is kept in a journal: after Ctrl-C or a kill the same command goes on where it stopped. A value with commas stands in brackets.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = _arguments.Json(parsed);
        string? folder = _arguments.Folder(parsed);
        JsonOutput.Prepare(json, terminal);
        string path = _arguments.Scenario(parsed);
        IReadOnlyList<string> sets = _arguments.Sets(parsed);
        terminal.WatchInterrupt(folder is null ? "without --out nothing of this study is kept" : "finished runs are kept");
        StudyResult study;
        using (var progress = new ProgressLine(terminal))
        {
            study = Comparison.Run(path, sets, parsed.GetValue(_vary) ?? [], new StudySettings
            {
                Folder = folder,
                Seed = _arguments.Seed(parsed),
                Seeds = ScenarioArguments.Whole(parsed, _seeds, 1, 1, Comparison.MostSeeds),
                Workers = ScenarioArguments.Whole(parsed, _workers, 0, 1, MostWorkers),
                FastForward = _arguments.FastForward(parsed),
                Cancel = terminal.Interrupted,
                Progress = progress.OfStudy,
            });
        }
        if (json is not null) JsonOutput.Write(writer => StudyJson.Write(study, writer), json, terminal);
        if (folder is not null && study.Runs.Count > 0)
        {
            RunnableScenario scenario = ScenarioReader.LoadAny(path, sets, _arguments.Seed(parsed));
            StudyFolder.Finish(study, scenario, folder);
        }
        StudyText.Write(study, terminal);
        bool allMet = StudyText.WriteGoals(study, terminal);
        if (study.Resumed > 0) terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{study.Resumed} runs were taken from the journal in {folder}"));
        if (folder is not null && study.Runs.Count > 0) terminal.Output.WriteLine($"results and report: {Path.Combine(folder, Report.FileName)}");
        if (study.IsPartial)
        {
            terminal.Error.WriteLine(folder is null
                ? "interrupted; give --out DIR and finished runs are kept"
                : string.Create(CultureInfo.InvariantCulture, $"interrupted after {study.Runs.Count} runs, which {folder} keeps; the same command goes on from there"));
            return ExitCode.Interrupted;
        }
        return allMet ? ExitCode.Done : ExitCode.GoalMissed;
    }
}
