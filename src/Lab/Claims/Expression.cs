using Orrery.Documents.Expectations;

namespace Orrery.Lab.Claims;

/// <summary>The figures that an expression is made of: those of one seed.</summary>
public interface IClaimFigures
{
    /// <summary>Sweep values in plain units (their index where they are names); one value, 0, without a sweep.</summary>
    IReadOnlyList<double> Points { get; }

    /// <summary>The axes that the points stand for; null without a grid.</summary>
    ClaimGrid? Grid => null;

    /// <summary>Not a number where the run has no samples, or where there is no run because the point is infeasible.</summary>
    double Metric(string cell, int point, Statistic statistic, MetricInfo metric);

    /// <summary>Requests per second; not a number where the goals do not limit it.</summary>
    double Capacity(string cell, int point);

    /// <summary>Tokens of service per second of one client.</summary>
    double Service(string cell, int point, int client);

    /// <summary>A figure of an experiment by name; not a number where it does not exist.</summary>
    double Named(string cell, int point, string name) => double.NaN;
}

/// <summary>Where an expression is evaluated.</summary>
/// <param name="Point">Index of the sweep value.</param>
/// <param name="Cell">What metrics without a cell mean: the cell of a plot's line.</param>
public readonly record struct ClaimPoint(IClaimFigures Figures, int Point, string Cell = "");

/// <summary>A parsed expression over the cells of a claim; a figure that does not exist makes it not a number.</summary>
public abstract record Expression
{
    /// <summary>The value; not a number where a figure is missing.</summary>
    public abstract double Evaluate(ClaimPoint at);

    /// <summary>The expressions it is made of.</summary>
    internal virtual IEnumerable<Expression> Parts => [];

    /// <summary>Itself and everything within.</summary>
    internal IEnumerable<Expression> All() => Parts.SelectMany(part => part.All()).Prepend(this);
}

internal sealed record Constant(double Value) : Expression
{
    public override double Evaluate(ClaimPoint at) => Value;
}

/// <summary>A figure of a cell; an empty cell is that of the point.</summary>
internal abstract record Figure(string Cell) : Expression
{
    protected string CellAt(ClaimPoint at) => Cell.Length > 0 ? Cell : at.Cell;
}

internal sealed record MetricFigure(string Cell, Statistic Statistic, MetricInfo Metric) : Figure(Cell)
{
    public override double Evaluate(ClaimPoint at) => at.Figures.Metric(CellAt(at), at.Point, Statistic, Metric);
}

internal sealed record CapacityFigure(string Cell) : Figure(Cell)
{
    public override double Evaluate(ClaimPoint at) => at.Figures.Capacity(CellAt(at), at.Point);
}

internal sealed record ServiceFigure(string Cell, int Client) : Figure(Cell)
{
    public override double Evaluate(ClaimPoint at) => at.Figures.Service(CellAt(at), at.Point, Client);
}

/// <summary>A figure of a cell's experiment.</summary>
internal sealed record NamedFigure(string Cell, string Name) : Figure(Cell)
{
    public override double Evaluate(ClaimPoint at) => at.Figures.Named(CellAt(at), at.Point, Name);
}

internal sealed record Arithmetic(char Sign, Expression Left, Expression Right) : Expression
{
    internal override IEnumerable<Expression> Parts => [Left, Right];

    public override double Evaluate(ClaimPoint at)
    {
        double left = Left.Evaluate(at);
        double right = Right.Evaluate(at);
        return Sign switch
        {
            '+' => left + right,
            '-' => left - right,
            '*' => left * right,
            // A ratio to nothing is no figure.
            _ => right == 0 ? double.NaN : left / right,
        };
    }
}

internal sealed record Fold(string Name, IReadOnlyList<Expression> Operands) : Expression
{
    internal override IEnumerable<Expression> Parts => Operands;

    public override double Evaluate(ClaimPoint at)
    {
        double[] values = [.. Operands.Select(operand => operand.Evaluate(at))];
        if (values.Any(double.IsNaN)) return double.NaN;
        return Name switch { "min" => values.Min(), "max" => values.Max(), _ => Math.Abs(values[0]) };
    }
}

/// <summary>Comparisons in a row (<c>a &lt; b &lt;= c</c>): 1 where all hold.</summary>
internal sealed record Chain(IReadOnlyList<Expression> Operands, IReadOnlyList<Comparison> Signs) : Expression
{
    internal override IEnumerable<Expression> Parts => Operands;

    public override double Evaluate(ClaimPoint at)
    {
        double[] values = [.. Operands.Select(operand => operand.Evaluate(at))];
        if (values.Any(double.IsNaN)) return double.NaN;
        for (int i = 0; i < Signs.Count; i++)
            if (!Signs[i].Holds(values[i], values[i + 1])) return 0;
        return 1;
    }
}

internal sealed record Every(IReadOnlyList<Expression> Conditions) : Expression
{
    internal override IEnumerable<Expression> Parts => Conditions;

    public override double Evaluate(ClaimPoint at)
    {
        double[] values = [.. Conditions.Select(condition => condition.Evaluate(at))];
        return values.Any(double.IsNaN) ? double.NaN : values.All(value => value != 0) ? 1 : 0;
    }
}
