using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Lab.Reports;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;

namespace Orrery.Cli.Verbs;

/// <summary><c>demo</c>: one realistic scenario on built-in data, several engines on the same traffic, and what follows from it.</summary>
internal sealed class DemoVerb : Verb
{
    /// <summary>From whole batches to token budgets: each engine was the state of the art in its year.</summary>
    public const string Engines = "fleet.0.scheduler=hf-static,ft,orca,vllm-v0,vllm-v1";

    private const string Resource = "scenarios/demo.yaml";
    private static readonly string DefaultFolder = Path.Combine("out", "demo");

    private readonly Option<string> _out = new("--out", "-o") { HelpName = "DIR", Description = "Folder for the report; default: out/demo." };
    private readonly Option<string> _json = CommonOptions.Json();
    private readonly Option<string> _seed = CommonOptions.Seed();
    private readonly Option<string[]> _set = CommonOptions.Set();

    public DemoVerb()
        : base("demo", "The tour: Llama-3-70B on H100, a bursty hour of chat, five engines compared.", "demo", "demo --set traffic.duration=10min --out out/short")
    {
        Add(_set);
        Add(_seed);
        Add(_out);
        Add(_json);
    }

    /// <summary>The scenario that travels inside the program.</summary>
    public static Node Tree()
    {
        using var reader = new StreamReader(typeof(DemoVerb).Assembly.GetManifestResourceStream(Resource)!);
        return Document.Parse(reader.ReadToEnd(), Resource);
    }

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = parsed.GetValue(_json);
        string folder = parsed.GetValue(_out) ?? DefaultFolder;
        if (File.Exists(folder)) throw new Kernel.InputException($"--out {folder}: this is a file; name a folder");
        JsonOutput.Prepare(json, terminal);
        Node tree = Tree();
        foreach (string assignment in parsed.GetValue(_set) ?? []) tree = Overrides.Apply(tree, assignment);
        ulong? seed = CommonOptions.SeedOf(parsed, _seed);
        Scenario scenario = ScenarioReader.Read(tree, "", seed);
        Introduce(scenario, terminal.Output);
        terminal.WatchInterrupt("finished runs are shown");
        StudyResult study;
        using (var progress = new ProgressLine(terminal))
        {
            study = Comparison.Run(tree, "", [Engines], new StudySettings { Seed = seed, Cancel = terminal.Interrupted, Progress = progress.OfStudy });
        }
        string lesson = Lesson.Of(study);
        if (study.Runs.Count > 0) StudyFolder.Finish(study, scenario, folder, lesson);
        if (json is not null) JsonOutput.Write(writer => StudyJson.Write(study, writer), json, terminal);
        StudyText.Write(study, terminal);
        terminal.Output.WriteLine();
        foreach (string line in TextTable.Wrap(lesson, Terminal.Columns)) terminal.Output.WriteLine(line);
        if (study.Runs.Count > 0) terminal.Output.WriteLine($"report: {Path.Combine(folder, Report.FileName)}");
        return study.IsPartial ? ExitCode.Interrupted : ExitCode.Done;
    }

    private static void Introduce(Scenario scenario, TextWriter output)
    {
        FleetEntry entry = scenario.Fleet[0];
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{scenario.Name}: {entry.Deployment.Model.Name} on {scenario.ReplicaCount} replicas of {entry.Deployment.Parallel.Devices} {entry.Deployment.Device.Name}; "
            + $"traffic {scenario.Traffic.Name}, seed {scenario.Seed}"));
        output.WriteLine();
    }
}
