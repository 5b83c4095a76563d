using System.Reflection;
using System.Text;
using Orrery.Kernel.Time;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>
/// The report of a run or a study: one HTML page that needs no network and no other file, readable in light and dark, on paper and on a
/// narrow screen. The words and tables stand in the page itself; its script only draws the charts.
/// </summary>
public static class Report
{
    /// <summary>The page's name in the folder of a run or study.</summary>
    public const string FileName = "report.html";

    /// <summary>The program's version as reports and journals state it.</summary>
    public static string Version { get; } = typeof(Report).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>The page of a single run.</summary>
    public static string Page(RunRecord run, string lockText = "")
    {
        ArgumentNullException.ThrowIfNull(run);
        return Page(new ReportInput { Study = Alone(run), LockText = lockText });
    }

    /// <summary>The page of several runs under names of the caller's.</summary>
    /// <exception cref="ArgumentException">No run, or two runs under one name.</exception>
    public static string Page(IReadOnlyList<(string Label, RunRecord Record)> runs, string lockText = "")
    {
        ArgumentNullException.ThrowIfNull(runs);
        if (runs.Count == 0) throw new ArgumentException("a report needs at least one run", nameof(runs));
        if (runs.DistinctBy(run => run.Label).Count() < runs.Count) throw new ArgumentException("two runs have the same label", nameof(runs));
        RunResult first = runs[0].Record.Result;
        StudyRun[] named = [.. runs.Select(run => new StudyRun(new Dictionary<string, string> { [VaryLabels.OwnName] = run.Label }, run.Record))];
        return Page(new ReportInput { Study = new(first.Scenario, first.Seed, named, named.Any(run => run.Record.Result.IsPartial)), LockText = lockText });
    }

    /// <summary>The page of a run with its scenario's limits and lock file.</summary>
    public static string Page(RunRecord run, RunnableScenario scenario) => Page(Alone(run), scenario);

    /// <summary>The page of a study.</summary>
    /// <param name="scenario">As it stands before anything is varied.</param>
    /// <param name="lesson">One sentence that says what was learnt; empty for none.</param>
    /// <exception cref="ArgumentException">The study has no run.</exception>
    public static string Page(StudyResult study, RunnableScenario scenario, string lesson = "")
    {
        ArgumentNullException.ThrowIfNull(scenario);
        if (scenario is not Scenario fleet) return ExperimentPage.Page(study, ScenarioLock.Write(scenario), lesson);
        return Page(new ReportInput
        {
            Study = study,
            LockText = ScenarioLock.Write(scenario),
            TtftLimitSeconds = Limit(fleet.Slo.Ttft),
            TpotLimitSeconds = Limit(fleet.Slo.Tpot),
            Lesson = lesson,
        });
    }

    /// <exception cref="ArgumentException">The study has no run.</exception>
    public static string Page(ReportInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Study.Runs.Count == 0) throw new ArgumentException("a report needs at least one run", nameof(input));
        return new ReportPage(input).Write();
    }

    internal static StudyResult Alone(RunRecord run) => new(
        run.Result.Scenario, run.Result.Seed, [new StudyRun(new Dictionary<string, string>(), run)], run.Result.IsPartial);

    private static double? Limit(Duration limit) => limit.IsInfinite ? null : limit.Seconds;

    /// <summary>A file of the page that is built from <c>web/</c>.</summary>
    internal static string Asset(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"Orrery.Lab.Reports.{name}")
            ?? throw new InvalidOperationException($"the resource {name} is missing from the build");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
