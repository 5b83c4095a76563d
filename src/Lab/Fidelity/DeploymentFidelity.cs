using Orrery.Kernel;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>One deployment, measured and predicted.</summary>
public sealed record DeploymentPoint(DeploymentCase Case, ConcurrencyResult Predicted)
{
    public double MeasuredTtft => Case.Measured.TtftSeconds;

    public double MeasuredTpot => Case.Measured.TpotSeconds;

    /// <summary>Engine, device and mode: what errors are reported by.</summary>
    public string Group => $"{Case.Measured.System} {Case.Measured.Backend} {(Case.Measured.IsDisaggregated ? "disagg" : "agg")}";

    /// <summary>Output tokens per second and device that mean latencies imply by Little's law: clients · output / (TTFT + output · TPOT) / devices.</summary>
    public static double TokensPerDeviceSecond(DeploymentCase deployment, double ttftSeconds, double tpotSeconds)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        int output = deployment.Measured.OutputTokens;
        return deployment.Clients * (double)output / (ttftSeconds + (output * tpotSeconds)) / deployment.Devices;
    }
}

/// <summary>Errors of one group of deployments.</summary>
public sealed record DeploymentErrors(string Group, ErrorSummary Ttft, ErrorSummary Tpot);

/// <summary>Level F3: latencies of whole deployments at fixed concurrency.</summary>
/// <param name="Points">Every row that could be predicted.</param>
/// <param name="Warnings">Why other rows could not, with how many each.</param>
public sealed record DeploymentFidelity(IReadOnlyList<DeploymentPoint> Points, IReadOnlyList<string> Warnings)
{
    /// <summary>Resolves the rows; those that cannot be are counted by reason.</summary>
    public static (IReadOnlyList<DeploymentCase> Cases, IReadOnlyList<string> Warnings) Resolve(IEnumerable<DeploymentMeasurement> rows)
    {
        ArgumentNullException.ThrowIfNull(rows);
        List<DeploymentCase> cases = [];
        SortedDictionary<string, int> reasons = new(StringComparer.Ordinal);
        foreach (DeploymentMeasurement row in rows)
        {
            try
            {
                cases.Add(DeploymentCase.Resolve(row));
            }
            catch (InputException reason)
            {
                reasons[reason.Message] = reasons.GetValueOrDefault(reason.Message) + 1;
            }
        }
        return (cases, [.. reasons.Select(reason => $"{reason.Value} deployments left out: {reason.Key}")]);
    }

    /// <param name="cases">What to predict.</param>
    /// <param name="profileOf">The profile of a device.</param>
    /// <param name="engineOf">How an engine batches and what it adds.</param>
    public static DeploymentFidelity Of(
        IEnumerable<DeploymentCase> cases, Func<DeploymentCase, CostProfile> profileOf, Func<DeploymentCase, DeploymentEngine> engineOf)
    {
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(profileOf);
        ArgumentNullException.ThrowIfNull(engineOf);
        List<DeploymentPoint> points = [];
        int infeasible = 0;
        foreach (DeploymentCase deployment in cases)
        {
            try
            {
                points.Add(new(deployment, deployment.Predict(profileOf(deployment), engineOf(deployment))));
            }
            catch (InputException reason) when (reason.IsInfeasible)
            {
                infeasible++;
            }
        }
        return new(points, infeasible == 0 ? [] : [$"{infeasible} deployments left out: by our arithmetic the model does not fit the memory"]);
    }

    /// <summary>Errors of all points.</summary>
    public DeploymentErrors Total => Errors("all", Points);

    /// <summary>Errors per system, backend and mode.</summary>
    public IReadOnlyList<DeploymentErrors> Groups => By(point => point.Group);

    /// <summary>Errors by any property of a point, in order of its values.</summary>
    public IReadOnlyList<DeploymentErrors> By(Func<DeploymentPoint, string> key) =>
        [.. Points.GroupBy(key).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => Errors(group.Key, [.. group]))];

    private static DeploymentErrors Errors(string group, IReadOnlyList<DeploymentPoint> points) => new(
        group,
        ErrorSummary.Of([.. points.Select(point => (point.MeasuredTtft, point.Predicted.TtftSeconds))]),
        ErrorSummary.Of([.. points.Select(point => (point.MeasuredTpot, point.Predicted.TpotSeconds))]));
}
