using Orrery.Lab.Runs;
using Orrery.Lab.Scenarios;
using Orrery.Lab.Studies;

namespace Orrery.Lab.Reports;

/// <summary>What a study leaves in its folder beside its journal.</summary>
public static class StudyFolder
{
    /// <summary>Writes <c>result.json</c>, <c>scenario.lock.yaml</c> and <c>report.html</c>, each complete or not at all.</summary>
    /// <param name="scenario">As it stands before anything is varied.</param>
    /// <param name="lesson">One sentence for the report that says what was learnt; empty for none.</param>
    /// <exception cref="Kernel.InputException">The folder cannot be written to.</exception>
    public static void Finish(StudyResult study, RunnableScenario scenario, string folder, string lesson = "")
    {
        ArgumentNullException.ThrowIfNull(study);
        RunFolder.WriteText(folder, RunFolder.LockFile, ScenarioLock.Write(scenario));
        RunFolder.WriteText(folder, RunFolder.ResultFile, StudyJson.Text(study));
        if (study.Runs.Count > 0) RunFolder.WriteText(folder, Report.FileName, Report.Page(study, scenario, lesson));
    }
}
