using Orrery.World.Cost;
using Orrery.World.Steps;

namespace Orrery.Serving.Scheduling;

/// <summary>A step's time as a line over its tokens: what policies that predict make of a profile.</summary>
/// <param name="PerTokenSeconds">Slope.</param>
/// <param name="BaseSeconds">Time of a step without tokens: weights are read all the same.</param>
public readonly record struct StepLine(double PerTokenSeconds, double BaseSeconds)
{
    /// <summary>Seconds of a step of so many tokens.</summary>
    public double At(double tokens) => BaseSeconds + (PerTokenSeconds * tokens);

    /// <summary>The line through a profile's times of one prompt token and of a whole step of them.</summary>
    /// <param name="profile">Times of this replica's steps.</param>
    /// <param name="stepTokens">Tokens of a full step, at least 2.</param>
    public static StepLine Fit(ICostModel profile, int stepTokens)
    {
        ArgumentNullException.ThrowIfNull(profile);
        StepCost cost = profile.CreateStep();
        int full = Math.Max(2, stepTokens);
        double one = Time(cost, 1);
        double slope = Math.Max(0, (Time(cost, full) - one) / (full - 1));
        return new(slope, Math.Max(0, one - slope));
    }

    private static double Time(StepCost cost, int tokens)
    {
        StepShape shape = new();
        shape.AddChunk(new PrefillChunk(tokens, 0, Finishes: false));
        cost.Prepare(shape);
        return cost.At(0).Seconds;
    }
}
