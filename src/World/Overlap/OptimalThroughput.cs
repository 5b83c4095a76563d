using Orrery.Kernel.Time;
using Orrery.Kernel.Units;
using Orrery.World.Cost;
using Orrery.World.Deployments;

namespace Orrery.World.Overlap;

/// <summary>
/// The throughput that no schedule exceeds when a model is bound by computation: every token, of a prompt or of an output, costs 2·P
/// FLOP in the dense layers, so a device makes at most F/(2·P) tokens per second.
/// </summary>
/// <remarks>
/// F is what matrix products attain, not the data sheet's peak. Source: NanoFlow (OSDI 2025); its artefact takes 260 TFLOP/s for an
/// A100 and 1857 tokens/s/device for Llama-2-70B (b).
/// </remarks>
public static class OptimalThroughput
{
    /// <summary>Tokens per second and device.</summary>
    /// <param name="matrixRate">Attained by matrix products on one device.</param>
    /// <param name="activeParameters">Parameters that a token passes through.</param>
    public static double TokensPerSecond(FlopsPerSecond matrixRate, double activeParameters) => matrixRate.Value / (2 * activeParameters);

    /// <summary>The same at the rate that the deployment's cost profile attains, so that a share of it compares like with like.</summary>
    public static double TokensPerSecond(Deployment deployment)
    {
        ArgumentNullException.ThrowIfNull(deployment);
        double rate = Duration.NanosecondsPerSecond / new RooflineCost(deployment).Prices.NanosecondsPerFlop;
        return TokensPerSecond(new(rate), deployment.Model.ActiveParameters);
    }
}
