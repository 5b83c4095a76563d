using Orrery.Kernel.Statistics;
using Orrery.Lab.Results;

namespace Orrery.Lab.Studies;

/// <summary>One combination of varied values with the runs of all its seeds.</summary>
public sealed record Variant(IReadOnlyDictionary<string, string> Vary, IReadOnlyList<RunRecord> Runs)
{
    /// <summary><c>vllm-v1 · replicas 4</c>: see <see cref="VaryLabels.Describe"/>; the scenario's name where nothing was varied.</summary>
    public string Label => Vary.Count == 0 ? Runs[0].Result.Scenario : VaryLabels.Describe(Vary);

    /// <summary>Variants in the order of their first runs.</summary>
    public static IReadOnlyList<Variant> Group(IReadOnlyList<StudyRun> runs)
    {
        ArgumentNullException.ThrowIfNull(runs);
        return
        [
            .. runs.GroupBy(run => VaryLabels.Key(run.Vary), StringComparer.Ordinal)
                .Select(group => new Variant(group.First().Vary, [.. group.Select(run => run.Record)])),
        ];
    }

    /// <summary>The mean over the seeds with its interval (without bounds for one seed); null where a run has no samples.</summary>
    public ConfidenceInterval? Value(Measure measure)
    {
        ArgumentNullException.ThrowIfNull(measure);
        var values = new double[Runs.Count];
        for (int i = 0; i < values.Length; i++)
        {
            if (measure.Of(Runs[i].Result) is not { } value) return null;
            values[i] = value;
        }
        return ConfidenceInterval.FromReplications(values);
    }
}
