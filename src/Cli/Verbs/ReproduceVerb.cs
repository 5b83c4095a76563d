using System.CommandLine;
using System.Globalization;
using Orrery.Cli.Shell;
using Orrery.Kernel;
using Orrery.Lab.Claims;
using Orrery.Lab.Reports;

namespace Orrery.Cli.Verbs;

/// <summary><c>reproduce SYSTEM…</c>: what papers claim beside what we measure.</summary>
internal sealed class ReproduceVerb : Verb
{
    private const int MostWorkers = 1024;
    private static readonly string DefaultFolder = Path.Combine("out", "reproduce");

    private readonly Argument<string[]> _systems = new("system")
    {
        HelpName = "SYSTEM…",
        Description = "Names of systems (see --list), or claims files of your own.",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly Option<bool> _all = new("--all") { Description = "The claims of every system." };
    private readonly Option<bool> _list = new("--list") { Description = "Which systems have claims; runs nothing." };
    private readonly Option<bool> _quick = new("--quick") { Description = "The reduced grid of each claim: fewer requests, values and seeds." };
    private readonly Option<bool> _reportOnly = new("--report-only") { Description = "Exit code 0 also when a claim is missed." };
    private readonly Option<string> _out = new("--out", "-o") { HelpName = "DIR", Description = "Folder for journal and reports; default: out/reproduce." };
    private readonly Option<string> _workers = new("--workers") { HelpName = "N", Description = "Runs at a time; default: one per core." };
    private readonly Option<string> _json = CommonOptions.Json();
    private readonly Option<string> _seed = CommonOptions.Seed();

    public ReproduceVerb()
        : base("reproduce", "Run the claims of published systems and print them beside ours.",
            "reproduce --list", "reproduce vtc --quick", "reproduce --all --report-only --json claims.json")
    {
        Add(_systems);
        foreach (Option option in new Option[] { _all, _list, _quick, _reportOnly, _seed, _out, _workers, _json }) Add(option);
    }

    public override IReadOnlyList<string> Notes { get; } =
    [
        "Each claim is a scenario grid, an expression, the paper's figure and a band; docs/claims.md describes the file. The exit code is 1 when a claim with a band is missed.",
        "Every finished run is kept in a journal: after Ctrl-C or a kill the same command goes on where it stopped.",
    ];

    public override int Run(ParseResult parsed, Terminal terminal)
    {
        string[] names = parsed.GetValue(_systems) ?? [];
        bool all = parsed.GetValue(_all);
        string? json = parsed.GetValue(_json);
        JsonOutput.Prepare(json, terminal);
        if (parsed.GetValue(_list))
        {
            ClaimText.List(ClaimCatalogue.All(), terminal.Output);
            return ExitCode.Done;
        }
        if (all && names.Length > 0) throw new InputException("--all already names every system; leave out the names or the flag");
        if (!all && names.Length == 0) throw new InputException("orrery reproduce needs the names of systems or --all; 'orrery reproduce --list' shows them");
        string folder = parsed.GetValue(_out) ?? DefaultFolder;
        if (File.Exists(folder)) throw new InputException($"--out {folder}: this is a file; name a folder");
        IReadOnlyList<ClaimFile> files = all ? ClaimCatalogue.All() : ClaimCatalogue.Find(names);
        terminal.WatchInterrupt("finished runs are kept");
        Reproduction found;
        using (var progress = new ProgressLine(terminal))
        {
            found = ClaimRunner.Run(files, new ClaimSettings
            {
                Folder = folder,
                Quick = parsed.GetValue(_quick),
                Seed = CommonOptions.SeedOf(parsed, _seed),
                Workers = ScenarioArguments.Whole(parsed, _workers, 0, 1, MostWorkers),
                Cancel = terminal.Interrupted,
                Progress = progress.OfStudy,
            });
        }
        if (json is not null) JsonOutput.Write(writer => ClaimJson.Write(found, writer), json, terminal);
        ClaimText.Write(found, terminal);
        foreach (IGrouping<string, ClaimResult> system in found.Claims.GroupBy(claim => claim.File.System))
        {
            string page = Path.Combine(folder, system.Key, Report.FileName);
            ClaimPage.Write([.. system], page, parsed.GetValue(_quick));
            terminal.Output.WriteLine($"report: {page}");
        }
        if (found.Resumed > 0) terminal.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{found.Resumed} runs were taken from the journal in {folder}"));
        if (found.IsPartial)
        {
            terminal.Error.WriteLine($"interrupted; {folder} keeps the finished runs, and the same command goes on from there");
            return ExitCode.Interrupted;
        }
        return found.IsMet || parsed.GetValue(_reportOnly) ? ExitCode.Done : ExitCode.GoalMissed;
    }
}
