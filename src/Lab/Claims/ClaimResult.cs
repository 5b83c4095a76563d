using Orrery.Kernel.Statistics;

namespace Orrery.Lab.Claims;

/// <summary>Where a measured figure stands to the band.</summary>
public enum ClaimStatus
{
    InBand,
    Missed,

    /// <summary>The claim states no band.</summary>
    NoBand,

    /// <summary>Something is missing for an honest comparison, or the figure does not exist.</summary>
    NotComparable,
}

/// <summary>A claim beside what we measured.</summary>
/// <param name="File">The file it stands in.</param>
/// <param name="Seeds">Seeds of the replications, in order.</param>
/// <param name="Values">Of each seed; not a number where a figure is missing.</param>
/// <param name="Measured">Mean over the seeds with Student's interval; null where a figure is missing.</param>
/// <param name="Whole">The same over the whole run where the claim is about a window, else null.</param>
/// <param name="Why">Why it is missed or not comparable; empty for in-band.</param>
/// <param name="Curves">What its plot draws.</param>
public sealed record ClaimResult(
    ClaimFile File, Claim Claim, IReadOnlyList<ulong> Seeds, IReadOnlyList<double> Values, ConfidenceInterval? Measured,
    ConfidenceInterval? Whole, ClaimStatus Status, string Why, IReadOnlyList<ClaimCurve> Curves)
{
    public const string Schema = "orrery.claims/1";

    /// <summary>Means over the seeds for every value of <c>each</c>, by its name; null where there is no figure. Empty without <c>each</c>.</summary>
    public IReadOnlyList<KeyValuePair<string, double?>> Each { get; init; } = [];

    /// <summary>What a plot of the kind <see cref="PlotKind.Heat"/> draws.</summary>
    public IReadOnlyList<ClaimMap> Maps { get; init; } = [];

    /// <summary><c>OSDI 2024 (b)</c>: the paper and how its figure is known.</summary>
    public string Source => Claim.Mark.Length == 0 ? File.Paper : $"{File.Paper} ({Claim.Mark})";
}

/// <summary>One line or group of bars: means over the seeds at every sweep value.</summary>
/// <param name="X">Sweep values in plain units, or indices of names; one 0 without a sweep.</param>
/// <param name="Labels">The sweep values as written; empty without a sweep.</param>
/// <param name="Y">Null where a figure is missing.</param>
public sealed record ClaimCurve(string Cell, IReadOnlyList<double> X, IReadOnlyList<string> Labels, IReadOnlyList<double?> Y)
{
    /// <summary>Where the points lie when the plot is drawn against another figure; empty when it is drawn over the sweep.</summary>
    public IReadOnlyList<double?> Across { get; init; } = [];
}

/// <summary>A table over the two axes of a grid: means over the seeds.</summary>
/// <param name="Each">The value of <c>each</c>; empty without one.</param>
/// <param name="Values">By point of the grid; null where the cell is infeasible or a figure is missing.</param>
public sealed record ClaimMap(string Cell, string Each, ClaimGrid Grid, IReadOnlyList<double?> Values);

/// <summary>All claims that were asked for.</summary>
/// <param name="Runs">Runs behind them, those of capacity searches included.</param>
/// <param name="Resumed">How many of these were found in the journal.</param>
/// <param name="IsPartial">It was interrupted; the claims that lack a run are missing.</param>
public sealed record Reproduction(IReadOnlyList<ClaimResult> Claims, long Runs, long Resumed, bool IsPartial)
{
    /// <summary>No claim with a band is missed.</summary>
    public bool IsMet => Claims.All(claim => claim.Status != ClaimStatus.Missed);
}
