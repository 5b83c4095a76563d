using Orrery.Documents;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Scenarios;

namespace Orrery.Lab.Studies;

/// <summary>
/// Runs every combination of varied values on the same traffic: all runs of one seed draw from the same random streams, so that
/// differences between variants are not differences of luck (common random numbers).
/// </summary>
public static class Comparison
{
    /// <summary>Beyond this replications tell nothing that fewer did not.</summary>
    public const int MostSeeds = 1000;

    /// <summary>The study of a scenario file.</summary>
    /// <param name="sets"><c>PATH=VALUE</c> each, applied to every run before what is varied.</param>
    /// <exception cref="InputException">A mistake in the file, a flag or any variant; found before the first run begins.</exception>
    public static StudyResult Run(string scenarioPath, IReadOnlyList<string> sets, IReadOnlyList<string> varies, StudySettings settings) =>
        Run(ScenarioReader.LoadTree(scenarioPath, sets), ScenarioReader.FolderOf(scenarioPath), varies, settings);

    /// <summary>The study of a scenario's tree.</summary>
    /// <param name="folder">Where relative file names start from; "" is the current one.</param>
    /// <exception cref="InputException">As the other form.</exception>
    public static StudyResult Run(Node tree, string folder, IReadOnlyList<string> varies, StudySettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Run(tree, varies, settings, ScenarioRuns.From(folder, settings.FastForward));
    }

    /// <summary>The study of anything that a tree can be made a run of.</summary>
    /// <param name="tree">The scenario, with <c>--set</c> applied.</param>
    /// <param name="varies"><c>PATH=V1,V2</c> each; none gives the scenario itself.</param>
    /// <param name="settings">How to execute it.</param>
    /// <param name="prepare">What makes a run of a tree.</param>
    /// <returns>The runs in the order of the cross product, whatever finished first.</returns>
    /// <exception cref="InputException">A mistake in a flag or in any variant; found before the first run begins.</exception>
    public static StudyResult Run(Node tree, IReadOnlyList<string> varies, StudySettings settings, PrepareRun prepare)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(varies);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(prepare);
        if (settings.Seeds is < 1 or > MostSeeds)
            throw new InputException($"--seeds {settings.Seeds}: write a number of replications from 1 to {MostSeeds}");
        List<Planned> plan = Plan(tree, varies, settings, prepare);
        using StudyJournal journal = StudyJournal.Open(settings.Folder);
        Planned[] missing = [.. plan.DistinctBy(run => run.Key).Where(run => !run.IsDone(journal.Find(run.Key)))];
        int resumed = plan.Count(run => run.IsDone(journal.Find(run.Key)));
        Execute(missing, journal, settings, plan);
        StudyRun[] runs =
        [
            .. plan.Where(run => run.IsDone(journal.Find(run.Key))).Select(run => new StudyRun(run.Vary, run.Kept(journal.Find(run.Key)!))),
        ];
        return new(plan[0].Run.Scenario, plan[0].Run.Seed, runs, runs.Length < plan.Count) { Resumed = resumed };
    }

    private static List<Planned> Plan(Node tree, IReadOnlyList<string> varies, StudySettings settings, PrepareRun prepare)
    {
        var plan = new List<Planned>();
        IReadOnlyList<IReadOnlyDictionary<string, string>> combinations = CrossProduct.Of(varies);
        if ((long)combinations.Count * settings.Seeds > CrossProduct.MostCombinations)
            throw new InputException(
                $"--seeds {settings.Seeds}: with {combinations.Count} combinations that is more than {CrossProduct.MostCombinations} runs; ask for fewer");
        foreach (IReadOnlyDictionary<string, string> vary in combinations)
        {
            bool isDrawn = plan.Count < (long)StudyResult.MostDrawn * settings.Seeds;
            Node variant = CrossProduct.Apply(tree, vary);
            PreparedRun first = prepare(variant, settings.Seed);
            for (int i = 0; i < settings.Seeds; i++)
            {
                PreparedRun run = i == 0 ? first : prepare(variant, unchecked(first.Seed + (ulong)i));
                plan.Add(new(vary, run, StudyJournal.KeyOf(run), isDrawn && i == 0));
            }
        }
        return plan;
    }

    private static void Execute(Planned[] missing, StudyJournal journal, StudySettings settings, List<Planned> plan)
    {
        Lock reporting = new();
        int finished = plan.DistinctBy(run => run.Key).Count() - missing.Length;
        int total = finished + missing.Length;
        settings.Progress?.Invoke(new(finished, total, ""));
        ParallelWork.ForEach(missing.Length, settings.DegreeOfParallelism, index =>
        {
            Planned planned = missing[index];
            RunRecord record = planned.Execute(settings.Cancel);
            // A run cut short is no result of this study; the resumed study makes it whole.
            if (record.Result.IsPartial) return;
            journal.Add(planned.Key, planned.Kept(record));
            lock (reporting)
            {
                finished++;
                settings.Progress?.Invoke(new(finished, total, planned.Label));
            }
        }, settings.Cancel);
    }

    private sealed record Planned(IReadOnlyDictionary<string, string> Vary, PreparedRun Run, string Key, bool KeepsSeries)
    {
        /// <summary>A run of the journal that was not drawn in its study but is in this one must be done again.</summary>
        public bool IsDone(RunRecord? record) => record is not null && (record.Result.Experiment is not null || !KeepsSeries || record.Series.Timeline.Count > 0);

        /// <summary>Runs it; a mistake that an experiment shows only then says in which variant.</summary>
        public RunRecord Execute(CancellationToken cancel)
        {
            try
            {
                return Run.Execute(cancel);
            }
            catch (InputException mistake) when (Vary.Count > 0 && Run.Experiment is not null)
            {
                throw new InputException($"{mistake.Message} (in the variant {VaryLabels.Describe(Vary)})", mistake) { IsInfeasible = mistake.IsInfeasible };
            }
        }

        public RunRecord Kept(RunRecord record) => KeepsSeries ? record : record with { Series = RunSeries.Empty };

        public string Label => $"{(Vary.Count == 0 ? Run.Scenario : VaryLabels.Describe(Vary))}, seed {Run.Seed}";
    }
}
