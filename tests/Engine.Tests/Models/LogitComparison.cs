using Orrery.Engine.Models;

namespace Orrery.Engine.Tests.Models;

/// <summary>Holds a model's logits against recorded greedy steps, with the recorded tokens before each.</summary>
/// <param name="gap">The best token must agree where the recorded gap to the second is larger.</param>
/// <param name="tolerance">Of log-probabilities.</param>
internal sealed class LogitComparison(double gap, double tolerance)
{
    /// <summary>Steps that the recorder took; it left out those whose tokens print no whole character, so that some rows are shorter.</summary>
    private const int RecordedSteps = 8;

    /// <summary>Log-probabilities that are farther apart than any rounding belong to another position: a step was left out before them.</summary>
    private const double OtherPosition = 0.5;

    /// <param name="row">The recorded steps.</param>
    /// <param name="logitsOf">Logits after every token of a sequence.</param>
    public void Check(ReferenceRow row, Func<int[], float[][]> logitsOf)
    {
        List<int> sequence = [.. row.Sequence];
        float[][] logits = logitsOf([.. sequence]);
        int leftOut = Math.Max(0, RecordedSteps - row.Steps.Length), at = row.Prompt.Length - 1;
        foreach (ReferenceStep expected in row.Steps)
        {
            Dictionary<int, double> ours = Ours(logits[at], out int best);
            if (leftOut > 0 && Distance(expected, ours) > OtherPosition)
            {
                int[] found = Enumerable.Range(1, leftOut).Select(count => LeftOut(expected, sequence[..(at + 1)], logits[at], count, logitsOf)).First(path => path.Length > 0);
                sequence.InsertRange(at + 1, found);
                (at, leftOut) = (at + found.Length, leftOut - found.Length);
                logits = logitsOf([.. sequence]);
                ours = Ours(logits[at], out best);
            }
            if (expected.Gap > gap) Assert.Equal(expected.Id, best);
            Assert.InRange(Distance(expected, ours), 0, Math.Min(tolerance, OtherPosition));
            at++;
        }
    }

    /// <summary>The tokens that a recorder left out: those of our best that lead to what it recorded next; none if there are none.</summary>
    private static int[] LeftOut(ReferenceStep next, List<int> sequence, float[] logits, int count, Func<int[], float[][]> logitsOf)
    {
        const int candidates = 3;
        foreach (TokenLogProbability candidate in LogitProbe.Best(logits, candidates))
        {
            List<int> longer = [.. sequence, candidate.Id];
            float[] after = logitsOf([.. longer])[^1];
            if (count == 1 && Distance(next, Ours(after, out _)) <= OtherPosition) return [candidate.Id];
            if (count > 1 && LeftOut(next, longer, after, count - 1, logitsOf) is { Length: > 0 } rest) return [candidate.Id, .. rest];
        }
        return [];
    }

    private static double Distance(ReferenceStep expected, Dictionary<int, double> ours) => expected.Top.Max(token => Math.Abs(token.LogProbability - ours[token.Id]));

    private static Dictionary<int, double> Ours(float[] logits, out int best)
    {
        TokenLogProbability[] all = LogitProbe.Best(logits, logits.Length);
        best = all[0].Id;
        return all.ToDictionary(token => token.Id, token => token.LogProbability);
    }
}
