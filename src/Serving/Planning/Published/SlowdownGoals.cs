using Orrery.World.StepTimes;

namespace Orrery.Serving.Planning.Published;

/// <summary>
/// Splitwise's nine objectives (b): slowdown against an idle DGX-A100 with the same model at the prompt size of each request. First token at
/// most 2, 3 and 6 times at P50, P90 and P99; time between tokens and end to end at most 1.25, 1.5 and 5 times.
/// </summary>
/// <remarks>The reference of a token is the token row at x = prompt size; end to end is first token + (outputs − 1) tokens (b).</remarks>
internal sealed class SlowdownGoals(TokenTimes reference)
{
    private static readonly (double Share, double Ttft, double Others)[] Limits = [(0.5, 2, 1.25), (0.9, 3, 1.5), (0.99, 6, 5)];

    /// <summary>Each objective's slowdown with its limit; infinite where requests were refused.</summary>
    public IReadOnlyList<(string Name, double Slowdown, double Limit)> Measure(ProbeResult result)
    {
        double[] first = [.. result.Finished.Select(request => request.TtftSeconds / First(request))];
        double[] between = [.. result.Finished.Where(request => request.OutputTokens > 1).Select(request => request.TpotSeconds / Further(request))];
        double[] whole = [.. result.Finished.Select(request => request.EndToEndSeconds / (First(request) + ((request.OutputTokens - 1) * Further(request))))];
        List<(string, double, double)> goals = [];
        foreach ((double share, double ttft, double others) in Limits)
        {
            string quantile = share == 0.99 ? "P99" : share == 0.9 ? "P90" : "P50";
            goals.Add(($"first token {quantile}", Of(share, first), ttft));
            goals.Add(($"between tokens {quantile}", Of(share, between), others));
            goals.Add(($"end to end {quantile}", Of(share, whole), others));
        }
        return goals;

        double Of(double share, double[] values) => result.Lost > 0 ? double.PositiveInfinity : ProbeResult.Quantile(share, values);
    }

    /// <summary>The largest slowdown over its limit: at most 1 where all nine hold.</summary>
    public double WorstUse(ProbeResult result) => Measure(result).Max(goal => goal.Slowdown / goal.Limit);

    private double First(ProbedRequest request) => reference.Prompt.MillisecondsAt(request.PromptTokens) / 1e3;

    private double Further(ProbedRequest request) => reference.Token.MillisecondsAt(request.PromptTokens) / 1e3;
}
