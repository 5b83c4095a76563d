using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Runs;

/// <summary>The folder of one run: rows and timelines are streamed into it while it runs, the rest is written when it has ended.</summary>
public static class RunFolder
{
    public const string ResultFile = "result.json";

    public const string LockFile = "scenario.lock.yaml";

    /// <summary>Writes <c>result.json</c> and <c>scenario.lock.yaml</c>, each complete or not at all.</summary>
    /// <exception cref="Kernel.InputException">The folder cannot be written to.</exception>
    public static void Finish(RunResult result, RunnableScenario scenario, string folder)
    {
        OutputFile.WriteAllText(Path.Combine(folder, LockFile), ScenarioLock.Write(scenario));
        OutputFile.WriteAllText(Path.Combine(folder, ResultFile), RunJson.Text(result));
    }

    /// <summary>Writes any further text file of a run (a report), complete or not at all.</summary>
    /// <exception cref="Kernel.InputException">The folder cannot be written to.</exception>
    public static void WriteText(string folder, string fileName, string text) => OutputFile.WriteAllText(Path.Combine(folder, fileName), text);
}
