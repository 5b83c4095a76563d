using Orrery.World.Profiles;

namespace Orrery.Live.Calibration;

/// <summary>
/// CPU time around steps, from a live run that is not judged: what its steps took beyond what a profile without CPU times says of them, as a part per
/// step and a part per sequence.
/// </summary>
public static class CpuFit
{
    /// <summary>Steps of so few sequences apart tell the two parts apart.</summary>
    private const int LeastSpan = 2;

    /// <summary>Seconds per step and per sequence, neither negative: the line through the medians of what is missing, by number of sequences.</summary>
    /// <param name="steps">With predictions that hold no CPU time of sequences or steps.</param>
    /// <param name="usualSequenceSeconds">The part per sequence where all steps have about as many.</param>
    public static (double StepSeconds, double SequenceSeconds) Of(IReadOnlyList<LiveStep> steps, double usualSequenceSeconds)
    {
        ArgumentNullException.ThrowIfNull(steps);
        (double Sequences, double Missing, double Weight)[] groups =
        [
            .. steps.Where(step => step.Kind == StepKind.Decode).GroupBy(step => step.Sequences)
                .Select(group => ((double)group.Key, FitErrors.Quantile([.. group.Select(step => step.Seconds - step.PredictedSeconds)], 0.5), (double)group.Count())),
        ];
        if (groups.Length == 0) return (0, usualSequenceSeconds);
        double weight = groups.Sum(group => group.Weight);
        double sequences = groups.Sum(group => group.Weight * group.Sequences) / weight;
        double missing = groups.Sum(group => group.Weight * group.Missing) / weight;
        double slope = usualSequenceSeconds;
        if (groups.Max(group => group.Sequences) - groups.Min(group => group.Sequences) >= LeastSpan)
        {
            double square = groups.Sum(group => group.Weight * Math.Pow(group.Sequences - sequences, 2));
            slope = Math.Max(0, groups.Sum(group => group.Weight * (group.Sequences - sequences) * (group.Missing - missing)) / square);
        }
        double step = missing - (slope * sequences);
        // Through the origin where the line would start below it.
        return step >= 0 ? (step, slope) : (0, Math.Max(0, missing / sequences));
    }
}
