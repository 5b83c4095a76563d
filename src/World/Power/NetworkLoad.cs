using Orrery.World.Cost;
using Orrery.World.Deployments;
using Orrery.World.Profiles;
using Orrery.World.Steps;

namespace Orrery.World.Power;

/// <summary>Time that the devices of a replica spend in collectives, linear in steps and tokens, so that it follows from totals.</summary>
/// <param name="SecondsPerStep">Floors of all collectives of a step.</param>
/// <param name="SecondsPerToken">What each token of a step adds.</param>
/// <remarks>By the analytic cost model, whatever profile gives the times of a run: the shares of power were fitted with it.</remarks>
public readonly record struct NetworkLoad(double SecondsPerStep, double SecondsPerToken)
{
    /// <summary>Tokens of the step that shows the slope.</summary>
    private const int LargeStep = 1024;

    /// <summary>The line through a step of one token and one of many.</summary>
    public static NetworkLoad Of(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        if (deployment.Parallel.Devices == 1) return default;
        Deployment analytic = Deployment.Create(
            deployment.Model, deployment.Device, deployment.Parallel, deployment.Precision, deployment.Interconnect, CostProfile.Analytic);
        StepCost step = new RooflineCost(analytic).CreateStep();
        double one = Seconds(step, 1);
        double perToken = (Seconds(step, LargeStep) - one) / (LargeStep - 1);
        return new(one - perToken, perToken);
    }

    /// <summary>Seconds of some steps with some tokens in all.</summary>
    public double Seconds(double steps, double tokens) => (steps * SecondsPerStep) + (tokens * SecondsPerToken);

    private static double Seconds(StepCost step, int tokens)
    {
        var shape = new StepShape();
        shape.AddChunk(new(tokens, 0, Finishes: false));
        step.Prepare(shape);
        return step.TermsAt(0).NetworkSeconds;
    }
}
