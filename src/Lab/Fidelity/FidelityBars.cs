namespace Orrery.Lab.Fidelity;

/// <summary>
/// The bars of the levels, entry and lead. Basis (b): operator simulators publish 0.4-6.4 % with a device's own tables and 13-16 % end to end
/// from a data sheet; request-level simulators 0.2-2.2 % on runs of their own and 17-29 % of TTFT elsewhere.
/// </summary>
public static class FidelityBars
{
    /// <summary>F1, weighted by time, from the device's own tables.</summary>
    public static FidelityBar OperatorInterpolate { get; } = new(0.05, 0.03);

    /// <summary>F1, weighted by time, from a data sheet.</summary>
    public static FidelityBar OperatorTransfer { get; } = new(0.25, 0.15);

    /// <summary>F2, per iteration. Both modes are held against it, though the sources that it rests on had tables.</summary>
    public static FidelityBar Iteration { get; } = new(0.08, 0.05);

    /// <summary>F3, time per output token.</summary>
    public static FidelityBar DeploymentTpot { get; } = new(0.20, 0.10);

    /// <summary>F3, time to first token.</summary>
    public static FidelityBar DeploymentTtft { get; } = new(0.40, 0.25);

    /// <summary>F3, rank correlation.</summary>
    public static FidelityBar DeploymentRank { get; } = new(0.9, 0.95, HighIsGood: true);

    /// <summary>F3, plan regret: lead only.</summary>
    public static FidelityBar PlanRegret { get; } = new(0.95, 0.95, HighIsGood: true);

    /// <summary>F4, means of latency and time per output token.</summary>
    public static FidelityBar RequestMean { get; } = new(0.05, 0.015);

    /// <summary>F4, time to first token: mean, P50 and P95.</summary>
    public static FidelityBar RequestTtft { get; } = new(0.15, 0.05);

    /// <summary>F4, time to first token: P99.</summary>
    public static FidelityBar RequestTtftTail { get; } = new(0.15, 0.08);

    /// <summary>F5, end to end: every figure of TTFT, TPOT and latency.</summary>
    public static FidelityBar Live { get; } = new(0.15, 0.05);

    /// <summary>F1 of a mode.</summary>
    public static FidelityBar Operator(FidelityMode mode) => mode == FidelityMode.Interpolate ? OperatorInterpolate : OperatorTransfer;
}
