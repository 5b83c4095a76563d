using System.Globalization;
using Orrery.Kernel.Random;

namespace Orrery.Kernel.Experiments;

/// <summary>
/// A model that a scenario runs in place of a fleet under traffic: an edge cluster, a function platform, a planner. As data: named,
/// comparable; its options are the properties of the derived record.
/// </summary>
public abstract record ExperimentSpec
{
    /// <summary>Everything it can measure, in the order of its table.</summary>
    public abstract IReadOnlyList<ExperimentFigure> Figures { get; }

    /// <summary>Runs it once. A pure function of the options and the stream.</summary>
    /// <param name="random">Its root stream; split it by name, so that a policy never changes what happens to it.</param>
    /// <param name="cancel">Ends it early with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="InputException">The options do not go together; the sentence says which and what to write.</exception>
    public abstract ExperimentResult Run(RandomStream random, CancellationToken cancel);
}

/// <summary>One number that an experiment measures.</summary>
/// <param name="Name">In camel case, its unit in it where it has one: <c>tokenSeconds</c>.</param>
/// <param name="Unit">For people: <c>s</c>, <c>GB</c>, <c>x</c>; empty for a count or a share.</param>
/// <param name="Doc">Meaning, in one sentence.</param>
public sealed record ExperimentFigure(string Name, string Unit, string Doc);

/// <summary>Rows that belong together, such as a curve or a plan.</summary>
/// <param name="Columns">Headers, with units.</param>
/// <param name="Rows">Cells as text, numbers in invariant form.</param>
public sealed record ExperimentTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows)
{
    /// <summary>From this size on a number has an exponent: a double has no more digits (d).</summary>
    public const double Large = 1e15;

    /// <summary>A number as a cell: <c>12.5</c>, <c>1.25e+18</c>; <c>-</c> for what is none or infinite.</summary>
    /// <param name="value">The number.</param>
    /// <param name="decimals">Most digits after the point; zeros at the end are left out.</param>
    public static string Cell(double value, int decimals)
    {
        if (!double.IsFinite(value)) return "-";
        string fraction = new('#', decimals);
        return value.ToString(Math.Abs(value) < Large ? $"0.{fraction}" : $"0.{fraction}e+0", CultureInfo.InvariantCulture);
    }
}

/// <summary>What came out.</summary>
/// <param name="Values">By the name of the figure; a figure that does not apply is missing.</param>
public sealed record ExperimentResult(IReadOnlyDictionary<string, double> Values)
{
    public IReadOnlyList<ExperimentTable> Tables { get; init; } = [];

    /// <summary>What a reader should know, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
