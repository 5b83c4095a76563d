using Orrery.Lab.Calibration;
using Orrery.World.Profiles;

namespace Orrery.Lab.Fidelity;

/// <summary>
/// Finds the constants of one engine that serve all its measured deployments best: least mean |ln(predicted / measured)| of TTFT and TPOT, which
/// neither long waits nor rows with unstated features (such as speculative decoding) dominate.
/// </summary>
public static class DeploymentEngineFit
{
    private const int Sweeps = 3;

    private const int Evaluations = 8;

    private static readonly Constant[] Constants =
    [
        new(engine => engine.StepCpuSeconds, (engine, x) => engine with { StepCpuSeconds = x }, 1e-5, 5e-3),
        Kernel(f => f.Matrices, (f, x) => f with { Matrices = x }),
        Kernel(f => f.Experts, (f, x) => f with { Experts = x }),
        Kernel(f => f.Collectives, (f, x) => f with { Collectives = x }),
        new(engine => engine.GatherSteps, (engine, x) => engine with { GatherSteps = x }, 1, 100),
        new(engine => engine.FirstTokenSteps, (engine, x) => engine with { FirstTokenSteps = x }, 0.1, 20),
        new(engine => engine.SequenceCpuSeconds, (engine, x) => engine with { SequenceCpuSeconds = x }, 1e-7, 2e-4),
        new(engine => engine.RequestSeconds, (engine, x) => engine with { RequestSeconds = x }, 1e-3, 0.5),
        new(engine => engine.HandOverSeconds, (engine, x) => engine with { HandOverSeconds = x }, 1e-2, 0.2),
    ];

    /// <param name="cases">Deployments of one engine.</param>
    /// <param name="start">The engine as it is known.</param>
    /// <param name="profileOf">The profile of a device.</param>
    public static DeploymentEngine Fit(IReadOnlyList<DeploymentCase> cases, DeploymentEngine start, Func<DeploymentCase, CostProfile> profileOf)
    {
        ArgumentNullException.ThrowIfNull(cases);
        ArgumentNullException.ThrowIfNull(start);
        double[] best = CoordinateDescent.Minimise(
            [.. Constants.Select(constant => Math.Clamp(constant.Get(start), constant.Least, constant.Most))],
            [.. Constants.Select(constant => (constant.Least, constant.Most))],
            values => Loss(DeploymentFidelity.Of(cases, profileOf, _ => With(start, values))),
            Sweeps,
            Evaluations);
        return With(start, best);
    }

    /// <summary>Mean |ln(predicted / measured)|, TTFT and TPOT alike.</summary>
    public static double Loss(DeploymentFidelity fidelity)
    {
        ArgumentNullException.ThrowIfNull(fidelity);
        return fidelity.Points.Average(point =>
            (Math.Abs(Math.Log(point.Predicted.TpotSeconds / point.MeasuredTpot)) + Math.Abs(Math.Log(point.Predicted.TtftSeconds / point.MeasuredTtft))) / 2);
    }

    private static DeploymentEngine With(DeploymentEngine engine, IReadOnlyList<double> values)
    {
        for (int i = 0; i < Constants.Length; i++) engine = Constants[i].Set(engine, values[i]);
        return engine;
    }

    /// <summary>Kernels of an engine take between half and twice the time of those that the profile was measured with (d).</summary>
    private static Constant Kernel(Func<ProfileFactors, double> get, Func<ProfileFactors, double, ProfileFactors> set) =>
        new(engine => get(engine.Kernels), (engine, x) => engine with { Kernels = set(engine.Kernels, x) }, 0.5, 2);

    private sealed record Constant(
        Func<DeploymentEngine, double> Get, Func<DeploymentEngine, double, DeploymentEngine> Set, double Least, double Most);
}
