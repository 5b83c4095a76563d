using System.Globalization;
using Orrery.Kernel;

namespace Orrery.Engine.Templates;

/// <summary>Expressions of templates, by Jinja's precedence: if-else, or, and, not, comparisons, + -, ~, * / // %, **, signs, then calls and items, then filters and tests.</summary>
internal sealed class ExpressionParser(TokenCursor cursor)
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];

    public Expression Parse()
    {
        cursor.Enter();
        Expression value = ParseOr();
        while (cursor.Current.IsName("if"))
        {
            SourcePlace place = cursor.Take().Place;
            Expression condition = ParseOr();
            Expression? otherwise = cursor.TryTakeName("else") ? Parse() : null;
            value = new Conditional(condition, value, otherwise, place);
        }
        cursor.Leave();
        return value;
    }

    /// <summary>An expression without 'if', as the list of a for has it, or several with commas between, which make a tuple.</summary>
    public Expression ParseTuple(bool isWithIf)
    {
        Expression first = isWithIf ? Parse() : ParseOr();
        if (!cursor.Current.IsOperator(",")) return first;
        var items = new List<Expression> { first };
        while (cursor.TryTakeOperator(","))
        {
            if (cursor.Current.Kind is TokenKind.BlockEnd or TokenKind.ExpressionEnd) break;
            items.Add(isWithIf ? Parse() : ParseOr());
        }
        return new SequenceLiteral(items, SequenceKind.Tuple, first.Place);
    }

    public ArgumentList ParseArguments()
    {
        cursor.ExpectOperator("(");
        var positional = new List<Expression>();
        var named = new List<KeyValuePair<string, Expression>>();
        while (!cursor.Current.IsOperator(")"))
        {
            if (positional.Count + named.Count > 0) cursor.ExpectOperator(",");
            if (cursor.Current.IsOperator(")")) break;
            if (cursor.Current.IsOperator("*") || cursor.Current.IsOperator("**")) throw Outside($"'{cursor.Current.Text}' before an argument");
            if (cursor.Current.Kind == TokenKind.Name && cursor.Next.IsOperator("="))
            {
                string name = cursor.Take().Text;
                cursor.Take();
                named.Add(new(name, Parse()));
            }
            else if (named.Count > 0) throw new TemplateFault("an argument without a name stands behind named ones", cursor.Current.Place);
            else positional.Add(Parse());
        }
        cursor.ExpectOperator(")");
        return new ArgumentList(positional, named);
    }

    /// <summary>Filters behind a value that was already read.</summary>
    public Expression ParseFilters(Expression value)
    {
        while (true)
        {
            SourcePlace place = cursor.Current.Place;
            if (cursor.TryTakeOperator("|"))
            {
                string name = cursor.ExpectName("the name of a filter");
                Filter filter = Filters.Find(name) ?? throw new TemplateFault($"no filter '{name}'{Names.Suggest(name, Filters.Names)}", place);
                ArgumentList arguments = cursor.Current.IsOperator("(") ? ParseArguments() : ArgumentList.Empty;
                value = new FilterUse(value, name, filter, arguments, place);
            }
            else if (cursor.Current.IsName("is")) value = ParseTest(value);
            else if (cursor.Current.IsOperator("(")) value = new Call(value, ParseArguments(), place);
            else return value;
        }
    }

    public TemplateFault Outside(string construct) => new($"{construct} is outside the subset of Jinja that is read here", cursor.Current.Place);

    private Expression ParseOr()
    {
        Expression left = ParseAnd();
        while (cursor.Current.IsName("or")) left = new Junction(left, false, TakeThen(ParseAnd), left.Place);
        return left;
    }

    private Expression ParseAnd()
    {
        Expression left = ParseNot();
        while (cursor.Current.IsName("and")) left = new Junction(left, true, TakeThen(ParseNot), left.Place);
        return left;
    }

    private Expression ParseNot()
    {
        SourcePlace place = cursor.Current.Place;
        if (!cursor.TryTakeName("not")) return ParseComparison();
        cursor.Enter();
        var not = new Not(ParseNot(), place);
        cursor.Leave();
        return not;
    }

    private Expression ParseComparison()
    {
        Expression first = ParseSum();
        var others = new List<KeyValuePair<string, Expression>>();
        while (true)
        {
            if (cursor.Current.Kind == TokenKind.Operator && Comparisons.Contains(cursor.Current.Text)) others.Add(new(cursor.Take().Text, ParseSum()));
            else if (cursor.Current.IsName("in")) others.Add(new(cursor.Take().Text, ParseSum()));
            else if (cursor.Current.IsName("not") && cursor.Next.IsName("in"))
            {
                cursor.Take();
                cursor.Take();
                others.Add(new("not in", ParseSum()));
            }
            else return others.Count == 0 ? first : new Comparison(first, others, first.Place);
        }
    }

    private Expression ParseSum() => ParseChain(["+", "-"], () => ParseChain(["~"], () => ParseChain(["*", "/", "//", "%"], () => ParseChain(["**"], () => ParseSigned(true)))));

    private Expression ParseChain(string[] signs, Func<Expression> operand)
    {
        Expression left = operand();
        while (cursor.Current.Kind == TokenKind.Operator && signs.Contains(cursor.Current.Text))
        {
            TemplateToken sign = cursor.Take();
            left = new Binary(sign.Text, left, operand(), sign.Place);
        }
        return left;
    }

    private Expression ParseSigned(bool isWithFilters)
    {
        cursor.Enter();
        TemplateToken token = cursor.Current;
        Expression value = token.IsOperator("-") || token.IsOperator("+")
            ? new Sign(cursor.Take().Text == "-", ParseSigned(false), token.Place)
            : ParsePrimary();
        value = ParsePostfix(value);
        if (isWithFilters) value = ParseFilters(value);
        cursor.Leave();
        return value;
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            SourcePlace place = cursor.Current.Place;
            if (cursor.TryTakeOperator("."))
            {
                TemplateToken name = cursor.Take();
                value = name.Kind switch
                {
                    TokenKind.Name => new Access(value, new Literal(name.Text, name.Place), true, place),
                    TokenKind.Integer => new Access(value, new Literal(Integer(name), name.Place), false, place),
                    _ => throw new TemplateFault($"a name is expected behind '.', but here is {name.Describe()}", name.Place),
                };
            }
            else if (cursor.TryTakeOperator("[")) value = ParseItem(value, place);
            else if (cursor.Current.IsOperator("(")) value = new Call(value, ParseArguments(), place);
            else return value;
        }
    }

    private Expression ParseItem(Expression value, SourcePlace place)
    {
        Expression? first = cursor.Current.IsOperator(":") ? null : Parse();
        if (first is not null && cursor.TryTakeOperator("]")) return new Access(value, first, false, place);
        if (!cursor.TryTakeOperator(":")) throw cursor.Unexpected("']'");
        Expression? stop = cursor.Current.IsOperator(":") || cursor.Current.IsOperator("]") ? null : Parse();
        Expression? step = cursor.TryTakeOperator(":") && !cursor.Current.IsOperator("]") ? Parse() : null;
        cursor.ExpectOperator("]");
        return new Slice(value, first, stop, step, place);
    }

    private TestUse ParseTest(Expression value)
    {
        SourcePlace place = cursor.Take().Place;
        bool isNegated = cursor.TryTakeName("not");
        string name = cursor.ExpectName("the name of a test");
        Test test = Tests.Find(name) ?? throw new TemplateFault($"no test '{name}'{Names.Suggest(name, Tests.Names)}", place);
        ArgumentList arguments = ArgumentList.Empty;
        TemplateToken next = cursor.Current;
        if (next.IsOperator("(")) arguments = ParseArguments();
        else if (next.Kind is TokenKind.String or TokenKind.Integer or TokenKind.Float || next.IsOperator("[") || next.IsOperator("{")
            || (next.Kind == TokenKind.Name && next.Text is not ("else" or "or" or "and" or "is" or "if" or "in" or "not" or "recursive")))
        {
            arguments = new ArgumentList([ParsePostfix(ParsePrimary())], []);
        }
        return new TestUse(value, test, arguments, isNegated, place);
    }

    private Expression ParsePrimary()
    {
        TemplateToken token = cursor.Take();
        switch (token.Kind)
        {
            case TokenKind.Name:
                return token.Text switch
                {
                    "true" or "True" => new Literal(true, token.Place),
                    "false" or "False" => new Literal(false, token.Place),
                    "none" or "None" => new Literal(null, token.Place),
                    _ => new NameReference(token.Text, token.Place),
                };
            case TokenKind.String:
                string text = token.Text;
                while (cursor.Current.Kind == TokenKind.String) text += cursor.Take().Text;
                return new Literal(text, token.Place);
            case TokenKind.Integer:
                return new Literal(Integer(token), token.Place);
            case TokenKind.Float:
                return new Literal(double.Parse(token.Text, CultureInfo.InvariantCulture), token.Place);
            case TokenKind.Operator when token.Text == "(":
                return ParseParentheses(token.Place);
            case TokenKind.Operator when token.Text == "[":
                return new SequenceLiteral(ParseItems("]"), SequenceKind.List, token.Place);
            case TokenKind.Operator when token.Text == "{":
                return ParseMap(token.Place);
            default:
                throw new TemplateFault($"a value is expected, but here is {token.Describe()}", token.Place);
        }
    }

    private Expression ParseParentheses(SourcePlace place)
    {
        if (cursor.TryTakeOperator(")")) return new SequenceLiteral([], SequenceKind.Tuple, place);
        Expression first = Parse();
        if (cursor.TryTakeOperator(")")) return first;
        cursor.ExpectOperator(",");
        return new SequenceLiteral([first, .. ParseItems(")")], SequenceKind.Tuple, place);
    }

    private List<Expression> ParseItems(string close)
    {
        var items = new List<Expression>();
        while (!cursor.TryTakeOperator(close))
        {
            items.Add(Parse());
            if (!cursor.Current.IsOperator(close)) cursor.ExpectOperator(",");
        }
        return items;
    }

    private MapLiteral ParseMap(SourcePlace place)
    {
        var entries = new List<KeyValuePair<Expression, Expression>>();
        while (!cursor.TryTakeOperator("}"))
        {
            Expression key = Parse();
            cursor.ExpectOperator(":");
            entries.Add(new(key, Parse()));
            if (!cursor.Current.IsOperator("}")) cursor.ExpectOperator(",");
        }
        return new MapLiteral(entries, place);
    }

    private Expression TakeThen(Func<Expression> operand)
    {
        cursor.Take();
        return operand();
    }

    private static object Integer(TemplateToken token) =>
        long.TryParse(token.Text, NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : throw new TemplateFault($"the whole number {token.Text} does not fit into 64 bits", token.Place);
}
