namespace Orrery.Lab.Fidelity;

/// <summary>What it would have cost to trust the predictions when choosing a deployment.</summary>
/// <param name="Task">Model, device, input and output length.</param>
/// <param name="Plans">Deployments to choose from.</param>
/// <param name="Ratio">
/// Measured throughput per device of the plan predicted best over that of the plan measured best, both among the plans that meet the limits; 0
/// when the plan chosen does not meet them as measured.
/// </param>
public sealed record PlanRegret(string Task, int Plans, double Ratio)
{
    private const int FewestPlans = 3;

    /// <summary>
    /// One choice per model, device and lengths with at least three deployments. A plan meets the limits when its TTFT and its TPOT are at most
    /// <paramref name="slack"/> times the medians measured in the group; the predicted choice is made by predicted latencies and throughput,
    /// and, where no plan is predicted to meet them, falls on the one that comes nearest.
    /// </summary>
    public static IReadOnlyList<PlanRegret> Of(IEnumerable<DeploymentPoint> points, double slack = 1)
    {
        ArgumentNullException.ThrowIfNull(points);
        List<PlanRegret> regrets = [];
        foreach (IGrouping<string, DeploymentPoint> group in points.GroupBy(point => point.Case.Measured.Task).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            DeploymentPoint[] plans = [.. group];
            if (plans.Length < FewestPlans) continue;
            double ttft = slack * ErrorSummary.Median([.. plans.Select(plan => plan.MeasuredTtft)]);
            double tpot = slack * ErrorSummary.Median([.. plans.Select(plan => plan.MeasuredTpot)]);
            DeploymentPoint[] good = [.. plans.Where(plan => plan.MeasuredTtft <= ttft && plan.MeasuredTpot <= tpot)];
            if (good.Length == 0) continue;
            double best = good.Max(Measured);
            DeploymentPoint chosen = plans
                .OrderBy(plan => Math.Max(1, Math.Max(plan.Predicted.TtftSeconds / ttft, plan.Predicted.TpotSeconds / tpot)))
                .ThenByDescending(Predicted)
                .First();
            bool meets = chosen.MeasuredTtft <= ttft && chosen.MeasuredTpot <= tpot;
            regrets.Add(new(group.Key, plans.Length, meets ? Measured(chosen) / best : 0));
        }
        return regrets;
    }

    private static double Measured(DeploymentPoint plan) => DeploymentPoint.TokensPerDeviceSecond(plan.Case, plan.MeasuredTtft, plan.MeasuredTpot);

    private static double Predicted(DeploymentPoint plan) =>
        DeploymentPoint.TokensPerDeviceSecond(plan.Case, plan.Predicted.TtftSeconds, plan.Predicted.TpotSeconds);
}
