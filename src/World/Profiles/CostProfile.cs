namespace Orrery.World.Profiles;

/// <summary>
/// The achievable fractions and fixed costs that turn a data sheet into times. One profile serves all devices and all systems; nothing
/// here is tuned per system. Marks: b published by a public performance model as empirical, c remembered vendor or practice value,
/// d our assumption.
/// </summary>
public sealed partial record CostProfile
{
    /// <summary>The shipped analytic profile: the defaults below, which <c>catalog/analytic.yaml</c> repeats with sources.</summary>
    public static CostProfile Analytic { get; } = new();

    public string Name { get; init; } = "analytic";

    public string Source { get; init; } = "reference table of achievable fractions (b, c) and stated assumptions (d); fitted to no system";

    /// <summary>Measured or learnt efficiencies with every family, which go before the constants; null for the constants alone.</summary>
    public DeviceProfile? Measured { get; init; }

    /// <summary>Corrections by kind of operator, over measured and over constant efficiencies alike.</summary>
    public ProfileFactors Factors { get; init; } = ProfileFactors.None;

    /// <summary>Share of peak device-memory bandwidth that kernels reach (b).</summary>
    public double MemoryBandwidthFraction { get; init; } = 0.8;

    /// <summary>Fixed cost of every kernel in seconds (b: added to each memory-bound operator).</summary>
    public double KernelSeconds { get; init; } = 3e-6;

    /// <summary>Share of dense peak that large matrix products reach (c: 0.6-0.8).</summary>
    public double GemmEfficiency { get; init; } = 0.7;

    /// <summary>Share of dense peak that attention kernels reach on prompts (d; tiled attention kernels publish 0.5-0.75).</summary>
    public double AttentionEfficiency { get; init; } = 0.6;

    /// <summary>Share of peak device-memory bandwidth that decode attention reaches (c: 0.6-0.8).</summary>
    public double DecodeAttentionBandwidthFraction { get; init; } = 0.7;

    /// <summary>
    /// Share of the imbalance n·longest − sum of decode contexts that is not hidden by splitting long sequences over cores (d). 0 would be
    /// perfect splitting, 1 padding to the longest.
    /// </summary>
    public double DecodeSkewFraction { get; init; } = 0.02;

    /// <summary>Rows of a matrix tile; batches above one tile are rounded up to whole tiles (c).</summary>
    public int GemmTileTokens { get; init; } = 128;

    /// <summary>Share of peak link bandwidth that transfers reach (c: PCIe 12 of 16, 25 of 32, 50 of 64 GB/s).</summary>
    public double LinkFraction { get; init; } = 0.8;

    /// <summary>Floor of one collective within a machine in seconds; the latency of the link is added per doubling of the group (b: 10 µs point to point).</summary>
    public double CollectiveFloorSeconds { get; init; } = 10e-6;

    /// <summary>Fixed cost of one point-to-point transfer in seconds (b).</summary>
    public double PointToPointSeconds { get; init; } = 10e-6;

    /// <summary>Load of the busiest expert rank over the mean; 1 is uniform routing (d).</summary>
    public double ExpertImbalance { get; init; } = 1.0;

    /// <summary>The same constants behind measurements, with the corrections that these bring.</summary>
    /// <param name="measured">Has every family.</param>
    public CostProfile With(DeviceProfile measured)
    {
        ArgumentNullException.ThrowIfNull(measured);
        return this with { Name = measured.Name, Source = measured.Source, Measured = measured, Factors = measured.Factors };
    }

    /// <summary>Rows that so many are computed with: whole tiles above one tile.</summary>
    public long WholeTiles(long rows) => rows <= GemmTileTokens ? rows : (rows + GemmTileTokens - 1) / GemmTileTokens * GemmTileTokens;
}
