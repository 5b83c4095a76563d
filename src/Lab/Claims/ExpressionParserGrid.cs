using Orrery.Kernel;

namespace Orrery.Lab.Claims;

/// <summary>The forms over a grid.</summary>
internal sealed partial class ExpressionParser
{
    private static readonly string[] GridForms = ["carried", "argmax", "interior", "rise", "knee"];

    /// <summary>Those of a sweep that make sense without an order of the points.</summary>
    private static readonly string[] GridWideForms = ["best", "worst"];

    private Expression GridCall(Token function)
    {
        if (_scope.IsPlot) throw _node.Error($"{function.Text} at character {function.At + 1} is one figure of the whole grid; a plot needs one for every point");
        if (_scope.Grid is null)
            throw _node.Error($"{function.Text} at character {function.At + 1} needs a grid; add grid: {{gpus: {{path: fleet.0.tensor, values: [1, 2]}}, …}} to the claim");
        if (_inSweep) throw _node.Error($"{function.Text} at character {function.At + 1} stands within another form over the grid; keep one of them");
        if (function.Text == "carried")
        {
            Expression carried = WithoutCells();
            string from = NextCell();
            return Closed(new Carried(carried, from, NextCell()));
        }
        int axis = Axis(_scope.Grid);
        Expression curve = WithoutCells();
        string cell = NextCell();
        return Closed(function.Text switch
        {
            "argmax" => new ArgMax(axis, curve, cell),
            "interior" => new InteriorShare(axis, curve, cell),
            "rise" => new LeastRise(axis, curve, cell),
            _ => new Knee(axis, curve, cell, Share()),
        });
    }

    private int Axis(ClaimGrid grid)
    {
        Token token = Current;
        if (token.Kind != TokenKind.Name) throw Unexpected("the name of an axis");
        _next++;
        int index = grid.Axes.ToList().FindIndex(axis => axis.Name == token.Text);
        if (index < 0) throw _node.Error($"unknown axis '{Shorten(token.Text)}'{Names.Suggest(token.Text, [.. grid.Axes.Select(axis => axis.Name)])}");
        if (grid.Axes[index].Along.Numbers is null) throw _node.Error($"the axis '{token.Text}' has names and no order; this form needs one with numbers");
        Expect(",");
        return index;
    }

    /// <summary>An expression whose metrics name no cell, as in a plot; the form names it.</summary>
    private Expression WithoutCells()
    {
        ExpressionScope whole = _scope;
        (_scope, _inSweep) = (whole with { IsPlot = true }, true);
        Expression curve = Conditions();
        (_scope, _inSweep) = (whole, false);
        return curve;
    }

    private string NextCell()
    {
        Expect(",");
        return CellName();
    }

    private double Share()
    {
        Expect(",");
        return Number() is Constant { Value: > 0 and <= 1 } share ? share.Value : throw _node.Error("knee needs a share above 0 and at most 1, such as knee(AXIS, EXPR, CELL, 0.9)");
    }
}
