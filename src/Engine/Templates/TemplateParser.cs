using Orrery.Kernel;

namespace Orrery.Engine.Templates;

/// <summary>The statements of a template.</summary>
internal sealed class TemplateParser
{
    private static readonly string[] Known = ["if", "for", "set", "macro", "call", "generation", "break", "continue"];

    private readonly TokenCursor _cursor;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private TemplateParser(IReadOnlyList<TemplateToken> tokens)
    {
        _cursor = new TokenCursor(tokens);
        _expressions = new ExpressionParser(_cursor);
    }

    /// <summary>True when some loop goes through a message's content: such a template takes content in parts.</summary>
    public bool GoesThroughContent { get; private set; }

    /// <exception cref="TemplateFault">With its place: not Jinja, or outside the subset.</exception>
    public static (IReadOnlyList<Statement> Body, bool GoesThroughContent) Parse(string source)
    {
        var parser = new TemplateParser(TemplateLexer.Read(source));
        IReadOnlyList<Statement> body = parser.ParseBody("the template's end");
        if (parser._cursor.Current.Kind != TokenKind.End) throw parser.Stray();
        return (body, parser.GoesThroughContent);
    }

    /// <summary>Statements up to a tag that begins by one of <paramref name="ends"/>; the border "{%" of that tag is consumed, its name is not.</summary>
    private List<Statement> ParseBody(string opened, params ReadOnlySpan<string> ends)
    {
        _cursor.Enter();
        var body = new List<Statement>();
        while (true)
        {
            TemplateToken token = _cursor.Current;
            if (token.Kind == TokenKind.End)
            {
                if (ends.Length > 0) throw new TemplateFault($"'{opened}' is never closed by '{ends[^1]}'", token.Place);
                break;
            }
            _cursor.Take();
            if (token.Kind == TokenKind.Text) body.Add(new TextOutput(token.Text));
            else if (token.Kind == TokenKind.ExpressionBegin)
            {
                body.Add(new ValueOutput(_expressions.ParseTuple(isWithIf: true)));
                _cursor.Expect(TokenKind.ExpressionEnd, "'}}'");
            }
            else if (_cursor.Current.Kind == TokenKind.Name && ends.Contains(_cursor.Current.Text)) break;
            else body.Add(ParseStatement());
        }
        _cursor.Leave();
        return body;
    }

    private Statement ParseStatement()
    {
        TemplateToken name = _cursor.Current;
        if (name.Kind != TokenKind.Name) throw _cursor.Unexpected("the name of a statement");
        if (name.Text.StartsWith("end", StringComparison.Ordinal) || name.Text is "else" or "elif") throw Stray();
        _cursor.Take();
        Statement statement = name.Text switch
        {
            "if" => ParseIf(),
            "for" => ParseFor(),
            "set" => ParseSet(),
            "macro" => ParseMacro(),
            "call" => ParseCall(),
            "generation" => ParseGeneration(),
            "break" => ParseExit(name, Flow.Break),
            "continue" => ParseExit(name, Flow.Continue),
            _ => throw new TemplateFault($"the statement '{name.Text}' is outside the subset of Jinja that is read here{Names.Suggest(name.Text, Known)}", name.Place),
        };
        _cursor.Expect(TokenKind.BlockEnd, "'%}'");
        return statement;
    }

    private TemplateFault Stray() => new($"'{_cursor.Current.Text}' closes nothing", _cursor.Current.Place);

    private void EndTag() => _cursor.Expect(TokenKind.BlockEnd, "'%}'");

    private IfBlock ParseIf()
    {
        var branches = new List<KeyValuePair<Expression, IReadOnlyList<Statement>>>();
        IReadOnlyList<Statement> otherwise = [];
        Expression condition = _expressions.ParseTuple(isWithIf: false);
        while (true)
        {
            EndTag();
            branches.Add(new(condition, ParseBody("if", "elif", "else", "endif")));
            string next = _cursor.Take().Text;
            if (next == "elif")
            {
                condition = _expressions.ParseTuple(isWithIf: false);
                continue;
            }
            if (next == "else")
            {
                EndTag();
                otherwise = ParseBody("if", "endif");
                _cursor.Take();
            }
            return new IfBlock(branches, otherwise);
        }
    }

    private ForBlock ParseFor()
    {
        Target target = ParseTarget();
        if (!_cursor.TryTakeName("in")) throw _cursor.Unexpected("'in'");
        Expression items = _expressions.ParseTuple(isWithIf: false);
        GoesThroughContent |= IsContent(items);
        Expression? condition = _cursor.TryTakeName("if") ? _expressions.Parse() : null;
        if (_cursor.Current.IsName("recursive")) throw _expressions.Outside("'recursive' of a for");
        EndTag();
        _loops++;
        IReadOnlyList<Statement> body = ParseBody("for", "else", "endfor");
        _loops--;
        IReadOnlyList<Statement> otherwise = [];
        if (_cursor.Take().Text == "else")
        {
            EndTag();
            otherwise = ParseBody("for", "endfor");
            _cursor.Take();
        }
        return new ForBlock(target, items, condition, body, otherwise);
    }

    private static bool IsContent(Expression items) => items switch
    {
        NameReference name => name.Name == "content",
        Access { Item: Literal { Value: "content" } } => true,
        FilterUse filter => IsContent(filter.Operand),
        _ => false,
    };

    private Statement ParseSet()
    {
        Target target = ParseTarget(isAttributeAllowed: true);
        if (_cursor.TryTakeOperator("=")) return new SetStatement(target, _expressions.ParseTuple(isWithIf: true));
        Expression value = _expressions.ParseFilters(new BlockText(_cursor.Current.Place));
        EndTag();
        IReadOnlyList<Statement> body = ParseBody("set", "endset");
        _cursor.Take();
        return new SetBlock(target, value, body);
    }

    private Target ParseTarget(bool isAttributeAllowed = false)
    {
        Target first = ParseSingleTarget(isAttributeAllowed);
        if (!_cursor.Current.IsOperator(",")) return first;
        SourcePlace place = _cursor.Current.Place;
        var parts = new List<Target> { first };
        while (_cursor.TryTakeOperator(","))
        {
            if (_cursor.Current.IsName("in") || _cursor.Current.IsOperator("=") || _cursor.Current.IsOperator(")")) break;
            parts.Add(ParseSingleTarget(isAttributeAllowed));
        }
        return new Target(null, null, parts, place);
    }

    private Target ParseSingleTarget(bool isAttributeAllowed)
    {
        SourcePlace place = _cursor.Current.Place;
        if (_cursor.TryTakeOperator("("))
        {
            _cursor.Enter();
            Target inner = ParseTarget();
            _cursor.Leave();
            _cursor.ExpectOperator(")");
            return inner;
        }
        string name = _cursor.ExpectName("a name to set");
        if (name is "true" or "false" or "none" or "True" or "False" or "None") throw new TemplateFault($"'{name}' cannot be set", place);
        string? attribute = isAttributeAllowed && _cursor.TryTakeOperator(".") ? _cursor.ExpectName("the name of an attribute") : null;
        return new Target(name, attribute, [], place);
    }

    private MacroBlock ParseMacro()
    {
        string name = _cursor.ExpectName("the macro's name");
        _cursor.ExpectOperator("(");
        var parameters = new List<MacroParameter>();
        while (!_cursor.TryTakeOperator(")"))
        {
            string parameter = _cursor.ExpectName("the name of a parameter");
            parameters.Add(new MacroParameter(parameter, _cursor.TryTakeOperator("=") ? _expressions.Parse() : null));
            if (!_cursor.Current.IsOperator(")")) _cursor.ExpectOperator(",");
        }
        EndTag();
        int loops = _loops;
        _loops = 0;
        IReadOnlyList<Statement> body = ParseBody("macro", "endmacro");
        _loops = loops;
        _cursor.Take();
        return new MacroBlock(name, parameters, body);
    }

    private CallBlock ParseCall()
    {
        if (_cursor.Current.IsOperator("(")) throw _expressions.Outside("a call block with parameters");
        if (_expressions.Parse() is not Call call) throw new TemplateFault("a call block wants the call of a macro", _cursor.Current.Place);
        EndTag();
        int loops = _loops;
        _loops = 0;
        IReadOnlyList<Statement> body = ParseBody("call", "endcall");
        _loops = loops;
        _cursor.Take();
        return new CallBlock(call, body);
    }

    private PlainBlock ParseGeneration()
    {
        EndTag();
        IReadOnlyList<Statement> body = ParseBody("generation", "endgeneration");
        _cursor.Take();
        return new PlainBlock(body);
    }

    private LoopExit ParseExit(TemplateToken name, Flow flow) =>
        _loops > 0 ? new LoopExit(flow) : throw new TemplateFault($"'{name.Text}' stands in no loop", name.Place);
}
