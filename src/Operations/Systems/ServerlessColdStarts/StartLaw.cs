using Orrery.Kernel.Random;
using Orrery.Kernel.Statistics;
using Orrery.Kernel.Time;
using Orrery.World.Starts;

namespace Orrery.Operations.Systems.ServerlessColdStarts;

/// <summary>The four parts of a cold start; together they are the start time.</summary>
/// <param name="Allocation">A pod of the class is found or made.</param>
/// <param name="Code">The function's code arrives.</param>
/// <param name="Dependencies">What it needs is deployed.</param>
/// <param name="Scheduling">The call finds its pod.</param>
public readonly record struct StartParts(Duration Allocation, Duration Code, Duration Dependencies, Duration Scheduling)
{
    public Duration Total => Allocation + Code + Dependencies + Scheduling;
}

/// <summary>
/// Draws cold starts whose total follows the log-normal fit: ln T = μ + σ (√ρ z_function + √(1−ρ) z_start). The parts are drawn
/// jointly: all scale with T, and their shares vary around the region's mix.
/// </summary>
/// <param name="law">Mean and deviation of the total over all starts.</param>
/// <param name="functionShare">ρ: how much of the spread is between functions.</param>
/// <param name="random">Numbers are keyed by function and call, so that a policy changes which starts happen and never how long they take.</param>
public sealed class StartLaw(ColdStart law, double functionShare, RandomStream random)
{
    // Spread of a part's share, as the deviation of its logarithm (d).
    private const double PartSpread = 0.5;

    /// <summary>
    /// Mixes of allocation, code, dependencies, scheduling by region: the first is dominated by dependencies and scheduling, the second
    /// by allocation (a); the numbers are ours (d).
    /// </summary>
    private static readonly double[][] Mixes = [[0.15, 0.15, 0.40, 0.30], [0.60, 0.15, 0.15, 0.10], [0.35, 0.20, 0.25, 0.20]];

    private readonly double _mu = Math.Log(law.Median.Seconds);
    private readonly double _sigma = Math.Sqrt(2 * Math.Log(law.Mean / law.Median));
    private readonly RandomStream _totals = random.Split("totals");
    private readonly RandomStream[] _shares = [random.Split("allocation"), random.Split("code"), random.Split("dependencies"), random.Split("scheduling")];

    /// <summary>The start time that a share of this function's starts do not exceed.</summary>
    public Duration Quantile(Function function, double share) => Total(function, SpecialFunctions.NormalQuantile(share));

    /// <summary>Seconds that half of this function's starts do not exceed in a region under load.</summary>
    public double MedianSeconds(Function function, int region, double slowdown)
    {
        double[] mix = MixOf(region);
        return Total(function, 0).Seconds * (1 + ((mix[0] + mix[^1]) * (slowdown - 1)));
    }

    /// <summary>The start that a call would meet.</summary>
    /// <param name="function">Whose pod starts.</param>
    /// <param name="region">Where it starts.</param>
    /// <param name="call">Ordinal of the call among the function's.</param>
    /// <param name="slowdown">Factor on allocation and scheduling, which rise under load (b).</param>
    public StartParts Draw(Function function, int region, long call, double slowdown)
    {
        double total = Total(function, Standard(_totals, function, call)).Seconds;
        double[] mix = MixOf(region);
        Span<double> parts = stackalloc double[4];
        double sum = 0;
        for (int i = 0; i < parts.Length; i++) sum += parts[i] = mix[i] * Math.Exp(PartSpread * Standard(_shares[i], function, call));
        double scale = total / sum;
        return new(Seconds(parts[0] * scale * slowdown), Seconds(parts[1] * scale), Seconds(parts[2] * scale), Seconds(parts[3] * scale * slowdown));
    }

    private static double[] MixOf(int region) => Mixes[Math.Min(region, Mixes.Length - 1)];

    private Duration Total(Function function, double own) =>
        Seconds(Math.Exp(_mu + (_sigma * ((Math.Sqrt(functionShare) * function.StartEffect) + (Math.Sqrt(1 - functionShare) * own)))));

    private static double Standard(RandomStream stream, Function function, long call)
    {
        // Keyed numbers lie in [0, 1) on a grid of 2^-53; half a grid step keeps them off the end.
        const double halfStep = 1.0 / (1UL << 54);
        return SpecialFunctions.NormalQuantile(stream.Keyed(function.Id, call) + halfStep);
    }

    private static Duration Seconds(double seconds) => Duration.FromSeconds(seconds);
}
