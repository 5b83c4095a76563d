using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Lab.Runs;

namespace Orrery.Lab.Claims;

/// <summary>What one system's paper claims, as its <c>claims.yaml</c> states it; the format is described in docs/claims.md.</summary>
/// <param name="Origin">The file as errors name it.</param>
/// <param name="Folder">Where relative file names of its scenarios start.</param>
/// <param name="IsStudy">It is a published study of other systems, no system of its own.</param>
public sealed record ClaimFile(string System, string Paper, IReadOnlyList<Claim> Claims, string Origin, string Folder, bool IsStudy = false);

/// <summary>One published result with the band in which ours must land.</summary>
public sealed record Claim
{
    public const int DefaultSeeds = 3;

    public required string Name { get; init; }

    public string Doc { get; init; } = "";

    public required IReadOnlyList<ClaimCell> Cells { get; init; }

    /// <summary>Goals of <c>capacity(CELL)</c>; empty when no capacity is asked for.</summary>
    public IReadOnlyList<Expectation> Goals { get; init; } = [];

    public RunWindow? Window { get; init; }

    public required Expression Value { get; init; }

    public string Unit { get; init; } = "";

    /// <summary>Null when the paper gives no figure.</summary>
    public ClaimRange? Paper { get; init; }

    /// <summary>How the paper's figure is known: a, b, c or d.</summary>
    public string Mark { get; init; } = "";

    public ClaimRange? Band { get; init; }

    /// <summary>Whose the band is: d for our own rule, empty where it is the one published with the figure.</summary>
    public string BandMark { get; init; } = "";

    public ClaimPlot? Plot { get; init; }

    /// <summary>What is missing for an honest comparison; empty when nothing is.</summary>
    public string NotComparable { get; init; } = "";

    /// <summary>Our explanation of a miss.</summary>
    public string Why { get; init; } = "";

    public required ClaimScale Full { get; init; }

    public required ClaimScale Quick { get; init; }

    /// <summary>Where the claim stands: opens errors about it.</summary>
    public required Node Node { get; init; }
}

/// <summary>How much is run.</summary>
/// <param name="Scenario">The tree with everything but the cell and the sweep value.</param>
/// <param name="Tolerance">Of a capacity search, relative.</param>
/// <param name="Grid">Instead of a sweep: several axes.</param>
/// <param name="Each">The expression is evaluated for every one of these, and its values are averaged.</param>
public sealed record ClaimScale(Node Scenario, ClaimSweep? Sweep, int Seeds, double Tolerance, ClaimGrid? Grid = null, ClaimSweep? Each = null)
{
    /// <summary>Points of sweep or grid; one without either.</summary>
    public int Points => Grid?.Points ?? Sweep?.Values.Count ?? 1;

    /// <summary>What distinguishes the points of <c>each</c> and sweep or grid from all others of one scenario.</summary>
    internal string Place(int point)
    {
        string place = Each is { } each ? $"{each.Path}={each.Values[point / Points].Text}" : "";
        if (Sweep is { } sweep) place += $" {sweep.Path}={sweep.Values[point % Points].Text}";
        if (Grid is { } grid) place += string.Concat(grid.Axes.Select((axis, i) => $" {axis.Along.Path}={axis.Along.Values[grid.Index(point % Points, i)].Text}"));
        return place;
    }
}

/// <summary>A named variant: paths and the values that stand there.</summary>
public sealed record ClaimCell(string Name, IReadOnlyList<KeyValuePair<string, Node>> Assignments);

/// <summary>What is varied along an axis.</summary>
/// <param name="Numbers">The values in plain units, rising; null where they are names.</param>
/// <param name="Kind">What the numbers measure; a plain number where they are names.</param>
public sealed record ClaimSweep(string Path, IReadOnlyList<Node> Values, IReadOnlyList<double>? Numbers, Quantity Kind = Quantity.Number);

/// <summary>A figure or a range; an end without limit is infinite.</summary>
public sealed record ClaimRange(double Low, double High)
{
    public bool Contains(double value) => value >= Low && value <= High;
}

/// <summary>How a plot draws.</summary>
public enum PlotKind
{
    /// <summary>One line per cell over the sweep.</summary>
    Lines,

    /// <summary>One bar per cell, and per sweep value where there is a sweep.</summary>
    Bars,

    /// <summary>One heat map per cell, and per value of <c>each</c>, over the two axes of a grid.</summary>
    Heat,
}

/// <param name="Y">An expression whose metrics name no cell.</param>
/// <param name="Text">As written.</param>
/// <param name="Cells">Those drawn, in order.</param>
/// <param name="X">What lines are drawn against instead of the sweep; null for the sweep.</param>
/// <param name="XText">As written.</param>
public sealed record ClaimPlot(PlotKind Kind, Expression Y, string Text, IReadOnlyList<string> Cells, Expression? X = null, string XText = "")
{
    /// <summary>Everything that needs figures.</summary>
    internal IEnumerable<Expression> Parts => X is null ? Y.All() : Y.All().Concat(X.All());
}
