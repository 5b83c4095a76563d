namespace Orrery.Lab.Claims;

/// <summary>The expression at one value of the sweep, linear between two.</summary>
internal sealed record AtPoint(Expression Curve, double X) : Expression
{
    internal override IEnumerable<Expression> Parts => [Curve];

    public override double Evaluate(ClaimPoint at)
    {
        IReadOnlyList<double> points = at.Figures.Points;
        for (int i = 0; i < points.Count; i++)
        {
            if (points[i] == X) return Curve.Evaluate(at with { Point = i });
            if (points[i] < X || i == 0) continue;
            double low = Curve.Evaluate(at with { Point = i - 1 });
            double high = Curve.Evaluate(at with { Point = i });
            return low + ((X - points[i - 1]) / (points[i] - points[i - 1]) * (high - low));
        }
        return double.NaN;
    }
}

/// <summary>The largest or smallest value over the sweep; points without a figure are passed over.</summary>
internal sealed record Extreme(Expression Curve, bool IsLargest) : Expression
{
    internal override IEnumerable<Expression> Parts => [Curve];

    public override double Evaluate(ClaimPoint at)
    {
        double[] values =
        [
            .. Enumerable.Range(0, at.Figures.Points.Count).Select(i => Curve.Evaluate(at with { Point = i })).Where(value => !double.IsNaN(value)),
        ];
        return values.Length == 0 ? double.NaN : IsLargest ? values.Max() : values.Min();
    }
}

/// <summary>The first sweep value at which A drops below B: the zero of A − B, linear between the two points around it.</summary>
internal sealed record Crossover(Expression A, Expression B) : Expression
{
    internal override IEnumerable<Expression> Parts => [A, B];

    public override double Evaluate(ClaimPoint at)
    {
        IReadOnlyList<double> points = at.Figures.Points;
        double before = double.NaN;
        double beforeX = 0;
        for (int i = 0; i < points.Count; i++)
        {
            double lead = A.Evaluate(at with { Point = i }) - B.Evaluate(at with { Point = i });
            // Below from the start is no drop: where it happened lies outside the sweep.
            if (lead < 0 && before >= 0) return beforeX + (before / (before - lead) * (points[i] - beforeX));
            if (!double.IsNaN(lead)) (before, beforeX) = (lead, points[i]);
        }
        return double.NaN;
    }
}

/// <summary>The outermost sweep value at which a condition holds.</summary>
internal sealed record Outermost(Expression Condition, bool IsLargest) : Expression
{
    internal override IEnumerable<Expression> Parts => [Condition];

    public override double Evaluate(ClaimPoint at)
    {
        double found = double.NaN;
        for (int i = 0; i < at.Figures.Points.Count; i++)
        {
            if (!(Condition.Evaluate(at with { Point = i }) > 0)) continue;
            found = at.Figures.Points[i];
            if (!IsLargest) break;
        }
        return found;
    }
}
