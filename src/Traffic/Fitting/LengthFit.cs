using Orrery.Documents;

namespace Orrery.Traffic.Fitting;

/// <summary>Empirical quantiles of prompts, and of outputs within bins of equal numbers of requests by prompt length.</summary>
internal static class LengthFit
{
    /// <summary>Levels of every curve: the body in steps of 10 %, the tails finer.</summary>
    internal static readonly double[] Levels = [0, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 1];

    /// <summary>Levels of prompt curves: prompts often gather at a few lengths (templates), which coarse steps would smear.</summary>
    internal static readonly double[] PromptLevels = [0, 0.01, .. Enumerable.Range(1, 39).Select(i => Math.Round(i * 0.025, 3)), 0.99, 1];

    internal static Node Joint(IReadOnlyList<int> prompts, IReadOnlyList<int> outputs, int bins)
    {
        int[] order = [.. Enumerable.Range(0, prompts.Count).OrderBy(i => prompts[i]).ThenBy(i => i)];
        var rows = new List<Node>();
        for (int bin = 0; bin < bins; bin++)
        {
            int from = (int)((long)bin * order.Length / bins);
            int to = (int)((long)(bin + 1) * order.Length / bins);
            rows.Add(FitReport.List(At(order[from..to].Select(i => (double)outputs[i]), Levels)));
        }
        return FitReport.Map(
            FitReport.List("promptLevels", PromptLevels),
            FitReport.List("prompt", At(prompts.Select(p => (double)p), PromptLevels)),
            FitReport.List("levels", Levels),
            FitReport.Entry("outputByPromptBin", Node.List(rows)));
    }

    internal static Node Curve(IEnumerable<double> values) =>
        FitReport.Map(FitReport.List("levels", Levels), FitReport.List("values", At(values, Levels)));

    internal static double[] At(IEnumerable<double> values, double[] levels)
    {
        double[] sorted = [.. values.Order()];
        return [.. levels.Select(level => sorted[Math.Clamp((int)Math.Ceiling(level * sorted.Length) - 1, 0, sorted.Length - 1)])];
    }
}
