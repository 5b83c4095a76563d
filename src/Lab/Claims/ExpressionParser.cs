using System.Globalization;
using Orrery.Documents;
using Orrery.Documents.Expectations;
using Orrery.Kernel;
using Orrery.Lab.Results;
using Orrery.Lab.Runs;

namespace Orrery.Lab.Claims;

/// <summary>What an expression may name.</summary>
/// <param name="Cells">Names of the claim's cells.</param>
/// <param name="SweepNames">Values of a sweep of names, in order; null for numbers.</param>
/// <param name="HasPriority">The window counts the requests of one priority, whose gaps nobody tells apart.</param>
/// <param name="IsPlot">Metrics name no cell, and stand for the point drawn.</param>
/// <param name="Grid">The claim's grid, if it has one.</param>
internal sealed record ExpressionScope(
    IReadOnlyCollection<string> Cells, bool HasSweep, IReadOnlyList<string>? SweepNames, bool HasGoals, bool HasWindow, bool IsPlot,
    ClaimGrid? Grid = null, bool HasPriority = false);

/// <summary>Reads one expression by recursive descent; the grammar is that of docs/claims.md.</summary>
internal sealed partial class ExpressionParser
{
    private const int Deepest = 64;
    private static readonly string[] SweepForms = ["at", "best", "worst", "crossover", "largest", "smallest"];
    private static readonly string[] Folds = ["min", "max", "abs"];

    private readonly Node _node;
    private ExpressionScope _scope;
    private readonly List<Token> _tokens;
    private int _next;
    private int _depth;
    private bool _inSweep;

    private ExpressionParser(Node node, ExpressionScope scope, List<Token> tokens)
    {
        _node = node;
        _scope = scope;
        _tokens = tokens;
    }

    private Token Current => _tokens[_next];

    /// <exception cref="InputException">Malformed, or an unknown cell, metric or function; with the place in the file.</exception>
    public static Expression Parse(Node node, ExpressionScope scope)
    {
        List<Token> tokens = ExpressionLexer.TryRead(node.AsText(), out string problem) ?? throw node.Error(problem);
        var parser = new ExpressionParser(node, scope, tokens);
        Expression whole = parser.Conditions();
        return parser.Current.Kind == TokenKind.End ? whole : throw parser.Unexpected("the end, or one of + - * / < <= > >= and");
    }

    private Expression Conditions()
    {
        if (++_depth > Deepest) throw _node.Error($"brackets are nested deeper than {Deepest} levels");
        List<Expression> all = [Comparisons()];
        while (Current is { Kind: TokenKind.Name, Text: "and" })
        {
            _next++;
            all.Add(Comparisons());
        }
        _depth--;
        return all.Count == 1 ? all[0] : new Every(all);
    }

    private Expression Comparisons()
    {
        List<Expression> operands = [Sum()];
        List<Comparison> signs = [];
        while (Current.Kind == TokenKind.Sign && Current.Text.AsSpan().ContainsAny("<>=!"))
        {
            int index = Documents.Expectations.Comparisons.All.ToList().IndexOf(Current.Text);
            if (index < 0) throw Unexpected("one of " + string.Join(' ', Documents.Expectations.Comparisons.All));
            signs.Add((Comparison)index);
            _next++;
            operands.Add(Sum());
        }
        return signs.Count == 0 ? operands[0] : new Chain(operands, signs);
    }

    private Expression Sum()
    {
        Expression sum = Product();
        while (Current is { Kind: TokenKind.Sign, Text: "+" or "-" })
        {
            char sign = _tokens[_next++].Text[0];
            sum = new Arithmetic(sign, sum, Product());
        }
        return sum;
    }

    private Expression Product()
    {
        Expression product = Signed();
        while (Current is { Kind: TokenKind.Sign, Text: "*" or "/" })
        {
            char sign = _tokens[_next++].Text[0];
            product = new Arithmetic(sign, product, Signed());
        }
        return product;
    }

    private Expression Signed()
    {
        if (!IsSign("-")) return Primary();
        _next++;
        return new Arithmetic('-', new Constant(0), Primary());
    }

    private Expression Primary()
    {
        Token token = Current;
        if (token.Kind == TokenKind.Number) return Number();
        if (IsSign("("))
        {
            _next++;
            Expression inner = Conditions();
            Expect(")");
            return inner;
        }
        if (token.Kind != TokenKind.Name) throw Unexpected("a number, a metric or a bracket");
        _next++;
        if (_scope.IsPlot && !IsSign("(")) return Leaf(token, new CapacityOrMetric(token.Text));
        Expect("(");
        return Call(token);
    }

    private Expression Number()
    {
        Token token = _tokens[_next++];
        if (double.TryParse(token.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double plain) && double.IsFinite(plain)) return new Constant(plain);
        return Quantities.TryParse(token.Text, Quantity.Duration, out double seconds, out _)
            ? new Constant(seconds)
            : throw _node.Error($"'{token.Text}' at character {token.At + 1} is no number such as 0.5 and no time such as 200ms");
    }

    private Expression Call(Token function)
    {
        if (IsStatistic(function.Text)) return StatisticCall(function);
        if (GridForms.Contains(function.Text)) return GridCall(function);
        switch (function.Text)
        {
            case "at":
                Expression curve = Curve(function);
                Expect(",");
                return Closed(new AtPoint(curve, SweepValue()));
            case "best":
            case "worst":
                return Closed(new Extreme(Curve(function), function.Text == "best"));
            case "largest":
            case "smallest":
                return Closed(new Outermost(Curve(function), function.Text == "largest"));
            case "crossover":
                Expression first = Curve(function);
                Expect(",");
                return Closed(new Crossover(first, Curve(function)));
            case "abs":
                return Closed(new Fold("abs", [Conditions()]));
            case "min":
            case "max":
                List<Expression> operands = [Conditions()];
                while (IsSign(","))
                {
                    _next++;
                    operands.Add(Conditions());
                }
                return Closed(new Fold(function.Text, operands));
            case "service":
                Token number = _tokens[_next++];
                if (number.Kind != TokenKind.Number || !int.TryParse(number.Text, NumberStyles.None, CultureInfo.InvariantCulture, out int client) || client >= ClientService.Most)
                    throw _node.Error($"service needs the number of a client from 0 to {ClientService.Most - 1}, not '{number.Text}'; write service(0, CELL)");
                if (!_scope.IsPlot) Expect(",");
                return Closed(Leaf(function, new ServiceFigure(CellName(), client)));
            case "figure":
                Token figure = Current;
                if (figure.Kind != TokenKind.Name) throw Unexpected("the name of a figure, as orrery catalog experiments NAME lists them,");
                _next++;
                if (!_scope.IsPlot) Expect(",");
                return Closed(Leaf(figure, new NamedFigure(CellName(), figure.Text)));
            default:
                CheckWord(function.Text);
                return Closed(Leaf(function, new CapacityOrMetric(function.Text), CellName()));
        }
    }

    /// <summary><c>min</c> and <c>max</c> are functions of numbers and statistics too: what stands behind the bracket decides.</summary>
    private bool IsStatistic(string name) =>
        ChoiceNames.All<Statistic>().Skip(1).Contains(name)
        && (!Folds.Contains(name) || (Current.Kind == TokenKind.Name && RunMetricTable.Infos.Any(metric => metric.IsDistribution && metric.Name == Current.Text)));

    private Expression StatisticCall(Token function)
    {
        Token name = _tokens[_next++];
        MetricInfo metric = Metric(name.Text);
        if (!metric.IsDistribution) throw _node.Error($"'{name.Text}' is a single number; write {name.Text}(CELL) without {function.Text}");
        if (!_scope.IsPlot) Expect(",");
        return Closed(Leaf(name, new MetricFigure(CellName(), ChoiceNames.Parse<Statistic>(function.Text), metric)));
    }

    /// <summary>A bare word in front of its cell.</summary>
    private sealed record CapacityOrMetric(string Name);

    private Expression Leaf(Token token, CapacityOrMetric word, string cell = "")
    {
        MetricInfo? metric = CheckWord(word.Name);
        return Leaf(token, metric is null ? new CapacityFigure(cell) : new MetricFigure(cell, Statistic.Value, metric));
    }

    /// <summary>The single-number metric of a word; null for a capacity.</summary>
    private MetricInfo? CheckWord(string word)
    {
        if (word == "capacity")
            return _scope.HasGoals ? null : throw _node.Error("capacity needs goals; add capacity: {goals: [\"p99(gap) <= 200ms\"]} to the claim");
        MetricInfo? metric = RunMetricTable.Infos.FirstOrDefault(candidate => candidate.Name == word);
        if (metric is { IsDistribution: true })
            throw _node.Error($"'{metric.Name}' has many values; write which one, such as p99({metric.Name}{(_scope.IsPlot ? "" : ", CELL")})");
        if (metric is not null) return metric;
        string[] known = [.. RunMetricTable.Infos.Where(m => !m.IsDistribution).Select(m => m.Name), "capacity", "service", "figure", .. Folds, .. SweepForms, .. GridForms, .. ChoiceNames.All<Statistic>().Skip(1)];
        throw _node.Error($"unknown metric or function '{Shorten(word)}'{Names.Suggest(word, known)}");
    }

    private Figure Leaf(Token token, Figure figure)
    {
        if (_scope.HasSweep && !_inSweep && !_scope.IsPlot)
            throw _node.Error($"'{token.Text}' at character {token.At + 1} has a value for every point of the sweep; write it within one of {string.Join(", ", _scope.Grid is null ? SweepForms : [.. GridWideForms, .. GridForms])}");
        if (_scope.HasWindow && figure is NamedFigure)
            throw _node.Error($"'{token.Text}' is a figure of an experiment, which exists for whole runs only; remove window:");
        if (_scope.HasWindow && figure is MetricFigure metric && RunMetricTable.Find(metric.Metric.Name)!.IsWholeRunOnly)
            throw _node.Error($"'{metric.Metric.Name}' exists for whole runs only; remove window: or name another metric");
        if (_scope.HasPriority && figure is MetricFigure { Metric.Name: "gap" })
            throw _node.Error("'gap' is not told apart by priority; name tpot, or remove priority from window:");
        return figure;
    }

    private Expression Curve(Token function)
    {
        if (!_scope.HasSweep) throw _node.Error($"{function.Text} at character {function.At + 1} needs a sweep; add sweep: {{path: traffic.rate, values: [1/s, 2/s]}} to the claim");
        if (_scope.Grid is not null && !GridWideForms.Contains(function.Text))
            throw _node.Error($"{function.Text} at character {function.At + 1} reads along a sweep, and this claim has a grid; write one of {string.Join(", ", [.. GridWideForms, .. GridForms])}");
        if (_inSweep) throw _node.Error($"{function.Text} at character {function.At + 1} stands within another form over the sweep; keep one of them");
        _inSweep = true;
        Expression curve = Conditions();
        _inSweep = false;
        return curve;
    }

    private double SweepValue()
    {
        if (_scope.SweepNames is not { } names) return Signed() is Constant constant ? constant.Value : throw _node.Error("at needs a number of the sweep, such as at(EXPR, 2)");
        string name = _tokens[_next++].Text;
        int index = names.ToList().IndexOf(name);
        return index >= 0 ? index : throw _node.Error($"'{Shorten(name)}' is no value of the sweep{Names.Suggest(name, [.. names])}");
    }

    private string CellName()
    {
        if (_scope.IsPlot)
        {
            if (!IsSign(")")) throw _node.Error(_inSweep
                ? "within a form over the grid metrics name no cell, the form does; write for example carried(p99(gap), a, b)"
                : "the expression of a plot is drawn for each cell, so metrics name none; write for example p99(gap)");
            return "";
        }
        Token token = Current;
        if (token.Kind != TokenKind.Name) throw Unexpected("the name of a cell");
        _next++;
        return _scope.Cells.Contains(token.Text) ? token.Text : throw _node.Error($"unknown cell '{Shorten(token.Text)}'{Names.Suggest(token.Text, _scope.Cells)}");
    }

    private MetricInfo Metric(string name) => RunMetricTable.Infos.FirstOrDefault(candidate => candidate.Name == name)
        ?? throw _node.Error($"unknown metric '{Shorten(name)}'{Names.Suggest(name, [.. RunMetricTable.Infos.Select(metric => metric.Name)])}");

    private Expression Closed(Expression expression)
    {
        Expect(")");
        return expression;
    }

    private bool IsSign(string sign) => Current.Kind == TokenKind.Sign && Current.Text == sign;

    private void Expect(string sign)
    {
        if (!IsSign(sign)) throw Unexpected($"'{sign}'");
        _next++;
    }

    private InputException Unexpected(string wanted) => _node.Error(Current.Kind == TokenKind.End
        ? $"the expression ends where {wanted} should stand"
        : $"'{Shorten(Current.Text)}' at character {Current.At + 1} stands where {wanted} should stand");

    private static string Shorten(string text) => text.Length <= 40 ? text : text[..39] + "…";
}
