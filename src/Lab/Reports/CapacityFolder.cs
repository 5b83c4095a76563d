using System.Globalization;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>What a search for the highest rate leaves in its folder.</summary>
public static class CapacityFolder
{
    /// <summary>
    /// Writes <c>result.json</c>, <c>scenario.lock.yaml</c> and <c>report.html</c>, which shows the first seed's runs in the order of their rates;
    /// each file complete or not at all.
    /// </summary>
    /// <param name="scenario">As it stands before its rate is varied.</param>
    /// <exception cref="Kernel.InputException">The folder cannot be written to.</exception>
    public static void Finish(CapacityResult found, Scenario scenario, string folder)
    {
        ArgumentNullException.ThrowIfNull(found);
        RunFolder.WriteText(folder, RunFolder.LockFile, ScenarioLock.Write(scenario));
        RunFolder.WriteText(folder, RunFolder.ResultFile, StudyJson.Text(found));
        StudyRun[] runs =
        [
            .. found.Searches[0].Probes.OrderBy(probe => probe.RequestsPerSecond).Select(probe => new StudyRun(
                new Dictionary<string, string> { ["traffic.rate"] = Rate(probe), ["goals"] = probe.IsMet ? "met" : "missed" }, new RunRecord(probe.Result with { Expectations = [] }, RunSeries.Empty))),
        ];
        if (runs.Length == 0) return;
        string lesson = string.Join("; ", found.Answer.Concat(found.Notes)) + ".";
        RunFolder.WriteText(folder, Report.FileName, Report.Page(new StudyResult(found.Scenario, found.Searches[0].Seed, runs, found.IsPartial), scenario, lesson));
    }

    private static string Rate(CapacityProbe probe) => probe.RequestsPerSecond.ToString("G4", CultureInfo.InvariantCulture) + "/s";
}
