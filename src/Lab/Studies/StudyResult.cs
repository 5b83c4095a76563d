using Orrery.Lab.Results;


namespace Orrery.Lab.Studies;

/// <param name="Vary">Path to value as written, in the order of the flags; empty when nothing was varied.</param>
public sealed record StudyRun(IReadOnlyDictionary<string, string> Vary, RunRecord Record);

/// <summary>The runs of a comparison in the order of the cross product: the last varied key changes fastest, seeds fastest of all.</summary>
/// <param name="Scenario">Its name.</param>
/// <param name="Seed">The first seed; replications count up from it.</param>
/// <param name="IsPartial">It was interrupted: runs that had not finished are missing.</param>
public sealed record StudyResult(string Scenario, ulong Seed, IReadOnlyList<StudyRun> Runs, bool IsPartial)
{
    public const string Schema = "orrery.study/1";

    /// <summary>
    /// Variants that keep their series, one run each: more lines than this cannot be told apart in a chart. Other runs have
    /// <see cref="RunSeries.Empty"/>, so that a study of thousands of runs fits in memory and in its journal.
    /// </summary>
    public const int MostDrawn = 12;

    /// <summary>How many runs of this study were found in the journal and not run again.</summary>
    public int Resumed { get; init; }
}
