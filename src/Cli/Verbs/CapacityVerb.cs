using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Cli.Tables;
using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Lab.Reports;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;

namespace Orrery.Cli.Verbs;

/// <summary><c>capacity SCENARIO</c>: the highest request rate that meets the goals.</summary>
internal sealed class CapacityVerb : Verb
{
    private static readonly string[] SloKeys = ["ttft", "tpot", "promptTokensPerSecond", "tokensPerSecond", "span", "attainment"];

    private readonly ScenarioArguments _arguments = new();

    private readonly Option<string> _slo = new("--slo")
    {
        HelpName = "KEY=VALUE,…",
        Description = "Limits per request and their share, such as ttft=1s,tpot=50ms,attainment=0.9; default: the scenario's.",
    };

    private readonly Option<string[]> _goal = new("--goal")
    {
        HelpName = "EXPR",
        Description = "A goal instead of the SLO, such as 'p99(gap) <= 200ms'; repeated flags must all be met.",
    };

    private readonly Option<string> _seeds = new("--seeds") { HelpName = "N", Description = "Independent searches behind the interval; default: 3." };
    private readonly Option<string> _tolerance = new("--tolerance") { HelpName = "SHARE", Description = "Width of the bracket at which a search ends; default: 0.025." };

    public CapacityVerb()
        : base("capacity", "Find the highest request rate that meets the SLO, by bisection, with its interval.",
            "capacity scenarios/demo.yaml --slo ttft=1s,tpot=50ms,attainment=0.9", "capacity scenarios/demo.yaml --goal 'p99(ttft) <= 2s' --goal 'p99(gap) <= 200ms'")
    {
        _arguments.AddTo(this);
        Add(_slo);
        Add(_goal);
        Add(_seeds);
        Add(_tolerance);
    }

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string? json = _arguments.Json(parsed);
        string? folder = _arguments.Folder(parsed);
        JsonOutput.Prepare(json, terminal);
        string path = _arguments.Scenario(parsed);
        Node tree = ScenarioReader.LoadTree(path, _arguments.Sets(parsed));
        foreach (string limit in SloOf(parsed.GetValue(_slo))) tree = Overrides.Apply(tree, $"slo.{limit}", "--slo", limit);
        Expectation[] goals = [.. (parsed.GetValue(_goal) ?? []).Select(goal => Expectation.Parse(goal, "--goal", RunMetricTable.Infos))];
        if (goals.Length > 0 && parsed.GetValue(_slo) is not null) throw new InputException("--slo and --goal are two ways to say what to meet; keep one of them");
        terminal.WatchInterrupt("the brackets found so far are shown");
        CapacityResult found;
        using (var progress = new ProgressLine(terminal))
        {
            int probes = 0;
            found = Capacity.Find(tree, ScenarioReader.FolderOf(path), new CapacitySettings
            {
                Goals = goals,
                Seed = _arguments.Seed(parsed),
                Seeds = ScenarioArguments.Whole(parsed, _seeds, CapacitySettings.DefaultSeeds, 1, Capacity.MostSeeds),
                RelativeTolerance = ToleranceOf(parsed.GetValue(_tolerance)),
                FastForward = _arguments.FastForward(parsed),
                Cancel = terminal.Interrupted,
                Progress = probe => progress.Say(string.Create(CultureInfo.InvariantCulture,
                    $"run {++probes}: seed {probe.Seed}, {TextTable.Figure(probe.RequestsPerSecond, 4)} requests/s {(probe.IsMet ? "meets" : "misses")} the goals")),
            });
        }
        if (folder is not null) CapacityFolder.Finish(found, ScenarioReader.Read(tree, ScenarioReader.FolderOf(path), _arguments.Seed(parsed)), folder);
        if (json is not null) JsonOutput.Write(writer => StudyJson.Write(found, writer), json, terminal);
        Write(found, terminal.Output);
        if (folder is not null) terminal.Output.WriteLine($"results and report: {Path.Combine(folder, Report.FileName)}");
        return found.IsPartial ? ExitCode.Interrupted : found.AtCapacity is null ? ExitCode.GoalMissed : ExitCode.Done;
    }

    private static void Write(CapacityResult found, TextWriter output)
    {
        if (output == TextWriter.Null) return;
        foreach (string sentence in found.Answer)
            foreach (string line in TextTable.Wrap(sentence, Terminal.Columns)) output.WriteLine(line);
        output.WriteLine();
        var table = new TextTable(
            new("seed"), new("meets at\nrequests/s"), new("misses at\nrequests/s"), new("runs"), new("closest goal at capacity", IsNumber: false, Wraps: true));
        foreach (CapacitySearch search in found.Searches)
        {
            CapacityProbe? at = search.Probes.Where(probe => probe.IsMet).MaxBy(probe => probe.RequestsPerSecond);
            table.Add(
                search.Seed.ToString(CultureInfo.InvariantCulture), Rate(search.Low), Rate(search.High), search.Probes.Count.ToString(CultureInfo.InvariantCulture),
                at is null ? "-" : string.Join("; ", at.Sentences));
        }
        table.Write(output);
        foreach (string note in found.Notes)
            foreach (string line in TextTable.Wrap($"note: {note}", Terminal.Columns)) output.WriteLine(line);
    }

    /// <summary>The limits of <c>--slo</c>, each <c>KEY=VALUE</c>.</summary>
    /// <exception cref="InputException">No such limit.</exception>
    internal static IEnumerable<string> SloOf(string? text)
    {
        foreach (string part in text?.Split(',') ?? [])
        {
            string key = part.Split('=', 2)[0].Trim();
            if (!part.Contains('=', StringComparison.Ordinal)) throw new InputException($"--slo {text}: '{part}' is no KEY=VALUE; write for example ttft=1s,tpot=50ms");
            if (!SloKeys.Contains(key)) throw new InputException($"--slo {text}: there is no limit '{key}'{Names.Suggest(key, SloKeys)}");
            yield return part.Trim();
        }
    }

    private static double ToleranceOf(string? text)
    {
        if (text is null) return CapacitySettings.DefaultTolerance;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
            ? share
            : throw new InputException($"--tolerance: '{text}' is not a share such as 0.025");
    }

    private static string Rate(double requestsPerSecond) => double.IsInfinity(requestsPerSecond) ? "none" : TextTable.Figure(requestsPerSecond, 4);
}
