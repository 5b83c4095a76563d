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
public sealed record ExperimentTable(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>What came out.</summary>
/// <param name="Values">By the name of the figure; a figure that does not apply is missing.</param>
public sealed record ExperimentResult(IReadOnlyDictionary<string, double> Values)
{
    public IReadOnlyList<ExperimentTable> Tables { get; init; } = [];

    /// <summary>What a reader should know, one sentence each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
