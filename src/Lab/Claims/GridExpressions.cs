namespace Orrery.Lab.Claims;

/// <summary>An expression over the whole grid of one or two cells; infeasible points have no value and are passed over.</summary>
/// <param name="Curve">Its metrics name no cell.</param>
/// <param name="Cells">The cells it is evaluated in.</param>
internal abstract record GridForm(Expression Curve, IReadOnlyList<string> Cells) : Expression
{
    internal override IEnumerable<Expression> Parts => [Curve];

    /// <summary>The value at every point of the grid.</summary>
    protected double[] Values(ClaimPoint at, string cell) =>
        [.. Enumerable.Range(0, at.Figures.Points.Count).Select(point => Curve.Evaluate(at with { Point = point, Cell = cell }))];

    /// <summary>The point with the largest value, the first of several; null where no point has one.</summary>
    protected static int? Peak(double[] values)
    {
        int? best = null;
        for (int i = 0; i < values.Length; i++)
            if (!double.IsNaN(values[i]) && (best is not { } found || values[i] > values[found])) best = i;
        return best;
    }
}

/// <summary>The value in one cell at the point that is best in another: what settings are worth that were tuned elsewhere.</summary>
internal sealed record Carried(Expression Curve, string From, string To) : GridForm(Curve, [From, To])
{
    public override double Evaluate(ClaimPoint at) =>
        Peak(Values(at, From)) is { } point ? Curve.Evaluate(at with { Point = point, Cell = To }) : double.NaN;
}

/// <summary>A form that looks along one axis in one cell.</summary>
internal abstract record AxisForm(int Axis, Expression Curve, string Cell) : GridForm(Curve, [Cell])
{
    /// <summary>The lines along the axis that have a value: the axis' numbers and the values, infeasible points left out.</summary>
    protected IEnumerable<(double[] X, double[] Y)> Lines(ClaimPoint at)
    {
        ClaimGrid grid = at.Figures.Grid!;
        double[] values = Values(at, Cell);
        IReadOnlyList<double> numbers = grid.Axes[Axis].Along.Numbers!;
        foreach (int[] line in grid.Lines(Axis))
        {
            int[] feasible = [.. line.Where(point => !double.IsNaN(values[point]))];
            if (feasible.Length > 0) yield return ([.. feasible.Select(point => numbers[grid.Index(point, Axis)])], [.. feasible.Select(point => values[point])]);
        }
    }
}

/// <summary>The axis' number at the best point of the grid.</summary>
internal sealed record ArgMax(int Axis, Expression Curve, string Cell) : AxisForm(Axis, Curve, Cell)
{
    public override double Evaluate(ClaimPoint at) =>
        Peak(Values(at, Cell)) is { } point ? at.Figures.Grid!.Axes[Axis].Along.Numbers![at.Figures.Grid.Index(point, Axis)] : double.NaN;
}

/// <summary>The share of lines along the axis whose largest value stands at neither end.</summary>
internal sealed record InteriorShare(int Axis, Expression Curve, string Cell) : AxisForm(Axis, Curve, Cell)
{
    public override double Evaluate(ClaimPoint at) => Lines(at)
        .Select(line => Peak(line.Y) is { } peak && peak > 0 && line.Y[peak] > line.Y[^1] ? 1.0 : 0)
        .DefaultIfEmpty(double.NaN).Average();
}

/// <summary>The smallest ratio of a value to its neighbour before it along the axis; below 1 where more is worse somewhere.</summary>
internal sealed record LeastRise(int Axis, Expression Curve, string Cell) : AxisForm(Axis, Curve, Cell)
{
    public override double Evaluate(ClaimPoint at) => Lines(at)
        .SelectMany(line => line.Y.Zip(line.Y.Skip(1), (before, after) => after / before))
        .DefaultIfEmpty(double.NaN).Min();
}

/// <summary>
/// The axis' number from which on every value is at least a share of its line's largest, of the line where that is last; not a number
/// where a line ends below that share.
/// </summary>
internal sealed record Knee(int Axis, Expression Curve, string Cell, double Share) : AxisForm(Axis, Curve, Cell)
{
    public override double Evaluate(ClaimPoint at) => Lines(at).Select(Of).DefaultIfEmpty(double.NaN).Max();

    private double Of((double[] X, double[] Y) line)
    {
        double enough = Share * line.Y.Max();
        int from = line.Y.Length;
        while (from > 0 && line.Y[from - 1] >= enough) from--;
        // Max passes over what is no number, and a line without a knee must not be passed over.
        return from < line.Y.Length ? line.X[from] : double.PositiveInfinity;
    }
}
